/** Compares what reconstruct() says about a world with what truly happened. Judges claims only, not how they are made. */
import { NO_CLOCKS, observe } from '@hoptrace/domain/clock/clocks.ts';
import { FailedAttemptBook } from '@hoptrace/domain/loss/failedAttempts.ts';
import { formatEndpoint } from '@hoptrace/domain/model/tuple.ts';
import type { Evidence } from '@hoptrace/domain/reconstruct/evidence.ts';
import { remember } from '@hoptrace/domain/reconstruct/proxyHistory.ts';
import { reconstruct } from '@hoptrace/domain/reconstruct/reconstruct.ts';
import type { ProxyHistory } from '@hoptrace/domain/reconstruct/ruleScores.ts';
import type { Hop, Path } from '@hoptrace/domain/rest/path.ts';
import type { TruthPath } from '../simulator/truth.ts';
import type { World } from '../simulator/world.ts';
import { componentsOf, evidenceOf } from './components.ts';
import { countSeenLinks, judgeLinks } from './links.ts';
import { judgeLowerRungs } from './lowerRungs.ts';
import { judgeRequestTimes } from './requestTimes.ts';
import { judgeRoundTrips } from './roundTrips.ts';
import { Sightings } from './sightings.ts';
import type { Tally } from './tally.ts';

/** `isHostile`: the world has the conditions of the goals of cross-node links. */
export function judgeWorld(world: World, tally: Tally, isHostile: boolean, note: Note): void {
  const sightings = new Sightings(world);
  const components = componentsOf(world.records).map(evidenceOf);
  for (const component of components) {
    tally.max('largest component', component.legs.length + component.proxyLinks.length);
    if (isHostile) judgeLinks({ evidence: component, context: world.context }, sightings, tally);
  }
  if (isHostile) {
    judgeBlind(world, sightings, tally);
    countSeenLinks(sightings, tally);
    tally.add('hostile worlds');
    tally.add('port reuse sum', world.portReuse);
  }
  judgeLowerRungs(world, tally);
  // As the collector does: each set of records tells of the clocks first, then it is asked.
  const proxyHistory = historyOf(components);
  const failedAttempts = new FailedAttemptBook();
  for (const record of world.records)
    failedAttempts.note(record, (ip) => world.context.topology.podByIp.has(ip));
  let clocks = NO_CLOCKS;
  const paths = components.flatMap((component) => {
    clocks = observe(clocks, component.legs);
    return reconstruct(component, { ...world.context, clocks, proxyHistory, failedAttempts });
  });
  const judge = new PathJudge(world, sightings, tally, note);
  for (const path of paths) judge.judge(path);
  judge.countUnseen();
  tally.add('worlds');
  tally.add('records', world.records.length);
}

/** What the collector has learnt of the world's proxies once it saw them for a while. */
function historyOf(components: readonly Evidence[]): ProxyHistory {
  return components.reduce<ProxyHistory>(
    (history, { proxyLinks }) => remember(history, proxyLinks).history,
    new Map(),
  );
}

/** The same world as agents see it that cannot read sequence numbers: addresses, ports and clocks are all there is. */
function judgeBlind({ records, context }: World, sightings: Sightings, tally: Tally): void {
  const noHashes = { clientIsnHash: null, serverIsnHash: null, isnPairHash: null };
  const blind = records.flatMap((record) =>
    record.kind === 'leg' ? [{ ...record, ...noHashes }] : [],
  );
  for (const component of componentsOf(blind).map(evidenceOf)) {
    judgeLinks({ evidence: component, context }, sightings, tally, 'blind ');
  }
}

/** Called with the first falsely complete path of each kind. */
export type Note = (kind: string, path: Path, truth: readonly TruthPath[]) => void;

export class PathJudge {
  readonly #world: World;
  readonly #sightings: Sightings;
  readonly #tally: Tally;
  readonly #note: Note;
  readonly #truths: readonly TruthPath[];
  readonly #byConnection = new Map<number, TruthPath[]>();
  /** Links and paths that some path claimed rightly. */
  readonly #linksFound = new Set<string>();
  readonly #completed = new Set<TruthPath>();

