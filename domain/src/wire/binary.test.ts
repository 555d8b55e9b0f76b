import { expect, test } from '@jest/globals';
import { decodeBatch, encodeBatch, recordSizeBytes } from './binary.ts';
import { type Envelope, envelopeSchema, recordSchema, type WireRecord } from './v1.ts';

const tuple = {
  src: { ip: '203.0.113.10', port: 40_000 },
  dst: { ip: '192.168.50.13', port: 30_080 },
};
const tap = { netns: 4_026_532_001, ifindex: 2, role: 'uplink', synDirection: 'rx' } as const;
const envelope: Envelope = {
  schemaVersion: 1,
  cluster: 'lab',
  node: 'node1',
  bootId: '0123456789abcdef',
  firstSeq: 7,
  count: 5,
  sentAtUs: 1_790_000_000_000_000,
  losses: { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords: 0 },
  addresses: [{ ip: '192.168.50.13', ifname: 'eth0' }],
};
const records: WireRecord[] = [
  {
    kind: 'leg',
    seq: 7,
    startUs: 1_790_000_000_000_000,
    tap,
    tuple,
    original: tuple,
    reply: { src: { ip: '2001:db8::1', port: 80 }, dst: tuple.src },
    clientIsnHash: '00000000000000a1',
    serverIsnHash: null,
    isnPairHash: 'ffeeddccbbaa9988',
    synTtl: 63,
    synCount: 2,
    synNs: 999,
    synAckNs: 81_000,
    ackNs: null,
    firstRequestNs: 0,
    firstResponseNs: 2 ** 40,
    endNs: null,
    end: 'fin',
    revision: 1,
    legId: 12,
    traffic: {
      clientBytes: 77,
      serverBytes: 2 ** 34,
      clientRetransmits: 0,
      serverRetransmits: 70_000,
      closedBy: 'server',
    },
  },
  {
    kind: 'refusal',
    seq: 8,
    startUs: 1_790_000_000_000_001,
    tap,
    tuple,
    clientIsnHash: null,
    refusal: 'rejected',
    evidence: 'icmp',
    afterNs: 120_000,
    synCount: 1,
    icmpType: 3,
    icmpCode: 3,
    reason: 'NETFILTER_DROP',
  },
  {
    kind: 'proxyLink',
    seq: 9,
    startUs: 1,
    netns: 1,
    pid: 2,
    side: 'response',
    subject: { isnPairHash: '1111111111111111', burst: 1 },
    lastRead: null,
    oldest: { isnPairHash: '2222222222222222', burst: 3 },
    process: 'nginx',
  },
  {
    kind: 'proxyHeader',
    seq: 10,
    startUs: 1,
    isnPairHash: '1111111111111111',
    version: 2,
    command: 'proxy',
    claimed: tuple,
  },
  {
    kind: 'exchange',
    seq: 11,
    startUs: 1_790_000_000_000_002,
    tap,
    isnPairHash: '1111111111111111',
    burst: 2,
    requestOffset: 2 ** 33,
    responseOffset: Number.MAX_SAFE_INTEGER,
    requestFirstNs: 0,
    requestLastNs: 2 ** 40,
    responseFirstNs: null,
    responseLastNs: null,
    requestBytes: 517,
    responseBytes: 0,
    method: 'PROPFIND',
    status: 0,
    requestIdHash: '00000000000000c3',
    traceIdHash: null,
    protocol: 'http1',
    firstFlightHash: 'd4d4d4d4d4d4d4d4',
  },
];

test('a batch of every kind of record comes back as it went in', () => {
  const split = decodeBatch(encodeBatch(envelope, records));
  expect(split.problems).toEqual([]);
  expect(split.records).toEqual(records);
  expect(envelopeSchema.parse(split.envelope)).toEqual(envelope);
});

test('the JSON form of every record satisfies its schema unchanged', () => {
  for (const record of records)
    expect(recordSchema.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);
});

test('a record with a bad field is refused by name and its neighbours are kept', () => {
  const bytes = encodeBatch(envelope, records);
  const second =
    bytes.length -
    recordSizeBytes('refusal') -
    recordSizeBytes('proxyLink') -
    recordSizeBytes('proxyHeader') -
    recordSizeBytes('exchange');
  bytes[second + 4 + 8 + 8 + 10 + 36 + 8] = 9; // the refusal's kind
  const split = decodeBatch(bytes);
  expect(split.records.map((record) => record.kind)).toEqual([
    'leg',
    'proxyLink',
    'proxyHeader',
    'exchange',
  ]);
  expect(split.problems).toEqual([
    {
      field: 'records[1].refusal',
      text: '9 is not below 3',
      remedy: 'see legal values of refusal.refusal in wire/v1.ts',
    },
  ]);
});

test('an unknown record version and an unknown kind are refused, the rest is kept', () => {
  const bytes = encodeBatch(envelope, records);
  const last = bytes.length - recordSizeBytes('exchange') - recordSizeBytes('proxyHeader');
  bytes[last + 1] = 2;
  bytes[last - recordSizeBytes('proxyLink')] = 77;
  const split = decodeBatch(bytes);
  expect(split.records.map((record) => record.kind)).toEqual(['leg', 'refusal', 'exchange']);
  expect(split.problems.map((problem) => problem.field)).toEqual([
    'records[2].kind',
    'records[3].version',
  ]);
});

test('a leg of an agent that tells no traffic is read, by size', () => {
  const leg = { ...records[0], traffic: undefined } as WireRecord;
  const whole = encodeBatch(envelope, [leg]);
  const bytes = whole.slice(0, whole.length - 25);
  new DataView(bytes.buffer).setUint16(bytes.length - 223 + 2, 223, true);
  for (const form of [whole, bytes]) {
    const split = decodeBatch(form);
    expect(split.problems).toEqual([]);
    expect(split.records).toEqual([leg]);
  }
});

test('a leg that names no closer there is is refused by the field', () => {
  const bytes = encodeBatch(envelope, records.slice(0, 1));
  bytes[bytes.length - 1] = 4;
  expect(decodeBatch(bytes).problems.map(({ field }) => field)).toEqual(['records[0].traffic']);
});

test('a cut batch keeps every whole record before the cut', () => {
  const bytes = encodeBatch(envelope, records);
  const split = decodeBatch(bytes.subarray(0, bytes.length - 1));
  expect(split.records).toHaveLength(4);
  expect(split.problems[0]?.field).toBe('records[4].size');
});

test('bytes that are no batch are refused with the reason', () => {
  expect(decodeBatch(new Uint8Array()).problems[0]?.field).toBe('magic');
  expect(decodeBatch(new TextEncoder().encode('HTB1\xff\xff\xff\x7f')).problems[0]?.field).toBe(
    'envelope',
  );
});
