/** Records and paths for the store's tests: whole, valid, and changed only where a test says so. */
import { type Hop, type Party, type Path, pathSchema } from '@hoptrace/domain/rest/path.ts';
import type {
  ExchangeRecord,
  LegRecord,
  ProxyHeaderRecord,
  ProxyLinkRecord,
  RefusalRecord,
  Sourced,
} from '@hoptrace/domain/wire/v1.ts';

export const T0_US = 1_790_000_000_123_456;

const source = { cluster: 'c1', node: 'node-a', bootId: 'boot-0001' };
const tap = { netns: 4026531840, ifindex: 2, role: 'uplink', synDirection: 'rx' } as const;
const tuple = {
  src: { ip: '198.51.100.7', port: 41_000 },
  dst: { ip: '192.0.2.10', port: 30_080 },
};

export function leg(change: Partial<Sourced<LegRecord>> = {}): Sourced<LegRecord> {
  return {
    ...source,
    kind: 'leg',
    seq: 1,
    startUs: T0_US,
    tap,
    tuple,
    original: tuple,
    reply: { src: { ip: '10.1.0.5', port: 8080 }, dst: { ip: '192.0.2.10', port: 55_555 } },
    clientIsnHash: '0000000000000abc',
    serverIsnHash: 'ffffffffffffffff',
    isnPairHash: 'fedcba9876543210',
    synTtl: 63,
    synCount: 1,
    synNs: 789,
    synAckNs: 1_000_500,
    ackNs: 2_000_500,
    firstRequestNs: 2_100_000,
    firstResponseNs: 9_000_000,
    endNs: 9_500_000,
    end: 'fin',
    revision: 0,
    legId: 1,
    traffic: {
      clientBytes: 77,
      serverBytes: 2 ** 33,
      clientRetransmits: 0,
      serverRetransmits: 4_294_967_295,
      closedBy: 'server',
    },
    ...change,
  };
}

export function refusal(change: Partial<Sourced<RefusalRecord>> = {}): Sourced<RefusalRecord> {
  return {
    ...source,
    kind: 'refusal',
    seq: 2,
    startUs: T0_US,
    tap,
    tuple,
    clientIsnHash: '0000000000000abc',
    refusal: 'rejected',
    evidence: 'icmp',
    afterNs: 15_000,
    synCount: 3,
    icmpType: 3,
    icmpCode: 3,
    reason: 'NETFILTER_DROP',
    ...change,
  };
}

export function proxyLink(
  change: Partial<Sourced<ProxyLinkRecord>> = {},
): Sourced<ProxyLinkRecord> {
  return {
    ...source,
    kind: 'proxyLink',
    seq: 3,
    startUs: T0_US,
    netns: 4026532000,
    pid: 4321,
    side: 'request',
    subject: { isnPairHash: '1111111111111111', burst: 4_000_000_000 },
    lastRead: { isnPairHash: '2222222222222222', burst: 0 },
    oldest: null,
    process: 'nginx',
    ...change,
  };
}

export function proxyHeader(
  change: Partial<Sourced<ProxyHeaderRecord>> = {},
): Sourced<ProxyHeaderRecord> {
  return {
    ...source,
    kind: 'proxyHeader',
    seq: 4,
    startUs: T0_US,
    isnPairHash: 'fedcba9876543210',
    version: 2,
    command: 'proxy',
    claimed: { src: { ip: '2001:db8::7', port: 50_000 }, dst: { ip: '2001:db8::1', port: 443 } },
    ...change,
  };
}

export function exchange(change: Partial<Sourced<ExchangeRecord>> = {}): Sourced<ExchangeRecord> {
  return {
    ...source,
    kind: 'exchange',
    seq: 5,
    startUs: T0_US,
    tap,
    isnPairHash: 'fedcba9876543210',
    burst: 1,
    requestOffset: 0,
    responseOffset: 28,
    requestFirstNs: 789,
    requestLastNs: 1_500,
    responseFirstNs: 2_000_000,
    responseLastNs: 2_100_000,
    requestBytes: 512,
    responseBytes: 2048,
    method: 'GET',
    status: 200,
    requestIdHash: '8000000000000001',
    traceIdHash: '0000000000000002',
    protocol: 'http1',
    firstFlightHash: 'ffffffffffffffff',
    ...change,
  };
}

export const pathIdAt = (startedAtUs: number, tail: number): string =>
  `${startedAtUs.toString(36).padStart(11, '0')}-${tail.toString(16).padStart(16, '0')}`;

export function party(change: Partial<Party> = {}): Party {
  return {
    role: 'node',
    name: null,
    node: null,
    ip: '192.0.2.10',
    port: 30_080,
    observed: true,
    ...change,
  };
}

export function hop(change: Partial<Hop> = {}): Hop {
  return {
    index: 0,
    from: party({ role: 'client', ip: '198.51.100.7', port: 41_000 }),
    to: party({ node: 'node-a' }),
    kind: 'network',
    crossesNode: true,
    extra: false,
    extraReason: null,
    rtt: { valueNs: 2_000_000, lowNs: 1_900_000, highNs: 2_100_000, method: 'handshakeToClient' },
    rewrite: null,
    class: 'A',
    times: {
      synNs: 0,
      establishedNs: 2_000_000,
      firstRequestNs: null,
      firstResponseNs: null,
      endNs: null,
      clock: 'node-a',
    },
    ...change,
  };
}

/** A served path with one hop. The id follows startedAtUs and `tail`. */
export function samplePath(change: Partial<Path> & { readonly tail?: number } = {}): Path {
  const { tail = 1, ...fields } = change;
  const startedAtUs = fields.startedAtUs ?? T0_US;
  return pathSchema.parse({
    pathId: pathIdAt(startedAtUs, tail),
    version: 1,
    cluster: 'c1',
    startedAtUs,
    service: { namespace: 'shop', name: 'web', port: 'http' },
    client: { ip: '198.51.100.7', port: 41_000, source: 'socket' },
    outcome: 'served',
    hops: [hop()],
    crossings: 1,
    extraHops: 0,
    class: 'A',
    confidence: 0.97,
    completeness: 1,
    refusal: null,
    warnings: [],
    ...fields,
  });
}

export function refusedPath(change: Partial<Path> & { readonly tail?: number } = {}): Path {
  return samplePath({
    outcome: 'rejected',
    refusal: {
      kind: 'rejected',
      node: 'node-a',
      evidence: 'icmp',
      reason: '',
      cause: 'noEndpoints',
      text: 'the service has no endpoints',
      remedy: 'kubectl get endpointslices',
      synCount: 1,
      afterNs: 12_000,
    },
    ...change,
  });
}
