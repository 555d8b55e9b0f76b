/**
 * Proxy edges without thread programs and PROXY headers: request ids, first flights, byte counters, and times.
 * Every world that tells of exchanges is given a second time without those two kinds of record.
 */
import { agree } from '@hoptrace/domain/reconstruct/agree.ts';
import { clean } from '@hoptrace/domain/reconstruct/clean.ts';
import type { Connection } from '@hoptrace/domain/reconstruct/connection.ts';
import type { Evidence } from '@hoptrace/domain/reconstruct/evidence.ts';
import { indexExchanges } from '@hoptrace/domain/reconstruct/exchanges.ts';
import { group } from '@hoptrace/domain/reconstruct/group.ts';
import { lowerRungs } from '@hoptrace/domain/reconstruct/lowerRungs.ts';
import { order } from '@hoptrace/domain/reconstruct/order.ts';
import { proxyClaims } from '@hoptrace/domain/reconstruct/proxyClaims.ts';
import { type ProxyPlace, proxyPlaces } from '@hoptrace/domain/reconstruct/proxyPlaces.ts';
import { tcpModeEdges } from '@hoptrace/domain/reconstruct/tcpModeEdges.ts';
import { isClaimed, MAX_LOAD, timePlace } from '@hoptrace/domain/reconstruct/timingEdges.ts';
import type { SimConnection } from '../simulator/connection.ts';
import type { World } from '../simulator/world.ts';
import { evidenceOf } from './components.ts';
import type { Tally } from './tally.ts';

/** By the mean number of other requests inside the proxy; above MAX_LOAD the engine claims nothing. */
export const LOADS = [0.1, 0.5, 1, MAX_LOAD, 5, 20] as const;
/** Above the engine's limit, to show what the limit is for; larger ones would take minutes. */
const MAX_JUDGED_LOAD = 5;

export function judgeLowerRungs(world: World, tally: Tally): void {
  if (!world.plan.taps.hasExchanges) return;
  const all = clean(evidenceOf(world.records), world.context.cluster);
  const blind: Evidence = { ...all, proxyLinks: [], proxyHeaders: [] };
  const connections = agree(order(group(blind)), world.context);
  const truth = new Truths(world, connections);
  judgeEdges(world, truth, tally, lowerRungs(connections, blind, [], world.context).edges);
  const places = proxyPlaces(connections, indexExchanges(blind.exchanges ?? []), world.context);
  judgeByteCounters(places, truth, tally);
  const nothingKnown = proxyClaims(connections, [], []);
  for (const place of places) {
    const timing = timePlace(place, nothingKnown, MAX_JUDGED_LOAD);
    if (timing === null) continue;
    const bucket = bucketOf(timing.load);
    const name = `timing ${world.plan.exchanges.sizes} ${bucket}`;
    tally.add(`${name} places`);
    if (timing.refusal !== null) continue;
    const possible = place.outbound.flatMap(({ exchanges }) => exchanges).length;
    tally.add(`${name} upstream exchanges`, possible);
    if (timing.load <= MAX_LOAD) tally.add('timing upstream exchanges', possible);
    for (const pair of timing.pairs) {
      const isRight = truth.areBurstsLinked(pair.inbound, pair.outbound);
      tally.addBin(name, pair.confidence, isRight);
      if (timing.load <= MAX_LOAD) tally.addBin('timing', pair.confidence, isRight);
      if (!isClaimed(pair)) continue;
      tally.add(`${name} claimed`);
      if (isRight) tally.add(`${name} claimed right`);
      if (timing.load > MAX_LOAD) continue;
      tally.add('timing claimed');
      if (isRight) tally.add('timing claimed right');
    }
  }
}

/** First flights would speak first; without them only lengths are left. */
function judgeByteCounters(places: readonly ProxyPlace[], truth: Truths, tally: Tally): void {
  const blind = ({ exchanges, ...rest }: ProxyPlace['inbound'][number]) => ({
    ...rest,
    exchanges: exchanges.map((each) => ({
      ...each,
      record: { ...each.record, firstFlightHash: null },
    })),
  });
  const edges = tcpModeEdges(
    places.map(({ key, inbound, outbound }) => ({
      key,
      inbound: inbound.map(blind),
      outbound: outbound.map(blind),
    })),
  );
  for (const { inboundKey, outboundKey } of edges) {
    tally.add('edges byteCounters');
    if (truth.isLinked(inboundKey, outboundKey)) tally.add('edges right byteCounters');
  }
}

export function bucketOf(load: number): string {
  const index = LOADS.findIndex((limit) => load <= limit);
  return index < 0 ? `above ${LOADS.at(-1)}` : `${LOADS[index - 1] ?? 0} to ${LOADS[index]}`;
}

interface Edge {
  readonly inboundKey: string;
  readonly outboundKey: string;
  readonly method: string;
}

function judgeEdges(world: World, truth: Truths, tally: Tally, edges: readonly Edge[]): void {
  for (const { inboundKey, outboundKey, method } of edges) {
    const name = method === 'requestId' ? `${method} ${world.plan.exchanges.requestIds}` : method;
    const isRight = truth.isLinked(inboundKey, outboundKey);
    if (method === 'byteCounters') continue;
    for (const each of new Set([name, method])) {
      tally.add(`edges ${each}`);
      if (isRight) tally.add(`edges right ${each}`);
    }
  }
}

interface Exchanged {
  readonly connectionKey: string;
  readonly record: { readonly burst: number };
}

/** The true connections behind the keys of reconstructed ones. */
class Truths {
  readonly #world: World;
  readonly #idByKey: ReadonlyMap<string, number>;

  constructor(world: World, connections: readonly Connection[]) {
    this.#world = world;
    const byPair = new Map(
      [...world.truth.connections.values()].flatMap((each): [string, SimConnection][] =>
        [each, each.outer].flatMap((hashes) => (hashes === null ? [] : [[hashes.pairHash, each]])),
      ),
    );
    this.#idByKey = new Map(
      // By the legs: of a connection that was cut in two, one half is without hashes of its own.
      connections.flatMap(({ key, legs }) =>
        legs.flatMap(({ isnPairHash }): [string, number][] => {
          const id = isnPairHash === null ? undefined : byPair.get(isnPairHash)?.id;
          return id === undefined ? [] : [[key, id]];
        }),
      ),
    );
  }

  isLinked(inboundKey: string, outboundKey: string): boolean {
    return this.#world.truth.isLinked(this.#idOf(inboundKey), this.#idOf(outboundKey));
  }

  areBurstsLinked(inbound: Exchanged, outbound: Exchanged): boolean {
    return this.#world.truth.areBurstsLinked(
      [this.#idOf(inbound.connectionKey), inbound.record.burst],
      [this.#idOf(outbound.connectionKey), outbound.record.burst],
    );
  }

  #idOf(key: string): number {
    return this.#idByKey.get(key) ?? -1;
  }
}
