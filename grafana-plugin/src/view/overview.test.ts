import { expect, test } from '@jest/globals';
import { overviewOf } from './overview.ts';
import { samplePaths } from './samples/samplePaths.ts';

test('outcomes, refusals and judged paths are counted; a path that cannot be judged is not counted as free of extra hops', () => {
  expect(overviewOf(samplePaths)).toEqual({
    total: 10,
    outcomes: [
      { outcome: 'served', count: 6 },
      { outcome: 'reset', count: 1 },
      { outcome: 'rejected', count: 1 },
      { outcome: 'dropped', count: 1 },
      { outcome: 'unknown', count: 1 },
    ],
    refused: 3,
    withExtra: 2,
    judged: 8,
  });
});

test('no paths give zeros, not gaps', () => {
  expect(overviewOf([])).toMatchObject({ total: 0, refused: 0, withExtra: 0, judged: 0 });
});
