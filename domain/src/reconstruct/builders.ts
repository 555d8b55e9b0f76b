/** Builders for tests: a connection is described by the taps it passes; only what matters is said. */
import type { Endpoint, Tuple } from '../model/tuple.ts';
import { reverseTuple } from '../model/tuple.ts';
import { buildTopology, type Topology } from '../topology/topology.ts';
import { kubernetesObjectSchema } from '../wire/kubernetes.ts';
import type {
  Context,
  Evidence,
  Exchange,
  Leg,
  ProxyHeader,
  ProxyLink,
  Refusal,
} from './evidence.ts';
import { NO_EVIDENCE } from './evidence.ts';

const T0_US = 1_790_000_000_000_000;

/** `10.0.0.1:80`; IPv4 only. */
export function at(text: string): Endpoint {
  const [ip = '', port = '0'] = text.split(':');
  return { ip, port: Number(port) };
}

/** `a:1 > b:2`. */
export function flow(text: string): Tuple {
  const [src = '', dst = ''] = text.split(' > ');
  return { src: at(src), dst: at(dst) };
}

export interface TapSpec {
  readonly node: string;
  readonly role: Leg['tap']['role'];
  readonly direction: Leg['tap']['synDirection'];
  readonly tuple: string;
  /** Before and after this node's NAT, both client to server. */
  readonly nat?: readonly [string, string];
}

export interface ConnectionSpec {
  readonly id: number;
  readonly taps: readonly TapSpec[];
  readonly startUs?: number;
  /** Time from tap to tap, one way; the server answers at once. */
  readonly stepNs?: number;
  readonly isAnswered?: boolean;
  readonly hasResponse?: boolean;
  readonly ttl?: number;
}

const hex = (value: number) => value.toString(16).padStart(16, '0');
export const pairHashOf = (id: number) => hex(id * 16 + 3);
const clientHashOf = (id: number) => hex(id * 16 + 1);

/** Legs of one connection: TTL falls by one at each forwarding, handshake times nest. */
export function legsOf(spec: ConnectionSpec): Leg[] {
  const stepNs = spec.stepNs ?? 10_000;
  const isAnswered = spec.isAnswered ?? true;
  let ttl = spec.ttl ?? 64;
  return spec.taps.map((tap, index): Leg => {
    const before = spec.taps[index - 1];
    if (before !== undefined && before.direction === 'rx' && tap.direction === 'tx') ttl -= 1;
    const remaining = spec.taps.length - 1 - index;
    const synNs = index * stepNs;
    const synAckNs = synNs + 2 * remaining * stepNs;
    const ackNs = synAckNs + 2 * index * stepNs;
    const legId = spec.id * 100 + index;
    return {
      kind: 'leg',
      cluster: 'test',
      node: tap.node,
      bootId: 'boot-1',
      seq: legId,
      legId,
      revision: 0,
      startUs: spec.startUs ?? T0_US,
      tap: {
        netns: tap.role === 'pod' ? 2 : 1,
        ifindex: index + 2,
        role: tap.role,
        synDirection: tap.direction,
      },
      tuple: flow(tap.tuple),
      original: tap.nat === undefined ? null : flow(tap.nat[0]),
      reply: tap.nat === undefined ? null : reverseTuple(flow(tap.nat[1])),
      clientIsnHash: clientHashOf(spec.id),
      serverIsnHash: isAnswered ? hex(spec.id * 16 + 2) : null,
      isnPairHash: isAnswered ? pairHashOf(spec.id) : null,
      synTtl: ttl,
      synCount: 1,
      synNs,
      synAckNs: isAnswered ? synAckNs : null,
      ackNs: isAnswered ? ackNs : null,
      firstRequestNs: isAnswered ? ackNs + 1000 : null,
      firstResponseNs: isAnswered && (spec.hasResponse ?? true) ? ackNs + 500_000 : null,
      endNs: null,
      end: isAnswered ? 'fin' : 'unanswered',
    };
  });
}

export function refusalOf(id: number, tap: TapSpec, fields: Partial<Refusal>): Refusal {
  return {
    kind: 'refusal',
    cluster: 'test',
    node: tap.node,
    bootId: 'boot-1',
    seq: id * 100 + 90,
    startUs: T0_US,
    tap: { netns: 1, ifindex: 2, role: tap.role, synDirection: tap.direction },
    tuple: flow(tap.tuple),
    clientIsnHash: clientHashOf(id),
    refusal: 'dropped',
    evidence: 'kfreeSkb',
    afterNs: 200_000_000,
    synCount: 1,
    icmpType: 0,
    icmpCode: 0,
    reason: '',
    ...fields,
  };
}

