import {
  decodeRecord,
  encodeBatch,
  recordSizeBytes,
  writeRecord,
} from '@hoptrace/domain/wire/binary.ts';
import type { WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FrameDecoder } from '../frames/decoder.ts';
import { encodeFrame } from '../frames/encode.ts';
import type { Frame, LegFrame, LinkFrame } from '../frames/frame.ts';
import { newMetrics } from '../metrics.ts';
import { Pipeline } from '../pipeline.ts';
import { helloOf, tupleOf, UPLINK } from '../testPackets.ts';
import type { EmitWritten } from './directRecords.ts';

const WALL_NS = 2n ** 60n;
const START: readonly Frame[] = [
  { kind: 'hello', hello: helloOf() },
  { kind: 'clock', monotonicNs: 0n, realtimeMinusMonotonicNs: 1_790_000_000_123_456_789n },
];
const tuples = [
  tupleOf('203.0.113.10:40000>192.168.50.11:30080'),
  { src: { ip: '2001:db8::7', port: 1 }, dst: { ip: '2001:db8::8', port: 65_535 } },
];

const u32 = fc.nat({ max: 0xffff_ffff });
const tsNs = fc.bigInt({ min: 2n ** 32n, max: 2n ** 59n });
const stamp = fc.option(fc.nat({ max: 2 ** 40 }), { nil: null });
const bytes = fc.nat({ max: 2 ** 52 - 1 });
const anyTuple = fc.constantFrom(...tuples);
const ct = fc.option(fc.record({ original: anyTuple, reply: anyTuple }), { nil: null });

/** Legs over and not over, young and old, at a tap and on loopback. */
const leg: fc.Arbitrary<LegFrame> = fc
  .record({
    ...{ id: fc.nat({ max: 2 ** 40 }), synNs: tsNs, toldNs: fc.nat({ max: 2 ** 40 }), ct },
    ...{ lastSynNs: fc.nat({ max: 1e9 }), synAckNs: stamp, ackNs: stamp, requestNs: stamp },
    ...{ responseNs: stamp, clientFinNs: stamp, serverFinNs: stamp, resetNs: stamp },
    ...{ isResetByServer: fc.boolean(), hasSpokenOn: fc.boolean(), clientIsn: u32 },
    ...{ deviceKind: fc.constantFrom('other' as const, 'loopback' as const) },
    ...{
      direction: fc.constantFrom('rx' as const, 'tx' as const),
      family: fc.constant(4 as const),
    },
    ...{ synTtl: fc.nat({ max: 255 }), synCount: fc.nat({ max: 0xffff }) },
    ...{ clientBytes: bytes, serverBytes: bytes, clientRetransmits: u32, serverRetransmits: u32 },
    ...{ serverIsn: fc.option(u32, { nil: null }), tuple: anyTuple, ifindex: fc.nat({ max: 9 }) },
  })
  .map(({ toldNs, ct: known, ...each }) => ({
    kind: 'leg',
    ...each,
    netns: UPLINK.netns,
    tsNs: each.synNs + BigInt(toldNs),
    original: known?.original ?? null,
    reply: known?.reply ?? null,
  }));

const burst = fc.record({
  cookie: fc.bigInt({ min: 1n, max: 2n ** 60n }),
  isnLocal: fc.oneof(fc.constant(0), u32),
  isnRemote: fc.oneof(fc.constant(0), u32),
  burst: u32,
  isAccepted: fc.boolean(),
});
const maybeBurst = fc.option(burst, { nil: null });
const link: fc.Arbitrary<LinkFrame> = fc.record({
  kind: fc.constant('link' as const),
  ...{ tsNs, netns: u32, pid: u32, side: fc.constantFrom('request' as const, 'response' as const) },
  ...{ subject: burst, lastRead: maybeBurst, oldest: maybeBurst },
  process: fc
    .constantFrom('nginx', '', 'a-name-of-16-chrs', 'with space')
    .map((t) => t.slice(0, 16)),
});

/** What a pipeline makes of the loader's bytes, whole frames or raw ones. */
function recordsOf(frames: readonly Frame[], isDirect: boolean) {
  const metrics = newMetrics();
  const records: Uint8Array[] = [];
  let written = 0;
  const bytesOf = (record: WireRecord) => {
    const batch = encodeBatch({} as never, [record]);
    return batch.slice(batch.length - recordSizeBytes(record.kind));
  };
  const pipeline = new Pipeline({
    secret: new Uint8Array(32).fill(5),
    maxOpenLegs: 1_000,
    metrics,
    emit: (record) => records.push(bytesOf(record)),
    ...(isDirect && {
      emitWritten: (kind, write) => {
        // What lay there before must not matter; seq is not the writer's.
        const bytes = new Uint8Array(recordSizeBytes(kind)).fill(0xee);
        write(new DataView(bytes.buffer), 0);
        bytes.fill(0, 4, 12);
        records.push(bytes);
        written++;
      },
    }),
  });
  const decoder = new FrameDecoder();
  for (const frame of [...START, ...frames]) {
    const bytes = encodeFrame(frame);
    const read = isDirect ? decoder.read(bytes) : decoder.push(bytes).map((each) => each.frame);
    pipeline.read(read, WALL_NS);
  }
  return { records, written, metrics };
}

test('bytes written directly are those of the record made as an object', () => {
  let written = 0;
  fc.assert(
    fc.property(fc.array(fc.oneof(leg, link), { maxLength: 8 }), (frames) => {
      const direct = recordsOf(frames, true);
      const long = recordsOf(frames, false);
      expect(direct.records).toEqual(long.records);
      expect(direct.metrics).toEqual(long.metrics);
      written += direct.written;
    }),
    { numRuns: 2_000 },
  );
  // Else this compares the long way with itself.
  expect(written).toBeGreaterThan(1_000);
});

test('broken legs and links are counted, directly as well', () => {
  fc.assert(
    fc.property(
      fc.oneof(leg, link),
      fc.array(fc.tuple(fc.nat({ max: 255 }), fc.nat({ max: 255 })), { maxLength: 3 }),
      (frame, changes) => {
        const bytes = encodeFrame(frame);
        for (const [at, value] of changes) bytes[8 + at] = value;
        const both = [true, false].map((isDirect) => {
          const metrics = newMetrics();
          const decoder = new FrameDecoder();
          const records: WireRecord[] = [];
          // Both as a collector reads them: on the wire a tuple of zeroes is none.
          const take: EmitWritten = (kind, write) => {
            const view = new DataView(new ArrayBuffer(recordSizeBytes(kind)));
            write(view, 0);
            const result = decodeRecord(view, 'record');
            if (!('record' in result)) throw new Error(JSON.stringify(result));
            records.push(result.record);
          };
          const pipeline = new Pipeline({
            ...{ secret: new Uint8Array(32), maxOpenLegs: 10, metrics },
            emit: (record) => take(record.kind, (view, at) => writeRecord(view, at, record)),
            ...(isDirect && { emitWritten: take }),
          });
          for (const each of [...START.map(encodeFrame), bytes]) {
            const read = isDirect ? decoder.read(each) : decoder.push(each).map((d) => d.frame);
            pipeline.read(read, WALL_NS);
          }
          return { records, bad: metrics.badFramesTotal + decoder.badFrames };
        });
        expect(both[0]).toEqual(both[1]);
      },
    ),
    { numRuns: 3_000 },
  );
});
