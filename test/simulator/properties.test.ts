/**
 * What must hold of reconstruct() whatever the world: the seven properties of the reference's section 7, and that
 * saying it twice says nothing new. Worlds are small and drawn by seed; a failure names the seed.
 */
import { WINDOW_LIMITS } from '@hoptrace/collector/stitch/placeWindows.ts';
import { Stitcher } from '@hoptrace/collector/stitch/stitcher.ts';
import type { Context } from '@hoptrace/domain/reconstruct/evidence.ts';
import { reconstruct } from '@hoptrace/domain/reconstruct/reconstruct.ts';
import type { Hop, Path } from '@hoptrace/domain/rest/path.ts';
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { evidenceOf } from '../accuracy/components.ts';
import { drawPlan, WEATHERS } from './plan.ts';
import { Random } from './random.ts';
import { simulate, type World } from './world.ts';

/** The same worlds each time; FC_RUNS and FC_SEED look at others. */
const RUNS = {
  numRuns: Number(process.env.FC_RUNS ?? 12),
  seed: Number(process.env.FC_SEED ?? 1),
};
const seeds = fc.nat({ max: 1_000_000 });

/** SYNPROXY and firewalls are for the scenarios: without a common clock, which handshake came first is told by clocks. */
function smallWorld(seed: number, family: 'ipv4' | 'ipv6' = 'ipv4'): World {
  const plan = drawPlan(seed, WEATHERS[seed % WEATHERS.length] ?? 'calm');
  // One world in four has clients with several requests at once, and of these one in two such backends.
  const http2 = seed % 4 === 0 ? { share: 0.5, hasUpstreams: seed % 8 === 0 } : plan.http2;
  return simulate({
    ...plan,
    ...{ clients: 30, floodSyns: 0, family, hasSynproxy: false, hasIsnFirewall: false, http2 },
  });
}

function pathsOf(records: readonly Sourced[], context: Context): Path[] {
  return reconstruct(evidenceOf(records), context);
}

/** A property of worlds: checked on some seeds, the failing one is named. */
function holds(check: (world: World, random: Random, seed: number) => void): void {
  fc.assert(
    fc.property(seeds, (seed) => check(smallWorld(seed), new Random(seed ^ 0xabc), seed)),
    RUNS,
  );
}

/** Who stamped this arrival, and when: no two arrivals share it. */
function arrival({ times, gap }: Hop, startedAtUs: number): string | null {
  if (times.clock === null || times.synNs === null || gap != null) return null;
  return `${times.clock} ${BigInt(startedAtUs) * 1000n + BigInt(times.synNs)}`;
}

const ends = ({ from, to }: Hop) => `${from.ip}:${from.port} → ${to.ip}:${to.port}`;

test('in any order and with any repetition the same documents', () => {
  holds(({ records, context }, random) => {
    const repeated = records.filter(() => random.chance(0.2));
    expect(pathsOf(random.shuffled([...records, ...repeated]), context)).toEqual(
      pathsOf(records, context),
    );
  });
});

test('a clock that is wrong by any offset changes no link and no round trip', () => {
  const told = (paths: readonly Path[]) =>
    paths
      .map(({ hops, class: letter, completeness }) =>
        JSON.stringify([letter, completeness, hops.map((hop) => [ends(hop), hop.class, hop.rtt])]),
      )
      .sort();
  holds(({ records, context }, random) => {
    const { losses: _, ...timeless } = context;
    const node = random.pick([...context.addressesByNode.keys()]);
    const byUs = Math.round(random.between(-5e6, 5e6));
    const shifted = records.map((record) =>
      record.node === node ? { ...record, startUs: record.startUs + byUs } : record,
    );
    expect(told(pathsOf(shifted, timeless))).toEqual(told(pathsOf(records, timeless)));
  });
});

test('without one agent there is less: no new link, and nothing whole that was not', () => {
  const links = (paths: readonly Path[]) =>
    new Set(
      paths.flatMap(({ hops, startedAtUs }) =>
        hops.flatMap((hop, index) => {
          const before = hops[index - 1];
          if (before === undefined || hop.kind !== 'proxy' || hop.class === 'D') return [];
          const [from, to] = [before, hop].map((each) => arrival(each, startedAtUs));
          return from == null || to == null ? [] : [`${from} ⇒ ${to}`];
        }),
      ),
    );
  const whole = (paths: readonly Path[]) =>
    paths.filter((path) => path.completeness === 1).map((path) => path.hops.map(ends).join(', '));
  holds(({ records, context }, random) => {
    const gone = random.pick([...context.addressesByNode.keys()]);
    const addressesByNode = new Map(context.addressesByNode);
    addressesByNode.delete(gone);
    const left = records.filter(({ node }) => node !== gone);
    const [more, less] = [
      pathsOf(records, context),
      pathsOf(left, { ...context, addressesByNode }),
    ];
    expect([...links(less)].filter((link) => !links(more).has(link))).toEqual([]);
    const known = new Set(whole(more));
    expect(whole(less).filter((path) => !known.has(path))).toEqual([]);
  });
});

