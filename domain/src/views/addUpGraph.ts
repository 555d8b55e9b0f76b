/** Edges as the store counts them, to the parties between which they lie. */
import type { GraphEdge, GraphParty } from '../rest/serviceGraph.ts';

/** Role, name, machine; empty where it is not known. */
type PartyKey = readonly [GraphParty['role'], string, string];

export interface CountedEdge {
  readonly kind: GraphEdge['kind'];
  readonly source: PartyKey;
  readonly target: PartyKey;
  readonly requests: number;
  readonly crossesNode: number;
  readonly extra: number;
  readonly notJudged: number;
  readonly refused: number;
  readonly unseen: number;
  readonly measured: number;
  readonly medianNs: number | null;
  readonly p99Ns: number | null;
  readonly boundNs: number | null;
  readonly sourceIps: readonly string[];
  readonly targetIps: readonly string[];
  /** Of the target. */
  readonly ports: readonly number[];
}

const MAX_PORTS = 16;

/**
 * Parties in order of their first edge. A party counts the requests that came in or went out, whichever are more: it
 * answers some itself, and where it comes first nothing comes in.
 */
export function addUpGraph(
  edges: readonly CountedEdge[],
  zoneOf: ReadonlyMap<string, string>,
): { parties: GraphParty[]; edges: GraphEdge[] } {
  const zone = ([, , node]: PartyKey) => zoneOf.get(node) ?? null;
  const parties = new Map<string, Tally>();
  for (const edge of edges) {
    const source = tallyOf(parties, edge.source);
    const target = tallyOf(parties, edge.target);
    source.out += edge.requests;
    target.in += edge.requests;
    for (const ip of edge.sourceIps) source.ips.add(ip);
    for (const ip of edge.targetIps) target.ips.add(ip);
    for (const port of edge.ports) target.ports.add(port);
  }
  return {
    parties: [...parties].map(([id, tally]) => ({
      id,
      role: tally.key[0],
      name: tally.key[1],
      node: tally.key[2] === '' ? null : tally.key[2],
      zone: zone(tally.key),
      addresses: tally.ips.size,
      ports: [...tally.ports].sort((a, b) => a - b).slice(0, MAX_PORTS),
      requests: Math.max(tally.in, tally.out),
    })),
    edges: edges.map(({ source, target, sourceIps: _s, targetIps: _t, ports: _p, ...figures }) => ({
      ...figures,
      source: idOf(source),
      target: idOf(target),
      crossesZone: differs(zone(source), zone(target)),
    })),
  };
}

interface Tally {
  readonly key: PartyKey;
  in: number;
  out: number;
  readonly ips: Set<string>;
  readonly ports: Set<number>;
}

function tallyOf(parties: Map<string, Tally>, key: PartyKey): Tally {
  const id = idOf(key);
  const tally = parties.get(id) ?? { key, in: 0, out: 0, ips: new Set(), ports: new Set() };
  parties.set(id, tally);
  return tally;
}

function idOf([role, name, node]: PartyKey): string {
  return [role, name, node].join(' ').trim();
}

function differs(a: string | null, b: string | null): boolean | null {
  return a === null || b === null ? null : a !== b;
}
