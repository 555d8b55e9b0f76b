import { expect, test } from '@jest/globals';
import { coveredUs, holding, stretchesOf, type Version } from './stretches.ts';

/** xorshift32: the same numbers on every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

test('stretches cover the span without holes or overlaps, say at each instant what holds, and never twice the same', () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const next = numbers(seed);
    const edges = Array.from({ length: next(12) }, () => next(120) - 10);
    const span = { fromUs: next(50), toUs: 50 + next(50) };
    const sorted = [...edges].sort((a, b) => a - b);
    const valueAt = (atUs: number) => sorted.filter((edge) => edge <= atUs).length % 3;
    const stretches = stretchesOf(span, edges, valueAt);
    expect(stretches[0]?.fromUs ?? span.fromUs).toBe(span.fromUs);
    expect(coveredUs(stretches, () => true)).toBe(span.toUs - span.fromUs);
    for (const [index, each] of stretches.entries()) {
      const following = stretches[index + 1];
      expect(each.toUs).toBe(following?.fromUs ?? span.toUs);
      expect(following?.value).not.toBe(each.value);
      for (let us = each.fromUs; us < each.toUs; us += 1) expect(valueAt(us)).toBe(each.value);
    }
  }
});

test('a span of nothing has no stretch', () => {
  expect(stretchesOf({ fromUs: 5, toUs: 5 }, [1, 5, 9], () => 1)).toEqual([]);
});

test('between the earliest and the latest time of a change the two readings differ, outside they agree', () => {
  const open = Number.POSITIVE_INFINITY;
  const versions: Version<string>[] = [
    { fromUs: 0, earliestUs: 0, toUs: 20, earliestToUs: 10, object: 'before' },
    { fromUs: 20, earliestUs: 10, toUs: open, earliestToUs: open, object: 'after' },
  ];
  const at = (us: number) => [holding(versions, us, 'latest'), holding(versions, us, 'earliest')];
  expect(at(9)).toEqual([['before'], ['before']]);
  expect(at(10)).toEqual([['before'], ['after']]);
  expect(at(19)).toEqual([['before'], ['after']]);
  expect(at(20)).toEqual([['after'], ['after']]);
});
