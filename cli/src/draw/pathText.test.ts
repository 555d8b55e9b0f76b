import { expect, test } from '@jest/globals';
import { samplePaths } from '../../../test/samples/paths.ts';
import { terminalOf, toAscii } from '../ask/terminal.ts';
import { explainLines } from './explainText.ts';
import { pathLines } from './pathText.ts';

const terminal = (width: number, color: 'always' | 'never' = 'never') =>
  terminalOf({ isTTY: true, columns: width }, { LANG: 'C.UTF-8' }, { color, ascii: false });

test.each([44, 60, 72, 80, 100, 132, 200])('at %d columns no line is longer', (width) => {
  for (const path of samplePaths()) {
    for (const line of pathLines(path, { terminal: terminal(width), timeZone: 'UTC' })) {
      expect([line, line.length <= width]).toEqual([line, true]);
    }
  }
});

test('colours change no sign of what is drawn', () => {
  for (const path of samplePaths()) {
    const plain = pathLines(path, { terminal: terminal(100), timeZone: 'UTC' });
    const painted = pathLines(path, { terminal: terminal(100, 'always'), timeZone: 'UTC' });
    expect(painted).not.toEqual(plain);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin so
    expect(painted.map((line) => line.replace(/\u001b\[\d+m/g, ''))).toEqual(plain);
  }
});

test('nothing but ASCII is left for a terminal that speaks nothing else', () => {
  for (const path of samplePaths()) {
    const drawing = { terminal: terminal(90), timeZone: 'UTC' };
    for (const lines of [pathLines(path, drawing), explainLines(path, drawing)]) {
      expect(toAscii(lines.join('\n'))).toMatch(/^[\n -~]*$/);
      const marks = (text: string) => text.split('?').length;
      expect(marks(toAscii(lines.join('\n')))).toBe(marks(lines.join('\n')));
    }
  }
});

test('an extra hop, a refusal, an unseen hop and the source address are marked', () => {
  const all = samplePaths().map((path) =>
    pathLines(path, { terminal: terminal(120), timeZone: 'UTC' }).join('\n'),
  );
  expect(all.some((text) => /●━+\+1━+▶●/.test(text))).toBe(true);
  expect(all.filter((text) => text.includes('▶✕'))).toHaveLength(3);
  expect(all.some((text) => text.includes('╌╌▶'))).toBe(true);
  expect(all.every((text) => text.includes('SOURCE IT SEES'))).toBe(true);
});
