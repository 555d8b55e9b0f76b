import type { LegRecord, RefusalRecord } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import type { LegFrame, PacketFrame } from '../frames/frame.ts';
import { IsnHasher } from '../isnHash.ts';
import { KernelClock } from '../kernelClock.ts';
import { tapTable } from '../taps.ts';
import { framesOf, helloOf, packetsOf, type TestPacket, tupleOf, UPLINK } from '../testPackets.ts';
import { LegAssembler } from './assembler.ts';

const CLIENT_TO_NODE_PORT = '203.0.113.10:40000>192.168.50.11:30080';

function assembler(maxOpenLegs = 100) {
  const records: (LegRecord | RefusalRecord)[] = [];
  const hasher = new IsnHasher(new Uint8Array(32));
  const clock = new KernelClock();
  clock.update({
    kind: 'clock',
    monotonicNs: 0n,
    realtimeMinusMonotonicNs: 5_000_000_000_000_321n,
  });
  const legs = new LegAssembler(tapTable(helloOf()), {
    maxOpenLegs,
    hasher,
    clock,
    emit: (record) => records.push(record),
  });
  const tickMs = (ms: number) => legs.tick(BigInt(Math.round(ms * 1e6)));
  return { legs, records, hasher, tickMs };
}

const entry = packetsOf({
  place: UPLINK,
  syn: 'rx',
  tuple: CLIENT_TO_NODE_PORT,
  conntrack: { original: CLIENT_TO_NODE_PORT, reply: '10.244.1.10:80>192.168.50.11:1234' },
});

/** Pushes what the loader tells of these packets until `untilMs`, and lets the time pass. */
function play(
  packets: readonly (TestPacket | PacketFrame)[],
  untilMs: number,
  maxOpenLegs?: number,
) {
  const made = assembler(maxOpenLegs);
  const rest = framesOf(packets, untilMs);
  for (let ms = 0; ms <= untilMs; ms += 50) {
    while (rest[0] !== undefined && rest[0].tsNs <= BigInt(ms) * 1_000_000n)
      made.legs.push(rest.shift() as LegFrame);
    made.tickMs(ms);
  }
  return made;
}

const HANDSHAKE = [entry.syn(0), entry.synAck(1), entry.ack(2)];

test('a short connection is told once, when it has ended, and nothing of it is kept', () => {
  const { legs, records, hasher } = play(
    [
      ...[entry.syn(10), entry.synAck(10.1), entry.ack(10.3), entry.request(10.4)],
      ...[entry.response(12), entry.serverFin(13), entry.clientFin(13.5)],
    ],
    5_000,
  );
  const told: LegRecord = {
    kind: 'leg',
    seq: 0,
    startUs: 5_000_000_010_000,
    tap: { netns: 100, ifindex: 2, role: 'uplink', synDirection: 'rx' },
    tuple: tupleOf(CLIENT_TO_NODE_PORT),
    original: tupleOf(CLIENT_TO_NODE_PORT),
    reply: tupleOf('10.244.1.10:80>192.168.50.11:1234'),
    clientIsnHash: hasher.client(1_000_000),
    serverIsnHash: hasher.server(9_000_000),
    isnPairHash: hasher.pair(1_000_000, 9_000_000),
    synTtl: 63,
    synCount: 1,
    synNs: 321,
    synAckNs: 100_321,
    ackNs: 300_321,
    firstRequestNs: 400_321,
    firstResponseNs: 2_000_321,
    endNs: 3_500_321,
    end: 'fin',
    revision: 0,
    legId: 0,
    traffic: {
      ...{ clientBytes: 0, serverBytes: 0, clientRetransmits: 0, serverRetransmits: 0 },
      closedBy: 'server',
    },
  };
  expect(records).toEqual([told]);
  expect(legs.openLegs).toBe(0);
});

test('an established connection is told after 0.3 s, then with its response, then with its end', () => {
  const { records } = play(
    [...HANDSHAKE, entry.request(3), entry.response(4000), entry.serverRst(5000)],
    6_000,
  );
  expect(records).toMatchObject([
    { revision: 0, end: 'open', firstRequestNs: 3_000_321, firstResponseNs: null },
    { revision: 1, end: 'open', firstResponseNs: 4_000_000_321 },
    { revision: 2, end: 'reset', endNs: 5_000_000_321 },
  ]);
});

test('one FIN ends a leg after a second, at the time of that FIN', () => {
  const packets = [...HANDSHAKE, entry.response(3), entry.serverFin(10)];
  expect(play(packets, 1_000).records).toMatchObject([{ end: 'open', revision: 0 }]);
  expect(play(packets, 1_100).records[1]).toMatchObject({
    ...{ end: 'fin', endNs: 10_000_321, revision: 1 },
  });
});

