import { expect, test } from '@jest/globals';
import { losePower } from './powerLoss.ts';

test('whatever a power failure leaves of the log, what was acknowledged is read back, once and whole', async () => {
  const { rows } = await losePower(20_000, 7);
  expect(rows.filter(({ met }) => !met)).toEqual([]);
}, 60_000);
