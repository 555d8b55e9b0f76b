/**
 * Mutated loader output through decoder, pipeline and wire codec: nothing throws, every frame is either read or
 * counted, and what comes out can be sent. HOPTRACE_FUZZ_MUTATIONS=1000000 for the long form (`npm run test:faults -- frames`: ten minutes on a busy machine).
 */
import { decodeBatch, encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import { type Envelope, recordSchema, type WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import { newMetrics } from '../metrics.ts';
import { Pipeline } from '../pipeline.ts';
import {
  conntrackFrameOf,
  exchangeFrameOf,
  framesOf,
  helloOf,
  packetsOf,
  tupleOf,
  UPLINK,
} from '../testPackets.ts';
import { FrameDecoder } from './decoder.ts';
import { encodeFrame } from './encode.ts';
import type { Frame } from './frame.ts';
import { HEAD_BYTES } from './layout.ts';

const MUTATIONS = Number(process.env.HOPTRACE_FUZZ_MUTATIONS ?? 20_000);
const SEED = Number(process.env.HOPTRACE_FUZZ_SEED ?? 20_261_123);
const TIMEOUT_MS = 60_000 + MUTATIONS;

const conntrack = {
  original: '203.0.113.10:40000>192.168.50.11:30080',
  reply: '10.244.1.10:80>192.168.50.11:1234',
};
const served = packetsOf({ place: UPLINK, syn: 'tx', tuple: conntrack.original, conntrack });
const refused = packetsOf({ place: UPLINK, syn: 'rx', tuple: '2001:db8::1:1>2001:db8::2:2' });
const burst = { cookie: 7n, isnLocal: 1, isnRemote: 2, burst: 2, isAccepted: true };
const START: readonly Frame[] = [
  { kind: 'hello', hello: helloOf() },
  { kind: 'clock', monotonicNs: 1n, realtimeMinusMonotonicNs: 1_790_000_000_000_000_123n },
];
const EVENTS: readonly Frame[] = [
  { kind: 'clock', monotonicNs: 2n, realtimeMinusMonotonicNs: 1_790_000_000_000_000_456n },
  ...framesOf([
    ...[served.syn(1), served.synAck(2), served.ack(3), served.request(4), served.response(900)],
    ...[served.serverRst(2_000), refused.syn(5), refused.drop(5.1, 12), refused.icmp(6)],
  ]),
  {
    kind: 'link',
    ...{ tsNs: 5n, netns: 200, pid: 42, side: 'response', process: 'nginx' },
    ...{ subject: burst, lastRead: null, oldest: burst },
  },
  {
    kind: 'proxyHeader',
    ...{ tsNs: 6n, netns: 200, seq: 0, ack: 10, tuple: tupleOf('10.0.0.1:1>10.0.0.2:2') },
    bytes: new TextEncoder().encode('PROXY UNKNOWN\r\n'),
  },
  exchangeFrameOf({ tsNs: 7n, startNs: 6n }),
  {
    kind: 'flight',
    ...{ tsNs: 8n, netns: 200, seq: 11, ack: 12, random: new Uint8Array(32).fill(7) },
  },
  {
    kind: 'head',
    ...{ tsNs: 9n, netns: 200, seq: 13, ack: 14 },
    bytes: new TextEncoder().encode('GET /?q=1 HTTP/1.1\r\nX-Request-ID: a1\r\n\r\n'),
  },
  conntrackFrameOf({ event: 'old', originalBytes: 7, replyBytes: 8 }),
  conntrackFrameOf({ event: 'new', id: 2, tcpState: 1, status: 0 }),
  conntrackFrameOf({ event: 'update', id: 2, tcpState: 6 }),
  conntrackFrameOf({ event: 'destroy', tcpState: 8 }),
  {
    kind: 'conntrackStats',
    ...{ eventsRead: 4, overruns: 1, oldFound: 1, unreadable: 0, namespaces: 1 },
  },
  {
    kind: 'stats',
    ...{ packetsSeen: 9, synsSeen: 8, dropsSeen: 7, legsOpened: 6, legsShed: 5 },
    ...{ eventsEmitted: 4, ringLost: 10, mapFull: 2, checksLost: 1 },
    ...{ lostRefusals: 4, lostLegs: 3, lostExchanges: 2, lostLinks: 1 },
  },
];
const ENVELOPE: Envelope = {
  ...{ schemaVersion: 1, cluster: 'c', node: 'n', bootId: '0123456789', firstSeq: 1, count: 0 },
  ...{ sentAtUs: 1, addresses: [] },
  losses: { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords: 0 },
};

/** xorshift32: the same mutations each time. */
function randomBelow(): (limit: number) => number {
  let state = SEED | 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** Places in the stream of the bodies of event frames. */
function bodiesOf(frames: readonly Uint8Array[]): { start: number; size: number }[] {
  let at = 0;
  return frames.map((frame) => {
    const body = { start: at + HEAD_BYTES, size: frame.length - HEAD_BYTES };
    at += frame.length;
    return body;
  });
}

function newPipeline() {
  const records: WireRecord[] = [];
  const pipe = new Pipeline({
    secret: new Uint8Array(16),
    maxOpenLegs: 64,
    metrics: newMetrics(),
    emit: (record) => records.push(record),
  });
  pipe.read(START, 1n);
  return { pipe, records };
}

const INTERESTING = [0, 1, 2, 7, 0x7f, 0x80, 0xff];

test(
  `${MUTATIONS} mutations of frames: each is read or counted, and what comes of them can be sent`,
  () => {
    const below = randomBelow();
    const frames = EVENTS.map(encodeFrame);
    const original = Buffer.concat(frames);
    const bodies = bodiesOf(frames);
    const { pipe, records } = newPipeline();
    let bad = 0;
    for (let round = 0; round < MUTATIONS; round++) {
      const stream = Buffer.from(original);
      for (let count = 1 + below(6); count > 0; count--) {
        const { start, size } = bodies[below(bodies.length)] as { start: number; size: number };
        stream[start + below(size)] =
          below(2) === 0 ? below(256) : (INTERESTING[below(INTERESTING.length)] ?? 0);
      }
      const decoder = new FrameDecoder();
      const decoded = decoder.push(stream).map((each) => each.frame);
      expect(decoder.failure).toBeNull();
      expect(decoded.length + decoder.badFrames).toBe(frames.length);
      bad += decoder.badFrames;
      pipe.read(decoded, BigInt(round) * 1_000_000n);
      if (round % 16 === 0) pipe.tick(BigInt(round) * 1_000_000n);
      if (records.length < 256) continue;
      expect(decodeBatch(encodeBatch(ENVELOPE, records)).problems).toEqual([]);
      expect(recordSchema.safeParse(records[below(records.length)]).error).toBeUndefined();
      records.length = 0;
    }
    expect(bad).toBeGreaterThan(MUTATIONS / 100);
  },
  TIMEOUT_MS,
);

test(
  'mutated heads and hellos, cut anywhere: never more frames than were written, and reading stops with a reason',
  () => {
    const below = randomBelow();
    const original = Buffer.concat([...START, ...EVENTS].map(encodeFrame));
    let failures = 0;
    for (let round = 0; round < MUTATIONS / 10; round++) {
      const stream = Buffer.from(original);
      for (let count = 1 + below(4); count > 0; count--) stream[below(stream.length)] = below(256);
      const cut = below(stream.length);
      const decoder = new FrameDecoder();
      const decoded = [
        ...decoder.push(stream.subarray(0, cut)),
        ...decoder.push(stream.subarray(cut)),
      ];
      const total = START.length + EVENTS.length;
      expect(decoded.length + decoder.badFrames).toBeLessThanOrEqual(total);
      if (decoder.failure !== null) failures++;
    }
    expect(failures).toBeGreaterThan(MUTATIONS / 1_000);
  },
  TIMEOUT_MS,
);
