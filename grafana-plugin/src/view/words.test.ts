import { expect, test } from '@jest/globals';
import {
  balancedPath,
  crossNodePath,
  droppedPath,
  partialPath,
  resetPath,
} from './samples/samplePaths.ts';
import {
  causeText,
  extraHopsOf,
  extraHopsText,
  extraHopsTitle,
  longestHop,
  refusalTitle,
  seenText,
  serviceText,
} from './words.ts';

test('completeness is told in hops that an agent saw', () => {
  expect(seenText(crossNodePath)).toBe('all 2 hops were seen by an agent');
  expect(seenText(balancedPath)).toBe('3 of 4 hops were seen by an agent');
  expect(seenText({ hops: [], warnings: [], completeness: 0 })).toBe('no hop was seen by an agent');
  expect(seenText(droppedPath)).toBe('the one hop was seen by an agent');
  const warnings = [{ code: 'endsAtProxy', text: '', subject: '' }];
  expect(seenText({ ...crossNodePath, warnings, completeness: 2 / 3 })).toBe(
    'all 2 hops were seen by an agent; whether there is one more is not known',
  );
  // A hop whose arrival was seen and whose cause one side alone tells.
  expect(seenText({ ...balancedPath, completeness: 0.5 })).toBe(
    '3 of 4 hops were seen by an agent, 1 of them not wholly',
  );
});

test('no extra hops is said only if every crossing was judged', () => {
  expect(extraHopsText(extraHopsOf(crossNodePath))).toBe('1');
  expect(extraHopsText(extraHopsOf(resetPath))).toBe('not known');
  expect(extraHopsText({ known: 0, notJudged: 0 })).toBe('0');
  expect(extraHopsText({ known: 1, notJudged: 2 })).toBe('1 known');
  expect(extraHopsTitle({ known: 0, notJudged: 1 })).toBe(
    '1 hop not judged: no topology explains the choice',
  );
});

test('the longest round trip is chosen among the measured ones, which are counted', () => {
  expect(longestHop(balancedPath)).toMatchObject({ measured: 3, rtt: { valueNs: 611_000 } });
  expect(longestHop(droppedPath)).toBeNull();
});

test('a cause code that this version does not know is shown, not hidden', () => {
  expect(causeText('somethingNew')).toBe('somethingNew');
  expect(causeText('noEndpoints')).toBe('the Service has no ready endpoint');
});

test('a refusal on an unseen machine does not invent a place', () => {
  expect(refusalTitle({ kind: 'reset', node: null })).toBe('Reset, by a machine that was not seen');
  expect(refusalTitle({ kind: 'dropped', node: 'node-c' })).toBe('Dropped at node-c');
});

test('a service is written as it is filtered', () => {
  expect(serviceText(crossNodePath.service)).toBe('shop/web:https');
  expect(serviceText(partialPath.service)).toBe('service not known');
});
