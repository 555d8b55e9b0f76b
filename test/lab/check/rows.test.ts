import { expect, test } from '@jest/globals';
import { type OwnTimeTruth, ownTimeProblems } from './rows.ts';

function truth(part: Partial<OwnTimeTruth> = {}): OwnTimeTruth {
  return { ...{ logMs: 40, clientMs: 50, linksMs: 4 }, ...part };
}

test('between its log and what the links leave of the client’s wait, the ingress’s time is believable', () => {
  expect([38.001, 40, 46].flatMap((proxyMs) => ownTimeProblems(truth(), proxyMs))).toEqual([]);
});

test('less than its log has, by what cutting to milliseconds hides and more, is wrong', () => {
  expect(ownTimeProblems(truth(), 38)).toEqual([
    "the ingress's own time: said 38.000 ms, its log has 40 ms",
  ]);
});

test('more than the client waited, without what its links took, is wrong', () => {
  expect(ownTimeProblems(truth(), 46.001)).toEqual([
    "the ingress's own time: said 46.001 ms, the client's wait leaves 46.000 ms for it",
  ]);
});

test('far more than its log has is right where the client waited so long: nginx did not run', () => {
  expect(ownTimeProblems(truth({ logMs: 0, clientMs: 223.7, linksMs: 0 }), 23.2)).toEqual([]);
});
