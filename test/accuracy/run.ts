/** Worlds one after the other until enough paths were judged or the time is up; then the rows. */
import { performance } from 'node:perf_hooks';
import { reconstruct } from '@hoptrace/domain/reconstruct/reconstruct.ts';
import type { CommandResult } from '../lab/commands/output.ts';
import { drawPlan, WEATHERS } from '../simulator/plan.ts';
import { Random } from '../simulator/random.ts';
import { simulate, type World } from '../simulator/world.ts';
import type { AccuracyArguments } from './arguments.ts';
import { componentsOf, evidenceOf } from './components.ts';
import { judgeWorld } from './judge.ts';
import { rowsOf } from './rows.ts';
import { Tally } from './tally.ts';

export interface AccuracyRun {
  readonly args: AccuracyArguments;
  readonly tally: Tally;
  readonly seconds: number;
  /** One falsely complete path of each kind, as text. */
  readonly examples: readonly string[];
  readonly result: CommandResult;
}

/** One world in so many is given in another order, too. */
const SHUFFLE_EVERY = 25;

export function runAccuracy(args: AccuracyArguments): AccuracyRun {
  const tally = new Tally();
  const examples: string[] = [];
  const startMs = performance.now();
  const spentSeconds = () => (performance.now() - startMs) / 1000;
  for (
    let index = 0;
    tally.get('true paths') < args.paths && spentSeconds() < args.seconds;
    index++
  ) {
    const weather = WEATHERS[index % WEATHERS.length] ?? 'calm';
    const world = simulate(drawPlan(worldSeed(args.seed, index), weather));
    judgeWorld(world, tally, weather === 'hostile', (kind, path, truths) => {
      const said = path.hops.map(
        (hop) => `${hop.from.ip}:${hop.from.port} → ${hop.to.ip}:${hop.to.port}`,
      );
      const truth = truths[0]?.hops.map((hop) => `${hop.from} → ${hop.to}`) ?? [];
      examples.push(
        `${kind} · seed ${args.seed}, world ${index} (${weather}), path ${path.pathId} · said ${said.join(', ')} · truth ${truth.join(', ')}`,
      );
    });
    if (index % SHUFFLE_EVERY < WEATHERS.length) judgeDeterminism(world, tally);
  }
  const seconds = spentSeconds();
  const rows = rowsOf(tally);
  const text = rows
    .map(
      (row) =>
        `${row.met ? 'ok  ' : 'MISS'} ${row.name.padEnd(64)} ${row.value} (goal ${row.goal ?? '–'}) ${row.unit}`,
    )
    .join('\n');
  const counts = {
    worlds: tally.get('worlds'),
    paths: tally.get('true paths'),
    records: tally.get('records'),
    seconds: Math.round(seconds),
  };
  const details = {
    seed: args.seed,
    ...counts,
    falselyComplete: Object.fromEntries(tally.startingWith('false: ')),
    examples,
  };
  return {
    args,
    tally,
    seconds,
    examples,
    result: {
      command: 'accuracy',
      rows,
      details,
      text: `${text}\n${JSON.stringify(counts)}\n${examples.join('\n')}`,
    },
  };
}

/** Neighbouring seeds must not give neighbouring worlds. */
function worldSeed(seed: number, index: number): number {
  return (Math.imul(seed + 1, 0x9e37_79b1) ^ Math.imul(index + 1, 0x85eb_ca6b)) >>> 0;
}

/** The same records in another order, some of them twice: the same documents? */
function judgeDeterminism(world: World, tally: Tally): void {
  const random = new Random(world.plan.seed ^ 0xd1ce);
  for (const component of componentsOf(world.records)) {
    const repeated = component.filter(() => random.chance(0.1));
    const a = reconstruct(evidenceOf(component), world.context);
    const b = reconstruct(evidenceOf(random.shuffled([...component, ...repeated])), world.context);
    tally.add('components shuffled');
    if (JSON.stringify(a) === JSON.stringify(b))
      tally.add('components shuffled with the same answer');
  }
}
