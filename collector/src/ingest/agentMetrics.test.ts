import { expect, test } from '@jest/globals';
import { createMetrics } from '../metrics.ts';
import { envelope } from '../testing/builders.ts';
import { AgentMetrics } from './agentMetrics.ts';

test('nodes beyond the bound share one series of losses, and have no clock of their own', async () => {
  const metrics = createMetrics();
  const agents = new AgentMetrics(metrics, 2);
  for (const node of ['a', 'b', 'c', 'd', 'a'])
    agents.note(
      envelope({
        node,
        losses: { ringEvents: 2, badFrames: 0, evictedLegs: 0, unsentRecords: 0 },
        sentAtUs: 7_000_000,
        watermarkUs: 4_000_000,
      }),
    );
  const { values: losses } = await metrics.losses.get();
  expect(losses.map(({ labels, value }) => [labels.node, labels.what, value])).toEqual([
    ['a', 'ringEvents', 4],
    ['b', 'ringEvents', 2],
    ['other', 'ringEvents', 4],
  ]);
  const { values: lags } = await metrics.agentLag.get();
  expect(lags.map(({ labels, value }) => [labels.node, value])).toEqual([
    ['a', 3],
    ['b', 3],
  ]);
});