test('other addresses, the same answer', () => {
  const shape = ({ hops, class: letter, completeness, outcome, crossings, warnings }: Path) =>
    JSON.stringify([
      ...[letter, completeness, outcome, crossings, warnings.map(({ code }) => code)],
      ...hops.map(({ from, to, kind, extra, rtt }) => [
        ...[from.role, from.name, from.port, to.role, to.name, to.port, kind, extra],
        rtt?.valueNs ?? null,
      ]),
    ]);
  fc.assert(
    fc.property(seeds, (seed) => {
      const [four, six] = (['ipv4', 'ipv6'] as const).map((family) => {
        const { records, context } = smallWorld(seed, family);
        return pathsOf(records, context).map(shape).sort();
      });
      expect(six).toEqual(four);
    }),
    RUNS,
  );
});

function newStitcher(context: Context): Stitcher {
  return new Stitcher({
    ...{ quietMs: 300, maxDelayMs: 2000, keepMs: 1e9, keepOpenMs: 1e9 },
    ...{ maxRecords: 1e6, maxGroupRecords: 1e6, maxLeftChanges: 1e6 },
    reconstruct,
    windows: { ...WINDOW_LIMITS, coverageOf: () => null },
    contextOf: () => context,
    onError: (error) => {
      throw error;
    },
  });
}

/** What a store holds in the end that applies the changes: the highest version of each path, without those withdrawn. */
function stitched(records: readonly Sourced[], context: Context, random: Random): Path[] {
  const stitcher = newStitcher(context);
  const store = new Map<string, Path>();
  const take = (nowMs: number, isFinal: boolean) => {
    const { paths, withdrawals } = stitcher.takeDue(nowMs, 1e6, isFinal);
    for (const { pathId } of withdrawals) store.delete(pathId);
    for (const path of paths) store.set(path.pathId, path);
  };
  let nowMs = 0;
  for (const record of records) {
    if (random.chance(0.05)) {
      nowMs += Math.round(random.unit() * 3000);
      take(nowMs, false);
    }
    stitcher.add(record, nowMs);
  }
  take(nowMs, true);
  // What a rule that was settled meanwhile decides is taken by one more turn.
  take(nowMs, true);
  return [...store.values()];
}

test('split into batches anywhere, the stitcher ends with the same paths', () => {
  // Clocks are learnt on the way, so times are told better or worse; and versions count the ways.
  const told = ({ pathId, hops, class: letter, completeness, outcome }: Path) =>
    JSON.stringify([
      pathId,
      letter,
      completeness,
      outcome,
      hops.map((hop) => [ends(hop), hop.class]),
    ]);
  holds(({ records, context }, random) => {
    const [one, two] = [stitched(records, context, random), stitched(records, context, random)];
    expect(one.map(told).sort()).toEqual(two.map(told).sort());
  });
});

test('traffic of others changes nothing that was said', () => {
  holds(({ records, context }, _, seed) => {
    const others = smallWorld(seed + 1, 'ipv6').records.map((record) => ({
      ...record,
      bootId: `another ${record.bootId}`,
    }));
    const alone = pathsOf(records, context);
    const known = new Set(alone.map(({ pathId }) => pathId));
    const together = pathsOf([...records, ...others], context);
    expect(together.filter(({ pathId }) => known.has(pathId))).toEqual(alone);
  });
});

test('the same evidence again brings no new version', () => {
  holds(({ records, context }) => {
    const stitcher = newStitcher(context);
    for (const record of records) stitcher.add(record, 0);
    // Twice: what a rule that was settled on the way decides is taken by one more turn.
    const first = [0, 0].flatMap((nowMs) => stitcher.takeDue(nowMs, 1e6, true).paths);
    expect(first.length).toBeGreaterThan(0);
    for (const record of records) stitcher.add(record, 1);
    const again = stitcher.takeDue(1, 1e6, true);
    expect([again.paths, again.withdrawals]).toEqual([[], []]);
    expect(pathsOf([...records, ...records], context)).toEqual(pathsOf(records, context));
  });
});
