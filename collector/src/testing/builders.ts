/** Legal values for tests; each test overrides what matters to it. */
import type {
  Envelope,
  ExchangeRecord,
  LegRecord,
  ProxyHeaderRecord,
  ProxyLinkRecord,
  RefusalRecord,
  Sourced,
  WireRecord,
} from '@hoptrace/domain/wire/v1.ts';

export const NOW_MS = 1_790_000_000_000;
export const NOW_US = NOW_MS * 1000;

const tap = { netns: 4_026_532_001, ifindex: 2, role: 'uplink', synDirection: 'rx' } as const;
export const TUPLE = {
  src: { ip: '203.0.113.10', port: 40_000 },
  dst: { ip: '192.168.50.13', port: 30_080 },
};

/** 16 hex digits that end in `n`. */
export const hash = (n: number): string => n.toString(16).padStart(16, '0');

export function envelope(part: Partial<Envelope> = {}): Envelope {
  return {
    schemaVersion: 1,
    cluster: 'lab',
    node: 'node1',
    bootId: '0123456789abcdef',
    firstSeq: 1,
    count: 1,
    sentAtUs: NOW_US,
    losses: { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords: 0 },
    addresses: [{ ip: '192.168.50.13', ifname: 'eth0' }],
    ...part,
  };
}

export function leg(part: Partial<LegRecord> = {}): LegRecord {
  return {
    kind: 'leg',
    seq: 1,
    startUs: NOW_US,
    tap,
    tuple: TUPLE,
    original: null,
    reply: null,
    clientIsnHash: hash(0xc1),
    serverIsnHash: hash(0x51),
    isnPairHash: hash(0xa1),
    synTtl: 63,
    synCount: 1,
    synNs: 0,
    synAckNs: 81_000,
    ackNs: 140_000,
    firstRequestNs: 150_000,
    firstResponseNs: 900_000,
    endNs: 1_000_000,
    end: 'fin',
    revision: 0,
    legId: part.seq ?? 1,
    ...part,
  };
}

export function refusal(part: Partial<RefusalRecord> = {}): RefusalRecord {
  return {
    kind: 'refusal',
    seq: 1,
    startUs: NOW_US,
    tap,
    tuple: TUPLE,
    clientIsnHash: hash(0xc1),
    refusal: 'rejected',
    evidence: 'icmp',
    afterNs: 120_000,
    synCount: 1,
    icmpType: 3,
    icmpCode: 3,
    reason: '',
    ...part,
  };
}

export function proxyLink(part: Partial<ProxyLinkRecord> = {}): ProxyLinkRecord {
  return {
    kind: 'proxyLink',
    seq: 1,
    startUs: NOW_US,
    netns: 1,
    pid: 2,
    side: 'request',
    subject: { isnPairHash: hash(0xa2), burst: 1 },
    lastRead: { isnPairHash: hash(0xa1), burst: 1 },
    oldest: { isnPairHash: hash(0xa1), burst: 1 },
    process: 'nginx',
    ...part,
  };
}

export function proxyHeader(part: Partial<ProxyHeaderRecord> = {}): ProxyHeaderRecord {
  return {
    kind: 'proxyHeader',
    seq: 1,
    startUs: NOW_US,
    isnPairHash: hash(0xa1),
    version: 2,
    command: 'proxy',
    claimed: TUPLE,
    ...part,
  };
}

export function exchange(part: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return {
    kind: 'exchange',
    seq: 1,
    startUs: NOW_US,
    tap,
    isnPairHash: hash(0xa1),
    burst: 1,
    requestOffset: 0,
    responseOffset: 0,
    requestFirstNs: 0,
    requestLastNs: 0,
    responseFirstNs: 1_000_000,
    responseLastNs: 1_000_000,
    requestBytes: 100,
    responseBytes: 1000,
    method: 'GET',
    status: 200,
    requestIdHash: null,
    traceIdHash: null,
    protocol: 'http1',
    firstFlightHash: null,
    ...part,
  };
}

export function sourced<T extends WireRecord>(record: T, part: Partial<Sourced> = {}): Sourced<T> {
  return { ...record, cluster: 'lab', node: 'node1', bootId: '0123456789abcdef', ...part };
}
