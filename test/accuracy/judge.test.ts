import { reconstruct } from '@hoptrace/domain/reconstruct/reconstruct.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { expect, test } from '@jest/globals';
import { drawPlan } from '../simulator/plan.ts';
import { simulate } from '../simulator/world.ts';
import { componentsOf, evidenceOf } from './components.ts';
import { judgeWorld, PathJudge } from './judge.ts';
import { Sightings } from './sightings.ts';
import { Tally } from './tally.ts';

/** nginx, nothing lost, no load balancer: all that there is to know is known. */
const plain = () => {
  const plan = drawPlan(8, 'calm');
  const proxy = { ...plan.proxy, model: 'lastRead' as const, localShare: 0 };
  return simulate({ ...plan, proxy, clients: 40, balancer: 'none', refusalShare: 0, floodSyns: 0 });
};

test('a plain world is judged right throughout', () => {
  const tally = new Tally();
  judgeWorld(plain(), tally, true, () => {});
  expect(tally.get('falsely complete')).toBe(0);
  expect(tally.share('links right', 'links')).toBe(1);
  expect(tally.share('proxy links right', 'proxy links')).toBe(1);
  expect(tally.get('true paths completed')).toBe(tally.get('true paths'));
});

test('a hop that is changed, removed or taken from another path is found', () => {
  const world = plain();
  const paths = componentsOf(world.records).flatMap((set) =>
    reconstruct(evidenceOf(set), world.context),
  );
  const long = paths.filter((path) => path.hops.length === 3);
  const [one, other] = long as [Path, Path];
  const count = (path: Path) => {
    const tally = new Tally();
    new PathJudge(world, new Sightings(world), tally, () => {}).judge(path);
    return tally.get('falsely complete');
  };
  const moved = one.hops.map((hop) => ({ ...hop, from: { ...hop.from, port: hop.from.port + 1 } }));
  const [first, second] = one.hops;
  const [, , foreign] = other.hops;
  if (first === undefined || second === undefined || foreign === undefined)
    throw new Error('no hops');
  expect(count(one)).toBe(0);
  expect(count({ ...one, hops: moved })).toBe(1);
  expect(count({ ...one, hops: one.hops.slice(0, 2) })).toBe(1);
  const shiftNs = (other.startedAtUs - one.startedAtUs) * 1000;
  const times = { ...foreign.times, synNs: (foreign.times.synNs ?? 0) + shiftNs };
  expect(count({ ...one, hops: [first, second, { ...foreign, times }] })).toBe(1);
});
