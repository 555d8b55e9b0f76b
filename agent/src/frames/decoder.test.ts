import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { helloOf, packetsOf, tupleOf, UPLINK } from '../testPackets.ts';
import { FrameDecoder } from './decoder.ts';
import { encodeFrame } from './encode.ts';
import type { Frame } from './frame.ts';

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
const burst = { cookie: 7n, isnLocal: 1, isnRemote: 0xffff_fffe, burst: 2, isAccepted: true };
const FRAMES: readonly Frame[] = [
  { kind: 'hello', hello: helloOf() },
  {
    kind: 'clock',
    monotonicNs: 123_456_789_012n,
    realtimeMinusMonotonicNs: 1_790_000_000_000_000_123n,
  },
  connection.syn(1.5),
  connection.synAck(2),
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
  {
    kind: 'proxyHeader',
    tsNs: 6n,
    netns: 200,
    seq: 0,
    ack: 10,
    tuple: tupleOf('10.0.0.1:1>10.0.0.2:2'),
    bytes: new TextEncoder().encode('PROXY UNKNOWN\r\n'),
  },
  { kind: 'stats', packetsSeen: 9, eventsEmitted: 8, ringLost: 1, mapFull: 0 },
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
  const bad = encodeFrame(connection.syn(1));
  bad[8 + 32] = 99; // type
  const decoder = new FrameDecoder();
  const frames = decoder.push(Buffer.concat([bad, encodeFrame(connection.synAck(2))]));
  expect(frames.map((each) => each.frame)).toEqual([connection.synAck(2)]);
  expect([decoder.badFrames, decoder.failure]).toEqual([1, null]);
});

test('a packet of another size is refused, naming both sizes and the remedy', () => {
  const bytes = encodeFrame(connection.syn(1));
  new DataView(bytes.buffer).setUint32(0, 180, true);
  const decoder = new FrameDecoder();
  expect(decoder.push(bytes)).toEqual([]);
  expect(decoder.failure).toContain('size 180');
  expect(decoder.failure).toContain(
    'a packet frame has 176 bytes; build loader and agent from the same checkout',
  );
  expect(decoder.push(STREAM)).toEqual([]);
});

test('a hello that announces another layout is refused before any packet is read', () => {
  const hello = helloOf({
    sizes: { packet: 176, link: 112, proxyHeader: 168, clock: 16, stats: 32 },
  });
  const decoder = new FrameDecoder();
  const frames = decoder.push(
    Buffer.concat([encodeFrame({ kind: 'hello', hello }), encodeFrame(connection.syn(1))]),
  );
  expect(frames).toEqual([]);
  expect(decoder.failure).toBe(
    'hello.sizes.packet is 176, this agent reads 168; build loader and agent from the same checkout (npm run agent:build)',
  );
});

test('a hello that is no JSON or lacks a field is refused by name', () => {
  const { hostNetns: _, ...rest } = helloOf();
  const failureOf = (body: string) => {
    const bytes = new Uint8Array(8 + body.length);
    new DataView(bytes.buffer).setUint32(0, bytes.length, true);
    bytes.set([1, 1], 4);
    bytes.set(new TextEncoder().encode(body), 8);
    const decoder = new FrameDecoder();
    decoder.push(bytes);
    return decoder.failure;
  };
  expect(failureOf('{')).toContain('hello.');
  expect(failureOf(JSON.stringify(rest))).toContain('hello.hostNetns');
});
