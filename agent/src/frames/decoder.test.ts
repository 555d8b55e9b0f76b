import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exchangeFrameOf, framesOf, helloOf, packetsOf, tupleOf, UPLINK } from '../testPackets.ts';
import { FrameDecoder } from './decoder.ts';
import { encodeFrame } from './encode.ts';
import type { Frame, LegFrame } from './frame.ts';
import { FRAME_KINDS, LAYOUT_VERSION } from './layout.ts';

const connection = packetsOf({
  place: UPLINK,
  syn: 'tx',
  tuple: '10.0.0.1:40000>[2001:db8::1]:80'.replace('[2001:db8::1]', '2001:db8::1'),
  clientIsn: 0xffff_ffff,
  conntrack: {
    original: '203.0.113.10:40000>192.168.50.11:30080',
    reply: '10.244.1.10:80>192.168.50.11:1234',
  },
});
const legs = framesOf([
  ...[connection.syn(1.5), connection.synAck(2), connection.ack(2.5), connection.request(3)],
  ...[connection.response(900), connection.serverRst(2_000)],
]);
const leg = legs[0] as LegFrame;

const burst = { cookie: 7n, isnLocal: 1, isnRemote: 0xffff_fffe, burst: 2, isAccepted: true };
const FRAMES: readonly Frame[] = [
  { kind: 'hello', hello: helloOf() },
  {
    kind: 'clock',
    monotonicNs: 123_456_789_012n,
    realtimeMinusMonotonicNs: 1_790_000_000_000_000_123n,
  },
  ...legs,
  connection.drop(3, 12),
  connection.icmp(4),
  {
    kind: 'link',
    tsNs: 5n,
    netns: 200,
    pid: 42,
    side: 'response',
    subject: burst,
    lastRead: null,
    oldest: { ...burst, isAccepted: false },
    process: 'nginx',
  },
  exchangeFrameOf({ requestOffset: 2 ** 40, isEarly: true }),
  { kind: 'flight', tsNs: 7n, netns: 200, seq: 1, ack: 2, random: new Uint8Array(32).fill(3) },
  { kind: 'head', tsNs: 8n, netns: 200, seq: 1, ack: 2, bytes: new TextEncoder().encode('GET /') },
  {
    kind: 'proxyHeader',
    tsNs: 6n,
    netns: 200,
    seq: 0,
    ack: 10,
    tuple: tupleOf('10.0.0.1:1>10.0.0.2:2'),
    bytes: new TextEncoder().encode('PROXY UNKNOWN\r\n'),
  },
  {
    kind: 'stats',
    ...{ packetsSeen: 9, synsSeen: 8, dropsSeen: 7, legsOpened: 6, legsShed: 5 },
    ...{ eventsEmitted: 4, ringLost: 10, mapFull: 2, checksLost: 1 },
    ...{ lostRefusals: 4, lostLegs: 3, lostExchanges: 2, lostLinks: 1 },
  },
];
const STREAM = Buffer.concat(FRAMES.map(encodeFrame));

function decodeInPieces(stream: Uint8Array, cuts: readonly number[]) {
  const decoder = new FrameDecoder();
  const edges = [0, ...[...cuts].sort((a, b) => a - b), stream.length];
  const frames = edges
    .slice(1)
    .flatMap((end, index) => decoder.push(stream.slice(edges[index], end)));
  return { decoder, frames };
}

test('every kind of frame comes back as it went in, cut anywhere', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(STREAM.length), { maxLength: 40 }), (cuts) => {
      const { decoder, frames } = decodeInPieces(STREAM, cuts);
      expect(frames.map((each) => each.frame)).toEqual(FRAMES);
      expect(Buffer.concat(frames.map((each) => each.raw)).equals(STREAM)).toBe(true);
      expect([decoder.badFrames, decoder.failure]).toEqual([0, null]);
    }),
  );
});

test('flipped, cut and inserted bytes never throw and never yield more frames than the stream holds', () => {
  const mutation = fc.record({ at: fc.nat(STREAM.length - 1), value: fc.nat(255) });
  fc.assert(
    fc.property(
      fc.array(mutation, { minLength: 1, maxLength: 20 }),
      fc.array(fc.nat(STREAM.length), { maxLength: 10 }),
      fc.uint8Array({ maxLength: 40 }),
      (mutations, cuts, extra) => {
        const stream = Buffer.concat([STREAM, extra, STREAM]);
        for (const { at, value } of mutations) stream[at] = value;
        const { decoder, frames } = decodeInPieces(stream, cuts);
        expect(frames.length + decoder.badFrames).toBeLessThanOrEqual(
          2 * FRAMES.length + extra.length,
        );
      },
    ),
    { numRuns: 500 },
  );
});

test('random bytes are refused with a reason', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 600, maxLength: 900 }), (bytes) => {
      fc.pre(bytes[6] !== 0 || bytes[7] !== 0);
      const decoder = new FrameDecoder();
      expect(decoder.push(bytes)).toEqual([]);
      expect(decoder.failure).not.toBeNull();
    }),
  );
});

test('a frame with an impossible field costs only itself', () => {
  const bad = encodeFrame(leg);
  bad[8 + 112] = 99; // direction
  const decoder = new FrameDecoder();
  const frames = decoder.push(Buffer.concat([bad, encodeFrame(leg)]));
  expect(frames.map((each) => each.frame)).toEqual([leg]);
  expect([decoder.badFrames, decoder.failure]).toEqual([1, null]);
});

test('a frame of another size is refused, naming both sizes and the remedy', () => {
  const bytes = encodeFrame(leg);
  new DataView(bytes.buffer).setUint32(0, 180, true);
  const decoder = new FrameDecoder();
  expect(decoder.push(bytes)).toEqual([]);
  expect(decoder.failure).toContain('size 180');
  expect(decoder.failure).toContain(
    'a leg frame has 264 bytes; build loader and agent from the same checkout',
  );
  expect(decoder.push(STREAM)).toEqual([]);
});

test('a hello that announces another layout is refused before any packet is read', () => {
  const hello = helloOf({
    sizes: { ...helloOf().sizes, leg: 240 },
  });
  const decoder = new FrameDecoder();
  const frames = decoder.push(
    Buffer.concat([encodeFrame({ kind: 'hello', hello }), encodeFrame(leg)]),
  );
  expect(frames).toEqual([]);
  expect(decoder.failure).toBe(
    'hello.sizes.leg is 240, this agent reads 256; build loader and agent from the same checkout (npm run agent:build)',
  );
});

test('a hello that is no JSON or lacks a field is refused by name', () => {
  const { hostNetns: _, ...rest } = helloOf();
  const failureOf = (body: string) => {
    const bytes = new Uint8Array(8 + body.length);
    new DataView(bytes.buffer).setUint32(0, bytes.length, true);
    bytes.set([FRAME_KINDS.hello, LAYOUT_VERSION], 4);
    bytes.set(new TextEncoder().encode(body), 8);
    const decoder = new FrameDecoder();
    decoder.push(bytes);
    return decoder.failure;
  };
  expect(failureOf('{')).toContain('hello.');
  expect(failureOf(JSON.stringify(rest))).toContain('hello.hostNetns');
});
