import { expect, test } from '@jest/globals';
import { CliError } from './exitCodes.ts';
import { readApiSettings } from './settings.ts';
import { type Column, tableLines } from './table.ts';
import { harmless, terminalOf } from './terminal.ts';
import { timeRangeOf } from './timeRange.ts';

const NOW_US = Date.UTC(2026, 8, 1, 14, 10) * 1000;

function codeOf(work: () => unknown): number {
  try {
    work();
  } catch (error) {
    if (error instanceof CliError) return error.exitCode;
  }
  throw new Error('it was accepted');
}

test('without flags the last 15 minutes, else what is asked for, with a half-open end', () => {
  expect(timeRangeOf({}, NOW_US)).toEqual({ from: NOW_US - 900e6, to: NOW_US });
  expect(timeRangeOf({ since: '1.5h' }, NOW_US).from).toBe(NOW_US - 5400e6);
  const instants = { from: '2026-09-01T12:00:00Z', to: '2026-09-01T14:00:00+01:00' };
  expect(timeRangeOf(instants, NOW_US)).toEqual({ from: NOW_US - 7800e6, to: NOW_US - 4200e6 });
  const today = timeRangeOf({ from: '00:00' }, NOW_US).from;
  expect(new Date(today / 1000).getMinutes()).toBe(0);
});

test.each([
  { since: '5' },
  { since: 'soon' },
  { from: 'yesterday' },
  { since: '1h', from: '12:00' },
  { from: '2026-09-01T15:00:00Z' },
])('%j is wrong usage', (flags) => {
  expect(codeOf(() => timeRangeOf(flags, NOW_US))).toBe(2);
});

test('the API is that of the flag, of the environment, or of npm start on its ports', () => {
  expect(readApiSettings({}, {})).toEqual({ url: 'http://127.0.0.1:7040', token: null });
  const env = { HOPTRACE_API_URL: 'https://a.example/', HOPTRACE_API_TOKEN: 'one,two' };
  expect(readApiSettings(env, {})).toEqual({ url: 'https://a.example', token: 'one' });
  expect(readApiSettings(env, { url: 'http://b.example:1' }).url).toBe('http://b.example:1');
  expect(readApiSettings({ HOPTRACE_PORT_OFFSET: '100' }, {}).url).toBe('http://127.0.0.1:7140');
  for (const url of ['nonsense', 'ftp://a', 'http://a?b']) {
    expect(codeOf(() => readApiSettings({}, { url }))).toBe(78);
  }
});

const flags = { color: 'auto', ascii: false } as const;

test('colours only on a terminal, and never against NO_COLOR or a dumb one', () => {
  const painted = (isTTY: boolean, env: Record<string, string>) =>
    terminalOf({ isTTY, columns: 80 }, env, flags).paint('red', 'x') !== 'x';
  expect(painted(true, {})).toBe(true);
  expect(painted(false, {})).toBe(false);
  expect(painted(true, { NO_COLOR: '1' })).toBe(false);
  expect(painted(true, { NO_COLOR: '' })).toBe(true);
  expect(painted(true, { TERM: 'dumb' })).toBe(false);
});

test('Unicode by the locale that counts', () => {
  const isUnicode = (env: Record<string, string>) => terminalOf({}, env, flags).isUnicode;
  expect(isUnicode({ LANG: 'de_DE.UTF-8' })).toBe(true);
  expect(isUnicode({ LANG: 'de_DE.UTF-8', LC_ALL: 'C' })).toBe(false);
  expect(isUnicode({ LC_ALL: '', LANG: 'C.utf8' })).toBe(true);
  expect(isUnicode({})).toBe(false);
});

interface Row {
  readonly id: string;
  readonly name: string;
  readonly note: string;
}
const COLUMNS: readonly Column<Row>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'NAME', value: ({ name }) => name, minWidth: 7 },
  { title: 'NOTE', value: ({ note }) => note, dropOrder: 1 },
];
const ROW = { id: 'ab12', name: 'namespace/controller', note: 'worth a look' };
const drawn = (columns: number) =>
  tableLines(COLUMNS, [ROW], { ...terminalOf({}, {}, flags), columns });

test('a table shrinks what may shrink, then leaves out what may go, and keeps the rest', () => {
  expect(drawn(Number.POSITIVE_INFINITY)[1]).toBe('ab12  namespace/controller  worth a look');
  expect(drawn(34)[1]?.length).toBeLessThanOrEqual(34);
  expect(drawn(34)[1]).toContain('worth a look');
  expect(drawn(26)[1]).toBe('ab12  namespace/controller');
  expect(drawn(10)[1]).toBe('ab12  nam…ler');
});

test('a name cannot steer the terminal', () => {
  expect(harmless({ name: 'a\u001b]0;x\u0007b\u009b31m', n: 1 })).toEqual({
    name: 'a\ufffd]0;x\ufffdb\ufffd31m',
    n: 1,
  });
});
