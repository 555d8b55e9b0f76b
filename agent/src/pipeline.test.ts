import { encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import { recordSchema, type WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import type { Frame } from './frames/frame.ts';
import { newMetrics } from './metrics.ts';
import { Pipeline } from './pipeline.ts';
import { framesOf, helloOf, packetsOf, tupleOf, UPLINK } from './testPackets.ts';

const CLIENT_ISN = 0xa1b2_c3d4;
const SERVER_ISN = 0x5566_7788;
const HELLO: Frame = { kind: 'hello', hello: helloOf() };
const CLOCK: Frame = {
  kind: 'clock',
  monotonicNs: 0n,
  realtimeMinusMonotonicNs: 1_790_000_000_000_000_000n,
};
const stats = (ringLost: number, checksLost = 0): Frame => ({
  kind: 'stats',
  ...{ packetsSeen: 0, synsSeen: 0, dropsSeen: 0, legsOpened: 0, legsShed: 0 },
  ...{ eventsEmitted: 0, ringLost, mapFull: 0, checksLost },
  ...{ lostRefusals: ringLost, lostLegs: 0, lostExchanges: 0, lostLinks: 0 },
});
const served = packetsOf({
  place: UPLINK,
  syn: 'rx',
  tuple: '203.0.113.10:40000>192.168.50.11:30080',
  clientIsn: CLIENT_ISN,
  serverIsn: SERVER_ISN,
});
const refused = packetsOf({
  place: UPLINK,
  syn: 'rx',
  tuple: '203.0.113.10:40001>192.168.50.11:30099',
  clientIsn: CLIENT_ISN,
});
const burst = {
  cookie: 1n,
  isnLocal: SERVER_ISN,
  isnRemote: CLIENT_ISN,
  burst: 1,
  isAccepted: true,
};
const EVERY_KIND: readonly Frame[] = [
  ...framesOf([
    ...[served.syn(1), served.synAck(1.1), served.ack(1.2), served.request(1.3)],
    ...[served.response(2), refused.syn(3), refused.refusal(3.1)],
  ]),
  {
    kind: 'link',
    tsNs: 4_000_000n,
    netns: 200,
    pid: 42,
    side: 'request',
    subject: burst,
    lastRead: burst,
    oldest: null,
    process: 'nginx',
  },
  {
    kind: 'proxyHeader',
    tsNs: 5_000_000n,
    netns: 200,
    seq: CLIENT_ISN + 1,
    ack: SERVER_ISN + 1,
    tuple: tupleOf('10.0.0.1:1>10.0.0.2:2'),
    bytes: new TextEncoder().encode('PROXY TCP4 203.0.113.10 203.0.113.2 51234 443\r\n'),
  },
];

function pipeline() {
  const records: WireRecord[] = [];
  const metrics = newMetrics();
  const pipe = new Pipeline({
    secret: new Uint8Array(32).fill(7),
    maxOpenLegs: 100,
    metrics,
    emit: (record) => records.push(record),
  });
  return { pipe, records, metrics };
}

const ms = (value: number) => BigInt(value) * 1_000_000n;

test('raw sequence numbers are in no record, in whatever byte order or notation', () => {
  const { pipe, records } = pipeline();
  pipe.read([HELLO, CLOCK, ...EVERY_KIND], ms(10));
  pipe.tick(ms(5000));
  expect(new Set(records.map((record) => record.kind))).toEqual(
    new Set(['leg', 'refusal', 'proxyLink', 'proxyHeader']),
  );
  const losses = { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords: 0 };
  const envelope = {
    schemaVersion: 1,
    cluster: 'c',
    node: 'n',
    bootId: '0123456789',
    firstSeq: 1,
    count: 0,
    sentAtUs: 1,
    losses,
    addresses: [],
  } as const;
  const batch = Buffer.from(encodeBatch({ ...envelope, addresses: [] }, records));
  const text = JSON.stringify(records);
  for (const isn of [CLIENT_ISN, SERVER_ISN, CLIENT_ISN + 1, SERVER_ISN + 1]) {
    const little = Buffer.alloc(4);
    little.writeUInt32LE(isn);
    const big = Buffer.from(little).reverse();
    expect([batch.indexOf(little), batch.indexOf(big)]).toEqual([-1, -1]);
    for (const notation of [String(isn), isn.toString(16), little.toString('hex')])
      expect(text).not.toContain(notation);
  }
});

test('every record satisfies the wire schema', () => {
  const { pipe, records } = pipeline();
  pipe.read([HELLO, CLOCK, ...EVERY_KIND], ms(10));
  pipe.tick(ms(5000));
  for (const record of records) expect(recordSchema.parse(record)).toEqual(record);
});

test('frames before the first clock are counted, not given a wrong time', () => {
  const { pipe, records, metrics } = pipeline();
  pipe.read([HELLO, ...framesOf([served.syn(1)]), CLOCK], ms(10));
  expect(metrics).toMatchObject({ unclockedFramesTotal: 1, framesTotal: 3 });
  pipe.tick(ms(9000));
  expect(records).toEqual([]);
});

test('ring losses are totals of one loader; a new loader counts from zero', () => {
  const { pipe, metrics } = pipeline();
  pipe.read([HELLO, CLOCK, stats(2), stats(5)], ms(10));
  expect(metrics.ringLostTotal).toBe(5);
  pipe.read([stats(1)], ms(20));
  expect(metrics.ringLostTotal).toBe(6);
  pipe.read([stats(1, 3)], ms(30));
  expect(metrics.ringLostTotal).toBe(9);
});

test('after a break of the source silence of attempts under way is no verdict', () => {
  const { pipe, records, metrics } = pipeline();
  pipe.read([HELLO, CLOCK, ...framesOf([served.syn(1)])], ms(310));
  pipe.noteBreak();
  pipe.tick(ms(9000));
  expect(records.map((record) => record.kind)).toEqual(['leg']);
  expect(metrics.unjudgedAttemptsTotal).toBe(1);
});

test('a pipe that lags does not turn a waiting answer into silence', () => {
  const { pipe, records } = pipeline();
  const [young, ...later] = framesOf([
    ...[served.syn(1), served.synAck(1002), served.ack(1003), served.response(1004)],
  ]);
  pipe.read([HELLO, CLOCK, young as Frame], ms(60_000));
  pipe.tick(ms(60_050));
  expect(records).toEqual([]);
  pipe.read(later, ms(60_060));
  expect(records).toMatchObject([
    { kind: 'leg', end: 'open', firstResponseNs: null },
    { kind: 'leg', end: 'open', firstResponseNs: 1_003_000_000 },
  ]);
});

test('bytes that are no PROXY header claim nothing and are counted', () => {
  const { pipe, records, metrics } = pipeline();
  const bad = EVERY_KIND.flatMap((frame) =>
    frame.kind === 'proxyHeader' ? [{ ...frame, bytes: new Uint8Array(8) }] : [],
  );
  pipe.read([HELLO, CLOCK, ...bad], ms(10));
  expect([records, metrics.badProxyHeadersTotal]).toEqual([[], 1]);
});

test('a stamp from the future is a bad frame and does not move time', () => {
  const { pipe, records, metrics } = pipeline();
  const [syn] = framesOf([served.syn(1)], 400) as [Frame];
  pipe.read([HELLO, CLOCK, syn], ms(310));
  pipe.read([{ ...refused.drop(90_000, 12) }], ms(320));
  pipe.tick(ms(330));
  expect([records, metrics.badFramesTotal]).toEqual([[], 1]);
});

test('features that the kernel lacks make the agent degraded, those not asked for do not', () => {
  const { pipe, metrics } = pipeline();
  const features = { conntrack: false, drops: true, proxyLinks: false, proxyHeader: false };
  const featureNotes = {
    conntrack: 'nf_conntrack is not loaded',
    proxyLinks: 'needs Linux 6.3',
    proxyHeader: 'not asked for',
  };
  pipe.read([{ kind: 'hello', hello: helloOf({ features, featureNotes }) }], ms(1));
  expect(metrics.missingFeatures).toBe(2);
});

test('a break of the source is a loss that is told', () => {
  const { pipe, metrics } = pipeline();
  pipe.read([HELLO, CLOCK], ms(10));
  pipe.noteBreak();
  expect(metrics.ringLostTotal).toBe(1);
});
