/**
 * Paths for tests of stores, API and views, in the form that the domain's reconstruction gives them:
 *
 *   client 203.0.113.10 ─► haproxy 192.168.50.5 ─► NodePort on node1..3 (192.168.50.11..13) ─► ingress Pod ─► app Pod
 *
 * Pods live in 10.244.N.0/24 on nodeN. Each call makes fresh documents, so that no test can spoil another's.
 */
import type { Hop, HopTimes, Party, Path, RefusalInfo } from '@hoptrace/domain/rest/path.ts';

/** 2026-09-01T14:03:07.412318Z */
export const SAMPLE_STARTED_AT_US = Date.UTC(2026, 8, 1, 14, 3, 7, 412) * 1000 + 318;

const CLIENT_IP = '203.0.113.10';
const NOT_SEEN: HopTimes = {
  synNs: null,
  establishedNs: null,
  firstRequestNs: null,
  firstResponseNs: null,
  endNs: null,
  clock: null,
};

const client = (port: number, observed = false): Party => ({
  role: 'client',
  name: null,
  node: null,
  ip: CLIENT_IP,
  port,
  observed,
});
const balancer = (ip: string, port: number): Party => ({
  role: 'load-balancer',
  name: 'load-balancer',
  node: null,
  ip,
  port,
  observed: false,
});
const node = (number: number, port: number): Party => ({
  role: 'node',
  name: `node${number}`,
  node: `node${number}`,
  ip: `192.168.50.${10 + number}`,
  port,
  observed: true,
});
const pod = (role: 'ingress' | 'app', number: number, port: number): Party => ({
  role,
  name: `default/${role}-${number}`,
  node: `node${number}`,
  ip: `10.244.${number}.${role === 'ingress' ? 10 : 20}`,
  port,
  observed: true,
});

/** Microseconds after the path's start, by one node's clock. */
function seen(clock: string, us: { syn: number; first?: number; last?: number }): HopTimes {
  const { syn, first, last } = us;
  if (first === undefined) return { ...NOT_SEEN, clock, synNs: syn * 1000 };
  return {
    clock,
    synNs: syn * 1000,
    establishedNs: (syn + 310) * 1000,
    firstRequestNs: (syn + 420) * 1000,
    firstResponseNs: first * 1000,
    endNs: last === undefined ? null : last * 1000,
  };
}

const rtt = (us: number, method: NonNullable<Hop['rtt']>['method']): NonNullable<Hop['rtt']> => ({
  valueNs: us * 1000,
  lowNs: method === 'handshakeDifference' ? us * 1000 - 1200 : 0,
  highNs: us * 1000 + 1200,
  method,
});

type HopRest = Partial<Omit<Hop, 'index' | 'from' | 'to'>>;

function hop(from: Party, to: Party, rest: HopRest): Omit<Hop, 'index'> {
  return {
    from,
    to,
    kind: 'network',
    crossesNode: true,
    extra: false,
    extraReason: null,
    rtt: null,
    rewrite: null,
    class: 'A',
    times: NOT_SEEN,
    ...rest,
  };
}

interface Draft extends Partial<Omit<Path, 'hops' | 'service'>> {
  readonly hops: readonly Omit<Hop, 'index'>[];
  readonly service: string | null;
}

/** `number` makes the id differ; `startedAtUs` is its first part. */
function path(number: number, startedAtUs: number, draft: Draft): Path {
  const hops = draft.hops.map((each, index) => ({ index, ...each }));
  const time = startedAtUs.toString(36).padStart(11, '0');
  return {
    version: 6,
    cluster: 'lab',
    client: { ip: CLIENT_IP, port: hops[0]?.from.port ?? null, source: 'socket' },
    outcome: 'served',
    crossings: hops.filter((each) => each.crossesNode === true).length,
    extraHops: hops.filter((each) => each.extra === true).length,
    class: 'A',
    confidence: 0.9998,
    completeness: 1,
    refusal: null,
    warnings: [],
    ...draft,
    pathId: `${time}-${(0xabc0_0000 + number).toString(16).padStart(16, '0')}`,
    startedAtUs,
    service:
      draft.service === null ? null : { namespace: 'default', name: draft.service, port: 'http' },
    hops,
  };
}