  constructor(world: World, sightings: Sightings, tally: Tally, note: Note) {
    this.#world = world;
    this.#sightings = sightings;
    this.#tally = tally;
    this.#note = note;
    this.#truths = world.truth.paths();
    for (const truth of this.#truths) {
      for (const id of truth.chain) {
        this.#byConnection.set(id, [...(this.#byConnection.get(id) ?? []), truth]);
      }
    }
  }

  judge(path: Path): void {
    const tally = this.#tally;
    tally.add('paths');
    const chain = this.#chainOf(path);
    this.#judgeProxyLinks(path);
    judgeRoundTrips(path, this.#sightings, tally);
    judgeRequestTimes(path, this.#sightings, tally);
    if (chain.length === 0) {
      tally.add('paths without a stamp');
      return;
    }
    const candidates = (this.#byConnection.get(chain[0] ?? -1) ?? []).filter(({ chain: whole }) =>
      contains(whole, chain),
    );
    this.#judgeOutcome(path, candidates, chain);
    this.#judgeWhole(path, candidates, chain);
  }

  /** True connections of the hops, in order; empty where no hop shows a stamp. */
  #chainOf(path: Path): number[] {
    const chain: number[] = [];
    for (const hop of path.hops) {
      const ids = this.#sightings.ofHop(path, hop).map(({ connection }) => connection.id);
      if (ids.length === 0 || ids.some((id) => id === chain.at(-1))) continue;
      // Of two connections with the same stamp, the one that continues the chain.
      const last = chain.at(-1);
      const next = ids.find((id) => last !== undefined && this.#world.truth.isLinked(last, id));
      chain.push(next ?? ids[0] ?? -1);
    }
    return chain;
  }

  #judgeWhole(path: Path, candidates: readonly TruthPath[], chain: readonly number[]): void {
    const tally = this.#tally;
    const isComplete = path.completeness === 1 && path.class !== 'D' && path.class !== 'M';
    const exact = candidates.find(
      (truth) => truth.chain.length === chain.length && sameHops(path, truth),
    );
    if (path.class !== 'D' && path.class !== 'M')
      tally.addConfidence(path.confidence, candidates.length > 0);
    if (!isComplete) return;
    tally.add('claimed complete');
    if (exact !== undefined) {
      this.#completed.add(exact);
      return;
    }
    tally.add('falsely complete');
    const kind = this.#whyFalse(path, candidates, chain);
    if (tally.get(`false: ${kind}`) === 0) this.#note(kind, path, candidates);
    tally.add(`false: ${kind}`);
  }

  #whyFalse(path: Path, candidates: readonly TruthPath[], chain: readonly number[]): string {
    const [truth] = candidates;
    if (truth === undefined) return 'connections joined that do not belong together';
    const { isBalancerWatched, balancer } = this.#world.plan;
    if (chain[0] !== truth.chain[0]) {
      const isUnwatched = balancer !== 'none' && !isBalancerWatched;
      return `${isUnwatched ? 'unwatched load balancer' : 'start of the path'} missing (begins at ${path.hops[0]?.from.role})`;
    }
    if (chain.length < truth.chain.length)
      return `end of the path missing (ends at ${path.hops.at(-1)?.to.role})`;
    const said = path.hops.length - truth.hops.length;
    return said < 0
      ? `a hop missing within a connection (begins at ${path.hops[0]?.from.role})`
      : `hops differ (begins at ${path.hops[0]?.from.role}, ends at ${path.hops.at(-1)?.to.role})`;
  }

  #judgeOutcome(path: Path, candidates: readonly TruthPath[], chain: readonly number[]): void {
    const truths = candidates.filter((truth) => truth.chain[0] === chain[0]);
    if (truths.length === 0) return;
    const isRefusalLost = chain.every((id) => !this.#sightings.refusals.has(id));
    const { truth } = this.#world;
    const wanted = new Set([...truths.map(({ outcome }) => outcome), truth.outcomeOf(chain)]);
    const isSilent = path.outcome === 'unknown';
    this.#tally.add('outcomes');
    if (wanted.has(path.outcome)) this.#tally.add('outcomes right');
    else if (isSilent && (wanted.has('served') || isRefusalLost))
      this.#tally.add('outcomes not claimed');
    else this.#tally.add(`outcome wrong: ${path.outcome} for ${[...wanted].join()}`);
  }

