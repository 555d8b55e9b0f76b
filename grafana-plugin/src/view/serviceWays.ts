/** The graph of a service as the API counts it: to marks and bands, to crossings, and to what is wrong in words. */
import { formatNs, formatShare, plural } from './format.ts';
import type { GraphNode, ServiceGraph } from './graphModel.ts';
import type { GraphParty, ServiceWays, WayEdge } from './model.ts';
import { causeText, ROLE_WORDS, SCENARIO_WORDS } from './words.ts';

const STAGE_OF_ROLE: Record<GraphParty['role'], number> = {
  client: 0,
  'load-balancer': 1,
  node: 2,
  ingress: 3,
  app: 4,
  pod: 4,
  unknown: 4,
};
/** A share of hops that no agent saw from which it is worth saying. */
const UNSEEN_SHARE = 0.2;

export function partyTitle({
  role,
  name,
  node,
}: Pick<GraphParty, 'role' | 'name' | 'node'>): string {
  if (role === 'client') return 'clients';
  const short = name.slice(name.indexOf('/') + 1);
  return short === '' ? (node ?? ROLE_WORDS[role]) : short;
}

/** The marks and bands of the drawing. */
export function graphOfWays({ parties, edges, totals }: ServiceWays): ServiceGraph {
  return {
    nodes: parties.map(nodeOf),
    edges: edges.map((edge) => {
      const isBound = edge.medianNs === null && edge.boundNs !== null;
      return {
        id: `${edge.source} → ${edge.target} ${edge.kind}`,
        source: edge.source,
        target: edge.target,
        paths: edge.requests,
        share: totals.requests === 0 ? 0 : Math.min(1, edge.requests / totals.requests),
        medianNs: isBound ? edge.boundNs : edge.medianNs,
        p99Ns: edge.p99Ns,
        isBound,
        measured: edge.measured,
        extra: edge.extra,
        refused: edge.refused,
        unseen: edge.unseen,
      };
    }),
  };
}

function nodeOf(party: GraphParty): GraphNode {
  const stage = STAGE_OF_ROLE[party.role];
  const { id, role, name, node, zone, requests: paths } = party;
  const machine = role === 'client' ? null : node;
  return { id, stage, title: partyTitle(party), subtitle: subtitleOf(), machine, paths };

  function subtitleOf(): string {
    if (role === 'client') return plural(party.addresses, 'address', 'addresses');
    const place = zone === null ? '' : zone;
    if (role === 'node') {
      const [port] = party.ports;
      const ports = party.ports.length === 1 ? `port ${port}` : plural(party.ports.length, 'port');
      return [ports, place].filter((text) => text !== '').join(' · ');
    }
    const on = node === null || node === name ? '' : `on ${node}`;
    return [on, place].filter((text) => text !== '').join(' · ');
  }
}

export interface Crossing {
  readonly from: string;
  readonly to: string;
  readonly crossesZone: boolean | null;
  readonly requests: number;
  readonly extra: number;
  readonly medianNs: number | null;
}

/** Hops between two machines, added up by the pair of machines: the busiest first. Clients have no machine. */
export function crossingsOf({ parties, edges }: ServiceWays): Crossing[] {
  const byId = new Map(parties.map((party) => [party.id, party]));
  const pairs = new Map<string, Crossing>();
  for (const edge of edges) {
    const from = byId.get(edge.source)?.node ?? null;
    const to = byId.get(edge.target)?.node ?? null;
    if (from === null || to === null || edge.crossesNode === 0) continue;
    const key = `${from} ${to}`;
    const before = pairs.get(key);
    pairs.set(key, {
      from,
      to,
      crossesZone: edge.crossesZone,
      requests: (before?.requests ?? 0) + edge.crossesNode,
      extra: (before?.extra ?? 0) + edge.extra,
      // Of two sorts of hops between the same machines the slower median bounds both.
      medianNs: larger(before?.medianNs ?? null, edge.medianNs),
    });
  }
  return [...pairs.values()].sort((a, b) => b.requests - a.requests);
}

function larger(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}

export interface Finding {
  readonly tone: 'refused' | 'extra' | 'unknown' | 'served';
  readonly text: string;
  /** What it costs; empty: not known. */
  readonly cost: string;
  /** What to change or to look at; empty: nothing. */
  readonly remedy: string;
  readonly about: 'refusals' | 'extraHops' | 'client' | 'gaps' | 'none';
}