function refused(number: number, startedAtUs: number, at: Party, refusal: RefusalInfo): Path {
  const from = client(40_500 + number);
  const service = { noEndpoints: 'empty', noLocalEndpoints: 'ingress-local' }[refusal.cause];
  return path(number, startedAtUs, {
    service: service ?? null,
    outcome: refusal.kind,
    version: 2,
    hops: [hop(from, at, { times: seen(at.node ?? '', { syn: 0 }) })],
    refusal,
  });
}

const KUBE_PROXY = (name: string) =>
  `kube-proxy on ${name} masquerades external connections under externalTrafficPolicy: Cluster`;

/** Client → haproxy with PROXY v2 → node3 → ingress Pod on node2 → app Pod on node1: SNAT, and two extra hops. */
export function crossNodePath(startedAtUs = SAMPLE_STARTED_AT_US): Path {
  const from = client(47_138);
  const entry = node(3, 30_082);
  const ingress = pod('ingress', 2, 80);
  return path(1, startedAtUs, {
    service: 'ingress',
    version: 14,
    client: { ip: CLIENT_IP, port: from.port, source: 'proxyProtocol' },
    class: 'B',
    confidence: 0.98985,
    completeness: 0.75,
    hops: [
      hop(from, balancer('203.0.113.2', 8042), { class: 'B' }),
      hop(balancer('192.168.50.5', 33_000), entry, {
        kind: 'proxy',
        rtt: rtt(180, 'handshakeToClient'),
        rewrite: {
          mechanism: 'proxyProtocol',
          before: `${CLIENT_IP}:47138`,
          after: '192.168.50.5:33000',
          cause:
            'load-balancer opens a connection of its own and announces the client in a PROXY v2 header',
          recoverable: true,
        },
        times: seen('node3', { syn: 0, first: 9_400, last: 9_900 }),
      }),
      hop(entry, ingress, {
        kind: 'nodeForward',
        extra: true,
        extraReason:
          'node3 has no endpoint of default/ingress; had the request entered on node1 or node2, it would not have crossed',
        rtt: rtt(240, 'handshakeDifference'),
        rewrite: {
          mechanism: 'snat',
          before: '192.168.50.5:33000',
          after: '192.168.50.13:19716',
          cause: KUBE_PROXY('node3'),
          recoverable: true,
        },
        times: seen('node2', { syn: 130, first: 9_250, last: 9_800 }),
      }),
      hop(ingress, pod('app', 1, 8080), {
        kind: 'proxy',
        extra: true,
        extraReason: 'node2 has a ready endpoint of default/app itself: default/app-2',
        rtt: rtt(4_100, 'handshakeDifference'),
        rewrite: {
          mechanism: 'tcpProxy',
          before: '192.168.50.13:19716',
          after: '10.244.2.10:51000',
          cause: 'default/ingress-2 opens a connection of its own',
          recoverable: null,
        },
        times: seen('node1', { syn: 2_900, first: 7_000, last: 7_300 }),
      }),
    ],
  });
}

/** Cluster policy, and the Pod chosen is on the entry node: one crossing, yet the source is rewritten. */
export function sameNodePath(startedAtUs = SAMPLE_STARTED_AT_US): Path {
  const from = client(40_002);
  const entry = node(2, 30_080);
  return path(2, startedAtUs, {
    service: 'ingress',
    hops: [
      hop(from, entry, {
        rtt: rtt(410, 'handshakeToClient'),
        times: seen('node2', { syn: 0, first: 2_100, last: 2_400 }),
      }),
      hop(entry, pod('ingress', 2, 80), {
        kind: 'nodeForward',
        crossesNode: false,
        rtt: rtt(21, 'handshakeDifference'),
        rewrite: {
          mechanism: 'snat',
          before: `${CLIENT_IP}:40002`,
          after: '10.244.2.1:5555',
          cause: KUBE_PROXY('node2'),
          recoverable: false,
        },
        times: seen('node2', { syn: 15, first: 2_060, last: 2_390 }),
      }),
    ],
  });
}

/** Local policy with a local Pod: nothing is rewritten and nothing is extra. */
export function localPath(startedAtUs = SAMPLE_STARTED_AT_US): Path {
  const from = client(40_003);
  const entry = node(1, 30_081);
  return path(3, startedAtUs, {
    service: 'ingress-local',
    hops: [
      hop(from, entry, {
        rtt: rtt(395, 'handshakeToClient'),
        times: seen('node1', { syn: 0, first: 1_900, last: 2_000 }),
      }),
      hop(entry, pod('ingress', 1, 80), {
        kind: 'nodeForward',
        crossesNode: false,
        rtt: rtt(19, 'handshakeDifference'),
        times: seen('node1', { syn: 12, first: 1_870, last: 1_990 }),
      }),
    ],
  });
}

