import type { Path } from '@hoptrace/domain/rest/path.ts';
import { expect, test } from '@jest/globals';
import { samplePaths } from '../../../test/samples/paths.ts';
import type { PathVersion } from '../pathStore.ts';
import { NOW_US } from '../testing/apiUnderTest.ts';
import { memoryStore } from '../testing/memoryStore.ts';
import { LatePaths } from './latePaths.ts';
import { PathFeed } from './pathFeed.ts';

const at = (second: number, version = 1) => ({
  pathId: `${String(second).padStart(11, '0')}-0000000000000001`,
  version,
});
function compare(
  late: LatePaths,
  found: readonly PathVersion[],
  more: Parameters<LatePaths['keep']>[1] = NOTHING,
) {
  const told = late.amongst(found);
  late.keep(found, more);
  return told;
}
const NOTHING = { isCut: false, inFeed: new Map<string, number>() };

test('what was there before is not late; what comes, or comes in a new version, is, once', () => {
  const late = new LatePaths();
  expect(compare(late, [at(1), at(2)], NOTHING)).toEqual([]);
  expect(compare(late, [at(1), at(2), at(3)], NOTHING)).toEqual([at(3)]);
  expect(compare(late, [at(1, 2), at(2), at(3)], NOTHING)).toEqual([at(1, 2)]);
  expect(compare(late, [at(1, 2), at(2), at(3)], NOTHING)).toEqual([]);
});

test('what the feed told while it was young is not late; a later version of it is', () => {
  const late = new LatePaths();
  compare(late, [], NOTHING);
  late.note([at(5), at(6, 2)]);
  expect(compare(late, [at(5)], { isCut: false, inFeed: new Map([[at(6).pathId, 2]]) })).toEqual(
    [],
  );
  expect(compare(late, [at(5), at(6, 3)], NOTHING)).toEqual([at(6, 3)]);
});

test('where the window holds more than is read, nothing is claimed of what was not read before', () => {
  const late = new LatePaths();
  compare(late, [at(3), at(4)], { ...NOTHING, isCut: true });
  expect(compare(late, [at(1), at(2), at(3), at(4), at(5)], NOTHING)).toEqual([at(5)]);
});

test('a path that is stored minutes after it began is told by the feed, once', async () => {
  const [old, again] = samplePaths(NOW_US - 300_000_000) as [Path, Path];
  const [young] = samplePaths(NOW_US - 5_000_000) as [Path];
  const store = memoryStore([old]);
  const log = { warn: () => {} };
  const feed = new PathFeed({ store, nowUs: () => NOW_US, log, lateEveryPolls: 1 });
  const told: string[] = [];
  const until = async (isTrue: () => boolean) => {
    while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  const end = feed.listen(({ path }) => told.push(`${path?.pathId} ${path?.version}`));
  await until(() => store.polls >= 2);
  store.paths.push(again, young);
  await until(() => told.length >= 2);
  store.paths[0] = { ...old, version: old.version + 1 };
  await until(() => told.length >= 3);
  const polls = store.polls;
  await until(() => store.polls >= polls + 4);
  end();
  feed.close();
  expect(told.toSorted()).toEqual(
    [again, young, { ...old, version: old.version + 1 }]
      .map(({ pathId, version }) => `${pathId} ${version}`)
      .toSorted(),
  );
}, 60_000);
