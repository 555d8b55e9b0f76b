import { expect, test } from '@jest/globals';
import { parseAccuracyArguments } from '../accuracy/arguments.ts';
import { runAccuracy } from '../accuracy/run.ts';

/** Half a minute of CPU time; on a machine that others use, several times that. */
const LIMIT_MS = 180_000;

const run = (...words: string[]) => runAccuracy(parseAccuracyArguments(words), () => {});

test(
  'any number of processes counts the same, and stops after the same world',
  async () => {
    const [one, three] = await Promise.all(
      ['1', '3'].map((workers) => run('--seed', '7', '--paths', '500', '--workers', workers)),
    );
    expect(one?.tally.get('true paths')).toBeGreaterThanOrEqual(500);
    expect(one?.tally.get('worlds')).toBeGreaterThanOrEqual(2);
    expect(three?.result.rows).toEqual(one?.result.rows);
    expect(three?.examples).toEqual(one?.examples);
  },
  LIMIT_MS,
);

test(
  'one world alone is the world of that number',
  async () => {
    const whole = await run('--seed', '7', '--paths', '1');
    const alone = await run('--seed', '7', '--world', '0');
    expect(alone.result.rows).toEqual(whole.result.rows);
  },
  LIMIT_MS,
);