/** haproxy without PROXY header: who the client was is a named gap. */
export function clientLostPath(startedAtUs = SAMPLE_STARTED_AT_US): Path {
  const entry = node(1, 30_080);
  const nobody: Party = { ...client(0), ip: '' };
  return path(4, startedAtUs, {
    service: 'ingress',
    client: { ip: null, port: null, source: 'unknown' },
    completeness: 2 / 3,
    hops: [
      hop(nobody, balancer('192.168.50.5', 0), { crossesNode: null, class: 'M' }),
      hop(balancer('192.168.50.5', 33_004), entry, {
        kind: 'proxy',
        rtt: rtt(175, 'handshakeToClient'),
        rewrite: {
          mechanism: 'tcpProxy',
          before: 'unknown',
          after: '192.168.50.5:33004',
          cause: 'load-balancer opens a connection of its own',
          recoverable: null,
        },
        times: seen('node1', { syn: 0, first: 2_500, last: 2_600 }),
      }),
      hop(entry, pod('ingress', 1, 80), {
        kind: 'nodeForward',
        crossesNode: false,
        rtt: rtt(20, 'handshakeDifference'),
        rewrite: {
          mechanism: 'snat',
          before: '192.168.50.5:33004',
          after: '10.244.1.1:7001',
          cause: KUBE_PROXY('node1'),
          recoverable: null,
        },
        times: seen('node1', { syn: 14, first: 2_460, last: 2_590 }),
      }),
    ],
    warnings: [
      {
        code: 'clientLost',
        text: 'the load balancer is not observed and sent no PROXY header: who the client was is not known',
        subject: 'client',
      },
    ],
  });
}

/** Local policy, no Pod on the node: silence. */
export function droppedPath(startedAtUs = SAMPLE_STARTED_AT_US): Path {
  return refused(5, startedAtUs, node(3, 30_081), {
    kind: 'dropped',
    node: 'node3',
    evidence: 'kfreeSkb',
    reason: 'NETFILTER_DROP',
    cause: 'noLocalEndpoints',
    text: 'Service default/ingress-local has externalTrafficPolicy: Local and node3 has no ready endpoint of it (node1, node2 has), so the SYN was dropped in silence; the client waits until its own time-out.',
    remedy:
      'Let the load balancer health-check the node port and send only to node1, node2, run an endpoint on node3, or use externalTrafficPolicy: Cluster.',
    synCount: 2,
    afterNs: 1_204_000_000,
  });
}

/** A Service without endpoints: ICMP port unreachable. */
export function rejectedPath(startedAtUs = SAMPLE_STARTED_AT_US): Path {
  return refused(6, startedAtUs, node(1, 30_085), {
    kind: 'rejected',
    node: 'node1',
    evidence: 'icmp',
    reason: 'port unreachable',
    cause: 'noEndpoints',
    text: 'Service default/empty has no ready endpoint anywhere, so node1 rejected the connection (ICMP port unreachable).',
    remedy:
      'Check the Pods that default/empty selects: do they exist and are they ready? kubectl -n default get endpointslices -l kubernetes.io/service-name=empty',
    synCount: 1,
    afterNs: 62_000,
  });
}

/** A port where nothing listens: RST. No Service is involved. */
export function resetPath(startedAtUs = SAMPLE_STARTED_AT_US): Path {
  return refused(7, startedAtUs, node(1, 30_099), {
    kind: 'reset',
    node: 'node1',
    evidence: 'rst',
    reason: '',
    cause: 'closedPort',
    text: 'Nothing listens on 192.168.50.11:30099: no Service has this NodePort and no process on node1 holds the port, so the kernel answered with RST.',
    remedy:
      'Compare the port that the client or load balancer uses with spec.ports[].nodePort of the Service.',
    synCount: 1,
    afterNs: 41_000,
  });
}

const MAKERS = [
  crossNodePath,
  sameNodePath,
  localPath,
  clientLostPath,
  droppedPath,
  rejectedPath,
  resetPath,
] as const;

/** One of each, a millisecond apart, the last one newest. */
export function samplePaths(firstStartedAtUs = SAMPLE_STARTED_AT_US): Path[] {
  return MAKERS.map((make, index) => make(firstStartedAtUs + index * 1000));
}
