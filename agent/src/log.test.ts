import { expect, test } from '@jest/globals';
import { jsonLog } from './log.ts';

test('one event is one line of JSON', () => {
  const lines: string[] = [];
  const log = jsonLog(
    (line) => lines.push(line),
    () => 0,
  );
  log('warn', 'loader says', { text: 'two\nlines' });
  expect(lines).toEqual([
    '{"time":"1970-01-01T00:00:00.000Z","level":"warn","room":"agent","event":"loader says","text":"two\\nlines"}\n',
  ]);
});