/** What is wrong, what it costs and what to do, the gravest first. Says no more than was counted. */
export function findingsOf(ways: ServiceWays): Finding[] {
  if (ways.totals.requests === 0) return [];
  const found = [...refusedOf(ways), ...extraOf(ways), ...clientOf(ways)];
  const gaps = unseenOf(ways);
  if (found.length > 0) return [...found, ...gaps];
  const fine: Finding = {
    tone: gaps.length === 0 ? 'served' : 'unknown',
    text: `No refusal and no known extra hop in ${plural(ways.totals.requests, 'request')}.`,
    cost: '',
    remedy: '',
    about: 'none',
  };
  return [fine, ...gaps];
}

function refusedOf({ totals, edges, parties }: ServiceWays): Finding[] {
  const { reset = 0, rejected = 0, dropped = 0 } = totals.outcomes;
  const refused = reset + rejected + dropped;
  if (refused === 0) return [];
  const [worst] = [...edges].sort((a, b) => b.refused - a.refused);
  const at = parties.find(({ id }) => id === worst?.target);
  const where =
    worst === undefined || worst.refused === 0 || at === undefined
      ? ''
      : worst.refused === refused
        ? `, all on the way to ${partyTitle(at)}`
        : `, ${worst.refused} of them on the way to ${partyTitle(at)}`;
  const causes = Object.entries(totals.refusals).sort((a, b) => b[1] - a[1]);
  const [cause] = causes;
  return [
    {
      tone: 'refused',
      text: `${refused} of ${plural(totals.requests, 'request')} refused (${formatShare(refused, totals.requests)})${where}.`,
      cost:
        dropped > 0
          ? `${dropped} of them got no answer at all: such a client waits until its time-out.`
          : '',
      remedy:
        cause === undefined
          ? ''
          : `Most frequent cause: ${causeText(cause[0])}${causes.length > 1 ? ` (${cause[1]} of ${refused})` : ''}. The refusals say what to change.`,
      about: 'refusals',
    },
  ];
}

function extraOf({ totals, edges, parties }: ServiceWays): Finding[] {
  if (totals.withExtraHops === 0) return [];
  const [worst] = [...edges].sort((a, b) => b.extra - a.extra);
  const name = (id: string) => {
    const party = parties.find((each) => each.id === id);
    return party === undefined ? id : partyTitle(party);
  };
  const where =
    worst === undefined ? '' : ` Most of them: ${name(worst.source)} → ${name(worst.target)}.`;
  return [
    {
      tone: 'extra',
      text: `${formatShare(totals.withExtraHops, totals.requests)} of requests cross machines where an allowed choice would not have.${where}`,
      cost: extraCost(edges),
      remedy: extraRemedy(worst),
      about: 'extraHops',
    },
  ];
}

/** Which choice it was depends on who made the hop: a node by its NAT, or a proxy. */
function extraRemedy(worst: WayEdge | undefined): string {
  const see = 'A path with one says which choice was allowed.';
  if (worst?.kind === 'nodeForward')
    return `${see} Here nodes chose: externalTrafficPolicy: Local keeps a node to its own Pods, and machines without a ready Pod then refuse. Compare before and after.`;
  if (worst?.kind === 'proxy')
    return `${see} Here a proxy reached a Pod on another machine: externalTrafficPolicy does not change that.`;
  return see;
}

function extraCost(edges: readonly WayEdge[]): string {
  const medians = edges
    .filter(({ extra, medianNs }) => extra > 0 && medianNs !== null)
    .map(({ medianNs }) => medianNs ?? 0)
    .sort((a, b) => a - b);
  const [low] = medians;
  const high = medians.at(-1);
  if (low === undefined || high === undefined) return 'What it costs was not measured.';
  const range =
    formatNs(low) === formatNs(high) ? formatNs(low) : `${formatNs(low)} to ${formatNs(high)}`;
  return `Median round trip of such a hop: ${range}.`;
}

function clientOf({ scenarios, totals }: ServiceWays): Finding[] {
  const [worst] = scenarios.filter(({ remedy }) => remedy !== '');
  if (worst === undefined) return [];
  return [
    {
      tone: worst.contradicted > 0 ? 'refused' : 'extra',
      text: `Client address: ${SCENARIO_WORDS[worst.scenario]} in ${formatShare(worst.requests, totals.requests)} of requests.`,
      cost: worst.text,
      remedy: worst.remedy,
      about: 'client',
    },
  ];
}

function unseenOf({ edges }: ServiceWays): Finding[] {
  const hops = edges.reduce((sum, { requests }) => sum + requests, 0);
  const unseen = edges.reduce((sum, edge) => sum + edge.unseen, 0);
  if (unseen === 0 || unseen / hops < UNSEEN_SHARE) return [];
  return [
    {
      tone: 'unknown',
      text: `${formatShare(unseen, hops)} of hops were not seen by an agent: what happened there is concluded, or not known.`,
      cost: '',
      remedy: 'See under Agents which machines have none, or a silent one.',
      about: 'gaps',
    },
  ];
}
