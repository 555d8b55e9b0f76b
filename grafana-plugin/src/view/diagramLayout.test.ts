import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ARROW_ROOM, CHIP_WIDTH, layoutDiagram, shortenMiddle, wrapText } from './diagramLayout.ts';
import {
  balancedPath,
  droppedPath,
  partialPath,
  proxyProtocolPath,
  samplePaths,
} from './samples/samplePaths.ts';

test('every party has a column of its own, in hop order, at any width', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...samplePaths),
      fc.integer({ min: 300, max: 3000 }),
      (path, width) => {
        const { parties, width: fullWidth } = layoutDiagram(path, width);
        for (const [index, party] of parties.entries()) {
          const before = parties[index - 1];
          expect(party.x + CHIP_WIDTH).toBeLessThanOrEqual(fullWidth);
          if (before === undefined) continue;
          const free =
            party.x - (before.lane === party.lane ? before.x + CHIP_WIDTH : before.centerX);
          expect(free).toBeGreaterThanOrEqual(ARROW_ROOM);
        }
      },
    ),
  );
});

test('an arrow within a machine is straight, one between machines turns once', () => {
  const { arrows } = layoutDiagram(proxyProtocolPath, 1200);
  expect(arrows.map(({ isSameLane, d }) => [isSameLane, d.includes('Q')])).toEqual([
    [false, true],
    [false, true],
    [true, false],
  ]);
});

test('a gap is an arrow without a hop', () => {
  expect(layoutDiagram(partialPath, 1200).arrows.map(({ hop }) => hop?.index ?? null)).toEqual([
    0,
    1,
    null,
    2,
  ]);
});

test('only a refused path has a stub, behind its last party', () => {
  expect(layoutDiagram(balancedPath, 1200).stub).toBeNull();
  const { stub, parties, width } = layoutDiagram(droppedPath, 1000);
  expect(stub?.fromX).toBe((parties.at(-1)?.x ?? 0) + CHIP_WIDTH);
  expect(stub?.textWidth).toBeGreaterThan(180);
  expect(width).toBe(1000);
});

test('a path without hops is laid out empty', () => {
  expect(layoutDiagram({ hops: [], refusal: droppedPath.refusal }, 800)).toMatchObject({
    lanes: [],
    parties: [],
    arrows: [],
    stub: null,
  });
});

test('text is wrapped at words, and a word that is too long is cut', () => {
  expect(wrapText('no ready endpoint here', 10)).toEqual(['no ready', 'endpoint', 'here']);
  expect(wrapText('abcdefghijkl m', 5)).toEqual(['abcde', 'fghij', 'kl m']);
  expect(wrapText('', 5)).toEqual([]);
});

test('shortening keeps both ends', () => {
  expect(shortenMiddle('controller-with-long-name-x2lqk', 13)).toBe('contro…-x2lqk');
  expect(shortenMiddle('short', 13)).toBe('short');
});