test('a FIN long after the other is no news', () => {
  const packets = [...HANDSHAKE, entry.response(3), entry.serverFin(10), entry.clientFin(9_000)];
  const { legs, records } = play(packets, 10_000);
  expect(records).toHaveLength(3);
  expect(records[2]).toMatchObject({ revision: 255, end: 'fin', endNs: 9_000_000_321 });
  expect(legs.openLegs).toBe(0);
});

test('repeated SYNs count and keep the first stamp; an answer after the verdict reopens the leg', () => {
  const { records } = play(
    [
      ...[entry.syn(0), entry.syn(1000), entry.syn(2000), entry.syn(3100)],
      ...[entry.synAck(3101), entry.ack(3102), entry.response(3103)],
    ],
    10_000,
  );
  // The silence was told as it stood; domain/src/reconstruct takes it back by the leg that was answered.
  expect(records[1]).toMatchObject({ kind: 'refusal', evidence: 'silence', synCount: 3 });
  expect(records[0]).toMatchObject({
    ...{ kind: 'leg', end: 'unanswered', synCount: 3, isnPairHash: null, revision: 0 },
  });
  expect(records.at(-1)).toMatchObject({
    end: 'open',
    endNs: null,
    synCount: 4,
    synNs: 321,
    synAckNs: 3_101_000_321,
    firstResponseNs: 3_103_000_321,
    revision: 2,
  });
  expect(records.filter((record) => record.kind === 'refusal')).toHaveLength(1);
});

test('where the SYN-ACK came back another way, the first bare ACK tells the server ISN', () => {
  const { records, hasher } = play([entry.syn(0), entry.ack(2)], 9_000);
  expect(records).toMatchObject([
    { synAckNs: null, ackNs: 2_000_321, isnPairHash: hasher.pair(1_000_000, 9_000_000) },
  ]);
});

test('a full table closes the oldest leg, tells what is known and counts it', () => {
  const syns = [1, 2, 3].map((port) =>
    packetsOf({
      place: UPLINK,
      syn: 'rx',
      tuple: `203.0.113.10:${port}>192.168.50.11:30080`,
      clientIsn: port,
    }).syn(port),
  );
  const { legs, records } = play(syns, 400, 2);
  expect(legs.openLegs).toBe(2);
  expect(legs.counters).toMatchObject({ evictedLegs: 1, unjudgedAttempts: 1 });
  expect(records).toMatchObject([
    { tuple: { src: { port: 1 } }, end: 'open', traffic: { closedBy: 'agent' } },
  ]);
});

test('open legs are forgotten 5 minutes after they were told; their end still comes, as the last revision', () => {
  const made = play([...HANDSHAKE, entry.response(3)], 1_000);
  made.tickMs(299_000);
  expect(made.legs.openLegs).toBe(1);
  made.tickMs(311_000);
  expect([made.legs.openLegs, made.legs.counters.forgottenLegs]).toEqual([0, 1]);
  const end = framesOf([...HANDSHAKE, entry.response(3), entry.serverRst(400_000)]).at(-1);
  made.legs.push(end as LegFrame);
  expect(made.records.at(-1)).toMatchObject({ legId: 0, end: 'reset', revision: 255 });
});

test('loopback and bridges are no taps', () => {
  for (const [ifindex, deviceKind] of [
    [1, 'loopback'],
    [3, 'bridge'],
  ] as const) {
    const there = packetsOf({
      place: { ...UPLINK, ifindex, deviceKind },
      syn: 'rx',
      tuple: CLIENT_TO_NODE_PORT,
    });
    const { legs, records } = play([there.syn(0)], 5_000);
    expect([legs.openLegs, records]).toEqual([0, []]);
  }
});

test('a handshake without its ACK is told after 2.25 s as open, with what is missing left null', () => {
  const packets = [entry.syn(0), entry.synAck(1)];
  expect(play(packets, 2_200).records).toEqual([]);
  expect(play(packets, 2_250).records).toMatchObject([
    { end: 'open', synAckNs: 1_000_321, ackNs: null },
  ]);
});

test('a new loader counts legs from zero: its legs have ids of their own', () => {
  const { legs, records } = play([...HANDSHAKE, entry.response(3)], 1_000);
  legs.noteBreak(1_000_000_000n);
  for (const frame of framesOf([...HANDSHAKE, entry.response(3)], 1_000)) legs.push(frame);
  expect(records).toMatchObject([
    { legId: 0, revision: 0 },
    { legId: 1, revision: 0 },
  ]);
});

test('a flood of SYNs stays within the bound of the table', () => {
  const syns = Array.from({ length: 5_000 }, (_, index) => {
    const tuple = `203.0.113.10:${index + 1}>192.168.50.11:30080`;
    return packetsOf({ place: UPLINK, syn: 'rx', tuple, clientIsn: index }).syn(index / 1000);
  });
  const { legs } = play(syns, 400, 50);
  expect([legs.openLegs, legs.counters.evictedLegs]).toEqual([50, 4_950]);
});
