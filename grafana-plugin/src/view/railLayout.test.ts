import { expect, test } from '@jest/globals';
import { layoutRail, STEP_HEIGHT, STOP_HEIGHT } from './railLayout.ts';
import { balancedPath, proxyProtocolPath } from './samples/samplePaths.ts';

test('stops come one below the other, each on the rail of its machine', () => {
  const { stops, rails, textX } = layoutRail(balancedPath);
  expect(stops.map(({ x }) => x)).toEqual(rails.map(({ x }) => x));
  expect((stops[1]?.y ?? 0) - (stops[0]?.y ?? 0)).toBe(STOP_HEIGHT + STEP_HEIGHT);
  expect(textX).toBeGreaterThan(rails.at(-1)?.x ?? 0);
});

test('a step on one machine is straight, the first stop has none', () => {
  const { stops } = layoutRail(proxyProtocolPath);
  expect(stops.map(({ d }) => d?.includes('C') ?? null)).toEqual([null, true, true, false]);
});

test('an empty path has no stops', () => {
  expect(layoutRail({ hops: [] }).stops).toEqual([]);
});
