import { expect, test } from '@jest/globals';
import { pathSchema } from '../../../../domain/src/rest/path.ts';
import { refusalItemSchema } from '../../../../domain/src/rest/queries.ts';
import { manyPaths, refusalsOf, samplePaths } from './samplePaths.ts';

test('the samples are path documents', () => {
  for (const path of samplePaths) expect(pathSchema.parse(path)).toEqual(path);
});

test('the refusals of the samples are items of the list of refusals', () => {
  const refusals = refusalsOf(manyPaths(20));
  expect(refusals).toHaveLength(6);
  for (const refusal of refusals) expect(refusalItemSchema.parse(refusal)).toEqual(refusal);
});
