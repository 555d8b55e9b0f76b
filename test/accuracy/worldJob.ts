/** One world of a run, from its number alone: made, judged, and what is wrong in it told so that it can be made again. */
import { NO_CLOCKS, observe } from '@hoptrace/domain/clock/clocks.ts';
import { reconstruct } from '@hoptrace/domain/reconstruct/reconstruct.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { drawPlan, raritiesOf, WEATHERS } from '../simulator/plan.ts';
import { Random } from '../simulator/random.ts';
import type { TruthPath } from '../simulator/truth.ts';
import { simulate, type World } from '../simulator/world.ts';
import { componentsOf, evidenceOf } from './components.ts';
import { judgeWorld } from './judge.ts';
import { judgeLiveRoad } from './liveRoad.ts';
import { Tally, type TallyState } from './tally.ts';

export interface WorldResult {
  readonly index: number;
  readonly tally: TallyState;
  readonly examples: readonly Example[];
}

/** A path that says what is not so. */
export interface Example {
  readonly kind: string;
  readonly world: number;
  readonly text: string;
}

/** One world of each weather in so many is given in another order, too. */
const SHUFFLE_EVERY = 25;

/** What is told of worlds with HTTP/2 apart from the others. */
const HTTP2_COUNTS = [
  ...['falsely complete', 'true paths', 'true paths seen whole'],
  ...['true paths seen whole and completed', 'true proxy links seen', 'true proxy links found'],
  ...['proxy links', 'proxy links class A', 'proxy links right class A'],
  ...['proxy links class B', 'proxy links right class B'],
];

export function runWorld(seed: number, index: number): WorldResult {
  const weather = WEATHERS[index % WEATHERS.length] ?? 'calm';
  const plan = drawPlan(worldSeed(seed, index), weather);
  const world = simulate(plan);
  const kinds = [weather, ...raritiesOf(plan)];
  const tally = new Tally();
  for (const kind of kinds) tally.add(`world of kind: ${kind}`);
  const examples: Example[] = [];
  judgeWorld(world, tally, weather === 'hostile', (kind, path, truths) =>
    examples.push({ kind, world: index, text: tellExample(kinds, path, truths) }),
  );
  if (plan.http2.share > 0) countAgain(tally, 'HTTP/2: ', HTTP2_COUNTS);
  const isOneOfMany = index % SHUFFLE_EVERY < WEATHERS.length;
  if (isOneOfMany) judgeDeterminism(world, tally);
  // Under losses times have to be silent; to see that, a few worlds are enough.
  if (weather === 'calm' || isOneOfMany) judgeLiveRoad(world, tally);
  return { index, tally: tally.state(), examples };
}

function countAgain(tally: Tally, prefix: string, names: readonly string[]): void {
  for (const name of names) tally.add(`${prefix}${name}`, tally.get(name));
}

function tellExample(kinds: readonly string[], path: Path, truths: readonly TruthPath[]): string {
  const said = path.hops.map(({ from, to }) => `${from.ip}:${from.port} → ${to.ip}:${to.port}`);
  const truth = truths[0]?.hops.map((hop) => `${hop.from} → ${hop.to}`) ?? [];
  return `(${kinds.join(', ')}) path ${path.pathId} · said ${said.join(', ')} · truth ${truth.join(', ')}`;
}

/** Neighbouring seeds must not give neighbouring worlds. */
function worldSeed(seed: number, index: number): number {
  return (Math.imul(seed + 1, 0x9e37_79b1) ^ Math.imul(index + 1, 0x85eb_ca6b)) >>> 0;
}

/** The same records in another order, some of them twice: the same documents? */
function judgeDeterminism(world: World, tally: Tally): void {
  const random = new Random(world.plan.seed ^ 0xd1ce);
  const context = { ...world.context, clocks: observe(NO_CLOCKS, evidenceOf(world.records).legs) };
  for (const component of componentsOf(world.records)) {
    const repeated = component.filter(() => random.chance(0.1));
    const a = reconstruct(evidenceOf(component), context);
    const b = reconstruct(evidenceOf(random.shuffled([...component, ...repeated])), context);
    tally.add('components shuffled');
    if (JSON.stringify(a) === JSON.stringify(b))
      tally.add('components shuffled with the same answer');
  }
}
