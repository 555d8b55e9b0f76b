import { afterEach, expect, jest, test } from '@jest/globals';
import { CliError, EXIT } from './exitCodes.ts';
import { followList } from './followList.ts';
import type { Asking } from './output.ts';

interface Row {
  readonly id: string;
  readonly state: string;
  readonly value: number;
}

/** Each answer is one reading; the last one is followed by Ctrl-C. */
function following(answers: readonly (readonly Row[] | Error)[], form: 'table' | 'ndjson') {
  const out: string[] = [];
  const remarks: string[] = [];
  const style = (_style: unknown, text: string) => text;
  const ask = {
    ...{ form, terminal: { width: 80, isUnicode: true, paint: style } },
    say: (lines: readonly string[]) => void out.push(...lines),
    write: (text: string) => void out.push(text.trim()),
    remark: (text: string) => void remarks.push(text),
  } as unknown as Asking;
  let turn = 0;
  const read = async () => {
    const answer = answers[turn];
    turn += 1;
    if (turn >= answers.length) process.emit('SIGINT');
    if (answer instanceof Error) throw answer;
    return answer ?? [];
  };
  const ended = followList<Row>(ask, {
    read,
    columns: [
      { title: 'ID', value: ({ id }) => id },
      { title: 'STATE', value: ({ state }) => state },
    ],
    keyOf: ({ id }) => id,
    stateOf: ({ state }) => state,
  });
  return { ended, out, remarks };
}

/** Timers run at once, as often as they are set. */
async function withoutWaiting<T>(work: () => Promise<T>): Promise<T> {
  jest.useFakeTimers({ advanceTimers: false });
  let isOver = false;
  const done = work().finally(() => {
    isOver = true;
  });
  while (!isOver) await jest.advanceTimersByTimeAsync(30_000);
  return done;
}
afterEach(() => {
  jest.useRealTimers();
  process.removeAllListeners('SIGINT');
  process.removeAllListeners('SIGTERM');
});

const row = (id: string, state: string, value = 0): Row => ({ id, state, value });
const gone = new CliError(EXIT.unavailable, 'No answer.');

test('all first, then what is new or changed; a value that is no news is not told again', async () => {
  const { ended, out } = following(
    [
      [row('a', 'firing', 1), row('b', 'pending')],
      [row('a', 'firing', 2), row('b', 'pending')],
      [row('a', 'resolved', 2), row('b', 'pending'), row('c', 'firing')],
    ],
    'ndjson',
  );
  expect(await withoutWaiting(() => ended)).toBe(EXIT.found);
  expect(out.map((line) => JSON.parse(line))).toEqual([
    row('a', 'firing', 1),
    row('b', 'pending'),
    row('a', 'resolved', 2),
    row('c', 'firing'),
  ]);
});

test('people get the head once', async () => {
  const { ended, out } = following([[], [row('a', 'firing')], [row('a', 'resolved')]], 'table');
  expect(await withoutWaiting(() => ended)).toBe(EXIT.found);
  expect(out.map((line) => line.trim().split(/ +/))).toEqual([
    ['ID', 'STATE'],
    ['a', 'firing'],
    ['a', 'resolved'],
  ]);
});

test('nothing until the end is exit code 1', async () => {
  const { ended, out } = following([[], []], 'table');
  expect(await withoutWaiting(() => ended)).toBe(EXIT.nothing);
  expect(out).toEqual([]);
});

test('a break is said once and mended; what came meanwhile is told', async () => {
  const { ended, out, remarks } = following(
    [[row('a', 'firing')], gone, gone, [row('a', 'resolved')]],
    'ndjson',
  );
  expect(await withoutWaiting(() => ended)).toBe(EXIT.found);
  expect(remarks).toEqual(['No answer. Trying on.', 'It answers again.']);
  expect(out).toHaveLength(2);
});

test('no first answer, or one that is refused later, ends it', async () => {
  const first = following([gone, []], 'ndjson');
  await expect(first.ended).rejects.toBe(gone);
  const refused = new CliError(EXIT.noPermission, 'The token has gone.');
  const later = following([[row('a', 'firing')], refused, []], 'ndjson');
  const outcome = later.ended.catch((error: unknown) => error);
  expect(await withoutWaiting(() => outcome)).toBe(refused);
});
