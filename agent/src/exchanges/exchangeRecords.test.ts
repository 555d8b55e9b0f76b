import type { ExchangeRecord } from '@hoptrace/domain/wire/v1.ts';
import { exchangeSchema } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import type { ExchangeFrame } from '../frames/frame.ts';
import { IsnHasher } from '../isnHash.ts';
import { KernelClock } from '../kernelClock.ts';
import { tapTable } from '../taps.ts';
import { exchangeFrameOf, helloOf } from '../testPackets.ts';
import { ContentIndex } from './contentIndex.ts';
import { ExchangeReader } from './exchangeRecords.ts';

const hasher = new IsnHasher(new Uint8Array(32).fill(7));

function readerOf() {
  const records: ExchangeRecord[] = [];
  const clock = new KernelClock();
  clock.update({ kind: 'clock', monotonicNs: 0n, realtimeMinusMonotonicNs: 1_000_000_000n });
  const emit = (record: ExchangeRecord) => records.push(record);
  const contents = new ContentIndex(new Uint8Array(32).fill(7));
  const reader = new ExchangeReader(tapTable(helloOf()), { hasher, clock, contents, emit });
  return { reader, records, contents };
}

function recordsOf(frames: readonly ExchangeFrame[]): ExchangeRecord[] {
  const { reader, records } = readerOf();
  for (const frame of frames) reader.push(frame);
  return records;
}

test('a frame becomes a record with the key of its leg and stamps after whole microseconds', () => {
  const [record] = recordsOf([exchangeFrameOf()]);
  expect(exchangeSchema.parse(record)).toEqual(record);
  expect(record).toMatchObject({
    startUs: 1_010_000,
    tap: { netns: 100, ifindex: 2, role: 'uplink', synDirection: 'rx' },
    isnPairHash: hasher.pair(1_000_000, 9_000_000),
    burst: 1,
    ...{ requestFirstNs: 7, requestLastNs: 1_007, responseFirstNs: 900_007 },
    ...{ responseLastNs: 901_007, requestBytes: 100, responseBytes: 500 },
  });
});

test('what was told early is told again only if it went on', () => {
  const early = exchangeFrameOf({ isEarly: true });
  expect(recordsOf([early, exchangeFrameOf()])).toHaveLength(1);
  expect(recordsOf([early, early, exchangeFrameOf()])).toHaveLength(1);
  const longer = recordsOf([early, exchangeFrameOf({ responseBytes: 900 })]);
  expect(longer.map(({ responseBytes }) => responseBytes)).toEqual([500, 900]);
  expect(recordsOf([early, exchangeFrameOf({ burst: 2 })])).toHaveLength(2);
  expect(recordsOf([early, exchangeFrameOf({ legId: 2 })])).toHaveLength(2);
});

test('another loader counts legs anew: nothing of the one before is taken for told', () => {
  const { reader, records } = readerOf();
  reader.push(exchangeFrameOf({ isEarly: true }));
  reader.noteBreak();
  reader.push(exchangeFrameOf());
  expect(records).toHaveLength(2);
});

test('what the kernel passed over is counted once', () => {
  const { reader, records } = readerOf();
  reader.push(exchangeFrameOf({ burst: 64, leftOut: 0, isEarly: true }));
  for (const leftOut of [31, 30, 62]) reader.push(exchangeFrameOf({ burst: 64, leftOut }));
  expect([records.length, reader.leftOut]).toEqual([1, 62]);
  reader.noteBreak();
  reader.push(exchangeFrameOf({ leftOut: 5 }));
  expect(reader.leftOut).toBe(67);
});

test('a bridge is no tap', () => {
  expect(recordsOf([exchangeFrameOf({ ifindex: 3, deviceKind: 'bridge' })])).toEqual([]);
});

const place = { tsNs: 1n, netns: 200 };
const head = (seq: number, ack: number, text: string) =>
  ({ kind: 'head', ...place, seq, ack, bytes: new TextEncoder().encode(text) }) as const;

test('an exchange is told with what its own bursts began with', () => {
  const { reader, records, contents } = readerOf();
  const second = exchangeFrameOf({ burst: 2, requestOffset: 100, responseOffset: 500 });
  contents.addHead(head(1_000_101, 9_000_501, 'GET / HTTP/1.1\r\nX-Request-ID: a\r\n\r\n'));
  contents.addHead(head(9_000_501, 1_000_201, 'HTTP/1.1 404 Not Found\r\n\r\n'));
  reader.push(second);
  // The same bytes elsewhere in the stream, or of another connection with an equal sequence number, are not its.
  reader.push({ ...second, burst: 3, requestOffset: 150 });
  reader.push({ ...second, legId: 9, serverIsn: 8_000_000 });
  expect(records.map(({ method, status, protocol }) => [method, status, protocol])).toEqual([
    ['GET', 404, 'http1'],
    ['', 404, 'http1'],
    ['', 0, 'raw'],
  ]);
  expect(records[0]?.requestIdHash).toMatch(/^[0-9a-f]{16}$/);
});

test('equal ids and randoms have equal hashes, of which no other kind is equal', () => {
  const { reader, records, contents } = readerOf();
  const random = new TextEncoder().encode('a'.repeat(32));
  contents.addFlight({ kind: 'flight', ...place, seq: 1_000_001, ack: 9_000_001, random });
  contents.addFlight({ kind: 'flight', ...place, seq: 2_000_001, ack: 9_000_001, random });
  const text = `GET / HTTP/1.1\r\nX-Request-ID: ${'a'.repeat(32)}\r\n\r\n`;
  contents.addHead(head(3_000_001, 9_000_001, text));
  for (const clientIsn of [1_000_000, 2_000_000, 3_000_000])
    reader.push(exchangeFrameOf({ clientIsn, legId: clientIsn }));
  const [one, other, plain] = records;
  expect(one).toMatchObject({ protocol: 'tls', requestIdHash: null });
  expect(one?.firstFlightHash).toBe(other?.firstFlightHash);
  expect(plain?.requestIdHash).not.toBe(one?.firstFlightHash);
});
