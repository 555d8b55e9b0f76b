/** What is asked of refused paths without their documents: the newest version's, whoever wrote the row. */
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { insertPaths, withdrawPaths } from '@hoptrace/store/inserts/insertPaths.ts';
import { refusalWords } from '@hoptrace/store/queries/refusalWords.ts';
import { refusedSenders } from '@hoptrace/store/queries/refusedSenders.ts';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startTestStore, type TestStore } from './embedded.ts';
import { hop, party, refusedPath, T0_US } from './storeSamples.ts';

jest.setTimeout(60_000);
let fixture: TestStore;
beforeAll(async () => {
  fixture = await startTestStore();
}, 60_000);
afterAll(() => fixture.stop(), 60_000);

const window = { fromUs: T0_US, toUs: T0_US + 1_000_000 };
const balancer = party({ role: 'load-balancer', ip: '192.0.2.5' });

function unanswered(tail: number, change: Partial<Path> = {}): Path {
  const path = refusedPath({ tail, startedAtUs: T0_US + tail, ...change });
  const { refusal } = path;
  if (refusal === null) throw new Error('a refused path has a refusal');
  const to = party({ role: 'node', ip: '192.0.2.20' });
  return {
    ...path,
    hops: [hop({ from: party({ role: 'client' }), to: balancer }), hop({ from: balancer, to })],
    refusal: { ...refusal, cause: 'noLocalEndpoints', text: `version ${path.version}` },
  };
}

test('who sent it and what is said of it are of the newest version; what is withdrawn is gone', async () => {
  const { store } = fixture;
  const [kept, changed, gone] = [unanswered(1), unanswered(2), unanswered(3)];
  const otherCause = refusedPath({ tail: 4, startedAtUs: T0_US + 4 });
  await insertPaths(store, [kept, changed, gone, otherCause], 'first');
  await insertPaths(store, [unanswered(2, { version: 2, cluster: 'elsewhere' })], 'second');
  await withdrawPaths(store, [{ pathId: gone.pathId, version: 2, cluster: gone.cluster }], 'third');
  const senders = await refusedSenders(store, { window });
  expect(senders.map(({ pathId }) => pathId)).toEqual([changed.pathId, kept.pathId]);
  expect(senders[0]).toMatchObject({
    cluster: 'elsewhere',
    sender: { ip: '192.0.2.5', isLoadBalancer: true },
    destinationIp: '192.0.2.20',
  });
  const ids = [kept, changed, gone, otherCause].map(({ pathId }) => pathId);
  expect((await refusalWords(store, ids)).map(({ text }) => text)).toEqual([
    'version 1',
    'version 2',
    'the service has no endpoints',
  ]);
  const elsewhere = { clusters: ['elsewhere'] };
  expect(await refusalWords(store, ids, elsewhere)).toHaveLength(1);
  expect(await refusedSenders(store, { window, ...elsewhere })).toHaveLength(1);
});

test('a row from before the columns answers from its document', async () => {
  const { store } = fixture;
  const path = unanswered(50);
  await insertPaths(store, [path], 'old');
  const before = await refusedSenders(store, { window });
  for (const column of ['refusal_hops', 'refusal_text', 'refusal_remedy'])
    await store.command(`ALTER TABLE paths_v1 CLEAR COLUMN ${column}`);
  expect(await refusedSenders(store, { window })).toEqual(before);
  expect(before.find(({ pathId }) => pathId === path.pathId)?.sender?.ip).toBe('192.0.2.5');
  expect(await refusalWords(store, [path.pathId])).toMatchObject([{ text: 'version 1' }]);
});