  #judgeProxyLinks(path: Path): void {
    for (const [index, hop] of path.hops.entries()) {
      const before = path.hops[index - 1];
      if (hop.kind !== 'proxy' || before === undefined || hop.class === 'D') continue;
      const ends = [this.#nearest(path, index - 1, -1), this.#nearest(path, index, 1)];
      const [inbound, outbound] = ends;
      if (inbound === undefined || outbound === undefined) {
        this.#tally.add('proxy links without a stamp');
        continue;
      }
      const isRight = this.#world.truth.isLinked(inbound, outbound);
      this.#tally.add(`proxy links class ${hop.class}`);
      this.#tally.add('proxy links');
      const { proxy, http2 } = this.#world.plan;
      const model = http2.share > 0 ? 'HTTP/2' : proxy.model;
      this.#tally.add(`proxy links of ${model}`);
      if (isRight) {
        this.#tally.add('proxy links right');
        this.#tally.add(`proxy links right of ${model}`);
        this.#tally.add(`proxy links right class ${hop.class}`);
        this.#linksFound.add(`${inbound}>${outbound}`);
      } else if (this.#tally.get('noted proxy link') === 0) {
        this.#tally.add('noted proxy link');
        this.#note('wrong proxy link', path, this.#byConnection.get(outbound) ?? []);
      }
    }
  }

  /** The connection of the first stamped hop from `index` on, as far as the connection goes. */
  #nearest(path: Path, index: number, step: 1 | -1): number | undefined {
    for (let at = index; ; at += step) {
      const hop = path.hops[at];
      if (hop === undefined || (step === 1 && at > index && hop.kind === 'proxy')) return undefined;
      const [sighting] = this.#sightings.ofHop(path, hop);
      if (sighting !== undefined) return sighting.connection.id;
      if (step === -1 && hop.kind === 'proxy') return undefined;
    }
  }

  /** Recall: what was there to be said. */
  countUnseen(): void {
    const { truth } = this.#world;
    this.#tally.add('true paths', this.#truths.length);
    this.#tally.add('true proxy links found', this.#linksFound.size);
    this.#tally.add('true paths completed', this.#completed.size);
    for (const path of this.#truths) {
      const isSeen = path.chain.every((id) => {
        const sites = truth.connections.get(id)?.route.sites.length ?? -1;
        return this.#sightings.legs.get(id)?.size === sites;
      });
      if (isSeen) this.#tally.add('true paths seen whole');
      if (isSeen && this.#completed.has(path))
        this.#tally.add('true paths seen whole and completed');
      for (const [index, inbound] of path.chain.entries()) {
        const outbound = path.chain[index + 1];
        if (outbound !== undefined && this.#isSeen(inbound) && this.#isSeen(outbound))
          this.#tally.add('true proxy links seen');
      }
    }
  }

  #isSeen(id: number): boolean {
    return [...(this.#sightings.legs.get(id)?.values() ?? [])].some((hasPair) => hasPair);
  }
}

function contains(whole: readonly number[], part: readonly number[]): boolean {
  const start = whole.indexOf(part[0] ?? -1);
  return part.every((id, index) => whole[start + index] === id);
}

function sameHops(path: Path, truth: TruthPath): boolean {
  return (
    path.hops.length === truth.hops.length &&
    path.hops.every((hop, index) => {
      const { from, to, crossesNode } = truth.hops[index] ?? {
        from: '',
        to: '',
        crossesNode: false,
      };
      return show(hop.from) === from && show(hop.to) === to && hop.crossesNode === crossesNode;
    })
  );
}

function show(party: Hop['from']): string {
  return formatEndpoint(party);
}
