/** The short form of `npm run test:faults`: real processes, killed and stopped at random. */
import { expect, test } from '@jest/globals';
import { runFaults } from '../faults/agent.ts';
import { breakEveryByte } from '../faults/damage.ts';

test('agents, collector and ClickHouse killed and stopped: nothing acknowledged is lost or twice', async () => {
  const { rows, details } = await runFaults({ rounds: 8, seed: Date.now() % 1_000_000 });
  // The seed is in the details: a failure can be repeated.
  expect({ missed: rows.filter(({ met }) => !met), details }).toEqual({ missed: [], details });
}, 300_000);

test('a log cut or flipped at every byte loses the damaged batch alone, and says so', async () => {
  const { rows } = await breakEveryByte();
  expect(rows.filter(({ met }) => !met)).toEqual([]);
  expect(rows[0]?.value).toBeGreaterThan(3000);
}, 60_000);
