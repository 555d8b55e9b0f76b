import { expect, test } from '@jest/globals';
import type { LinkFrame } from '../frames/frame.ts';
import { IsnHasher } from '../isnHash.ts';
import { KernelClock } from '../kernelClock.ts';
import { tupleOf } from '../testPackets.ts';
import { proxyHeaderRecord, proxyLinkRecord } from './proxyRecords.ts';

const hasher = new IsnHasher(new Uint8Array(32));
const clock = new KernelClock();
clock.update({ kind: 'clock', monotonicNs: 0n, realtimeMinusMonotonicNs: 7_000_000n });

const accepted = { cookie: 1n, isnLocal: 10, isnRemote: 20, burst: 3, isAccepted: true };
const connected = { cookie: 2n, isnLocal: 30, isnRemote: 40, burst: 1, isAccepted: false };
const link: LinkFrame = {
  kind: 'link',
  tsNs: 5_000n,
  netns: 200,
  pid: 42,
  side: 'request',
  subject: connected,
  lastRead: accepted,
  oldest: null,
  process: 'nginx',
};

test('a link names connections as their legs do: client ISN first, whoever asks', () => {
  expect(proxyLinkRecord(link, clock, hasher)).toEqual({
    kind: 'proxyLink',
    seq: 0,
    startUs: 7_005,
    netns: 200,
    pid: 42,
    side: 'request',
    subject: { isnPairHash: hasher.pair(30, 40), burst: 1 },
    lastRead: { isnPairHash: hasher.pair(20, 10), burst: 3 },
    oldest: null,
    process: 'nginx',
  });
});

test('a subject without sequence numbers gives no record', () => {
  const subject = { ...connected, isnLocal: 0, isnRemote: 0 };
  expect(proxyLinkRecord({ ...link, subject }, clock, hasher)).toBeNull();
});

test('a PROXY header has the key of its connection, also where numbers wrap', () => {
  const frame = {
    kind: 'proxyHeader',
    tsNs: 1_000n,
    netns: 200,
    seq: 0,
    ack: 101,
    tuple: tupleOf('10.0.0.1:1>10.0.0.2:2'),
    bytes: new TextEncoder().encode('PROXY TCP4 203.0.113.10 203.0.113.2 51234 443\r\n'),
  } as const;
  expect(proxyHeaderRecord(frame, clock, hasher)).toEqual({
    kind: 'proxyHeader',
    seq: 0,
    startUs: 7_001,
    isnPairHash: hasher.pair(0xffff_ffff, 100),
    version: 1,
    command: 'proxy',
    claimed: tupleOf('203.0.113.10:51234>203.0.113.2:443'),
  });
  expect(proxyHeaderRecord({ ...frame, bytes: new Uint8Array(3) }, clock, hasher)).toBeNull();
});
