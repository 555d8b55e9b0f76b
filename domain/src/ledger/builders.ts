/** Builders for tests of the verdict: one path from a few connections, judged as the reconstruction would. */
import {
  type ConnectionSpec,
  clusterOf,
  legsOf,
  linkOf,
  type TapSpec,
} from '../reconstruct/builders.ts';
import { type Chain, walkChains } from '../reconstruct/chains.ts';
import { clean } from '../reconstruct/clean.ts';
import { linkProxies } from '../reconstruct/edges.ts';
import type { Context, Evidence } from '../reconstruct/evidence.ts';
import { group } from '../reconstruct/group.ts';
import { hopsOf, timesOf } from '../reconstruct/hops.ts';
import { order } from '../reconstruct/order.ts';
import { type SourceVerdict, sourceVerdictSchema } from '../rest/path.ts';
import type { SourceEvidence } from './segments.ts';
import { sourceVerdictOf } from './sourceVerdict.ts';

export const C = '203.0.113.10';
export const LB = '192.168.50.5';
const INGRESS = ['10.244.1.10:80@node1', '10.244.2.10:80@node2'];
export const context = clusterOf([
  { name: 'ingress', nodePort: 30080, endpoints: INGRESS },
  { name: 'ingress-local', nodePort: 30081, policy: 'Local', endpoints: INGRESS },
  { name: 'app', nodePort: 30090, endpoints: ['10.244.3.20:8080@node3'] },
]);
/** No load balancer is listed. */
export const unlisted: Context = {
  ...context,
  topology: { ...context.topology, loadBalancerByIp: new Map() },
};
/** An agent runs on the load balancer, too. */
export const watched: Context = {
  ...context,
  addressesByNode: new Map([
    [
      'edge',
      [
        { ip: LB, ifname: 'eth0' },
        { ip: '203.0.113.2', ifname: 'eth1' },
      ],
    ],
  ]),
};

export const tap = (node: string, role: TapSpec['role'], direction: TapSpec['direction']) =>
  ({ node, role, direction }) as const;

/** src → NodePort of node3 → ingress Pod on node2, which sees `seen`. */
export function crossNode(id: number, src: string, seen = '192.168.50.13:19716'): ConnectionSpec {
  const nat = [`${src} > 192.168.50.13:30080`, `${seen} > 10.244.2.10:80`] as const;
  return {
    id,
    taps: [
      { ...tap('node3', 'uplink', 'rx'), tuple: nat[0], nat },
      { ...tap('node3', 'uplink', 'tx'), tuple: nat[1], nat },
      { ...tap('node2', 'uplink', 'rx'), tuple: nat[1] },
      { ...tap('node2', 'pod', 'rx'), tuple: nat[1] },
    ],
  };
}

/** src → port of node2 → ingress Pod on node2. */
export function sameNode(id: number, src: string, port: number, seen: string): ConnectionSpec {
  const nat = [`${src} > 192.168.50.12:${port}`, `${seen} > 10.244.2.10:80`] as const;
  return {
    id,
    taps: [
      { ...tap('node2', 'uplink', 'rx'), tuple: nat[0], nat },
      { ...tap('node2', 'podVeth', 'tx'), tuple: nat[1], nat },
      { ...tap('node2', 'pod', 'rx'), tuple: nat[1] },
    ],
  };
}

/** Straight to a Pod or a process, no NAT that conntrack would know. */
export function plain(
  id: number,
  node: string,
  role: TapSpec['role'],
  tuple: string,
): ConnectionSpec {
  return { id, taps: [{ ...tap(node, role, 'rx'), tuple }] };
}

/** ingress Pod on node2 → app Pod on node3. */
export function toApp(id: number): ConnectionSpec {
  const tuple = '10.244.2.10:51000 > 10.244.3.20:8080';
  return {
    id,
    taps: [
      { ...tap('node2', 'pod', 'tx'), tuple },
      { ...tap('node3', 'pod', 'rx'), tuple },
    ],
  };
}

/** The client's connection to the load balancer, seen there. */
export const atBalancer = (id: number, src = `${C}:47138`) =>
  legsOf(plain(id, 'edge', 'uplink', `${src} > 203.0.113.2:8041`));

export const linked = (outbound: number, inbound: number) => [
  linkOf('request', outbound, inbound, inbound),
  linkOf('response', inbound, outbound, outbound),
];

function verdictOfChain(
  chain: Chain,
  where: Context,
  more: Partial<SourceEvidence>,
): SourceVerdict | null {
  const drafts = hopsOf(chain, where);
  return sourceVerdictOf({
    hops: drafts.map(({ leg, ...draft }, index) => ({
      index,
      ...draft,
      times: timesOf(leg, leg?.startUs ?? 0),
    })),
    arrivals: drafts.map(({ leg }) => leg?.tuple.src ?? null),
    headers: chain.map(({ connection }) => connection.proxyHeader),
    context: where,
    ...more,
  });
}

export function judge(evidence: Evidence, where = context, more: Partial<SourceEvidence> = {}) {
  const cleaned = clean(evidence, where.cluster);
  const connections = order(group(cleaned));
  const chains = walkChains(connections, linkProxies(connections, cleaned, where));
  const [only, another] = chains;
  if (only === undefined || another !== undefined)
    throw new Error(`the evidence makes ${chains.length} paths, not one`);
  return sourceVerdictSchema.parse(verdictOfChain(only, where, more));
}

/** `party sees`, is it the client, can the party learn the client. */
export const seenBy = (verdict: SourceVerdict) =>
  verdict.clientSeenBy.map(({ party, sees, isClient, recoverable }) => [
    `${party} ${sees}`,
    isClient,
    recoverable,
  ]);

/** What the load balancer's PROXY header says of the client. */
export const claim = `${C}:47138 > 203.0.113.2:8041`;