/** `cause` and `effect` are connection ids; burst 1 unless said. */
export function linkOf(
  side: 'request' | 'response',
  subject: number,
  lastRead: number | null,
  oldest: number | null,
  burst = 1,
): ProxyLink {
  const ref = (id: number | null) => (id === null ? null : { isnPairHash: pairHashOf(id), burst });
  return {
    kind: 'proxyLink',
    cluster: 'test',
    node: 'node2',
    bootId: 'boot-1',
    seq: subject * 100 + 70 + burst * 2 + (side === 'request' ? 0 : 1),
    startUs: T0_US,
    netns: 2,
    pid: 42,
    side,
    subject: { isnPairHash: pairHashOf(subject), burst },
    lastRead: ref(lastRead),
    oldest: ref(oldest),
    process: 'nginx',
  };
}

export function headerOf(id: number, claimed: string | null): ProxyHeader {
  return {
    kind: 'proxyHeader',
    cluster: 'test',
    node: 'node2',
    bootId: 'boot-1',
    seq: id * 100 + 60,
    startUs: T0_US,
    isnPairHash: pairHashOf(id),
    version: 2,
    command: 'proxy',
    claimed: claimed === null ? null : flow(claimed),
  };
}

export function evidenceOf(
  ...records: (Leg | Refusal | ProxyLink | ProxyHeader | Exchange)[]
): Evidence {
  return {
    ...NO_EVIDENCE,
    legs: records.filter((record): record is Leg => record.kind === 'leg'),
    refusals: records.filter((record): record is Refusal => record.kind === 'refusal'),
    proxyLinks: records.filter((record): record is ProxyLink => record.kind === 'proxyLink'),
    proxyHeaders: records.filter((record): record is ProxyHeader => record.kind === 'proxyHeader'),
    exchanges: records.filter((record): record is Exchange => record.kind === 'exchange'),
  };
}

export interface ServiceSpec {
  readonly name: string;
  readonly nodePort: number;
  readonly policy?: 'Cluster' | 'Local';
  /** `ip:port@node`. */
  readonly endpoints: readonly string[];
}

/** Three nodes 192.168.50.11–13, ingress Pods 10.244.N.10 on node1 and node2, app Pods 10.244.N.20 on all. */
export function clusterOf(services: readonly ServiceSpec[]): Context {
  return { cluster: 'test', topology: topologyOf(services), addressesByNode: new Map() };
}

function topologyOf(services: readonly ServiceSpec[]): Topology {
  const nodes = [1, 2, 3].map((n) => ({
    kind: 'Node',
    metadata: { name: `node${n}` },
    status: { addresses: [{ type: 'InternalIP', address: `192.168.50.1${n}` }] },
  }));
  const pods = [1, 2, 3].flatMap((n) => [
    podObject(`app-${n}`, n, `10.244.${n}.20`, {}),
    ...(n === 3
      ? []
      : [
          podObject(`ingress-${n}`, n, `10.244.${n}.10`, {
            'app.kubernetes.io/name': 'ingress-nginx',
          }),
        ]),
  ]);
  const objects = [...nodes, ...pods, ...services.flatMap(serviceObjects)];
  return buildTopology(objects.map((object) => kubernetesObjectSchema.parse(object)));
}

function podObject(name: string, node: number, ip: string, labels: Record<string, string>) {
  return {
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels },
    spec: { nodeName: `node${node}` },
    status: { podIPs: [{ ip }] },
  };
}

function serviceObjects({ name, nodePort, policy, endpoints }: ServiceSpec) {
  const parts = endpoints.map((text) => {
    const [endpoint = '', nodeName = ''] = text.split('@');
    return { ...at(endpoint), nodeName };
  });
  return [
    {
      kind: 'Service',
      metadata: {
        name,
        namespace: 'default',
        annotations: { 'hoptrace/load-balancer-addresses': '192.168.50.5' },
      },
      spec: {
        type: 'NodePort',
        externalTrafficPolicy: policy ?? 'Cluster',
        ports: [{ name: 'http', port: 80, nodePort }],
      },
    },
    {
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-1`,
        namespace: 'default',
        labels: { 'kubernetes.io/service-name': name },
      },
      ports: [{ name: 'http', port: parts[0]?.port ?? 80 }],
      endpoints: parts.map((part) => ({
        addresses: [part.ip],
        nodeName: part.nodeName,
        conditions: {},
      })),
    },
  ];
}
