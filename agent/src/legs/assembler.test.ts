import type { LegRecord, RefusalRecord } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import { IsnHasher } from '../isnHash.ts';
import { KernelClock } from '../kernelClock.ts';
import { tapTable } from '../taps.ts';
import { helloOf, packetsOf, tupleOf, UPLINK } from '../testPackets.ts';
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

test('a served connection is told when its response begins, and again when it has ended', () => {
  const { legs, records, hasher } = assembler();
  for (const packet of [entry.syn(10), entry.synAck(10.1), entry.ack(10.3), entry.request(10.4)])
    legs.push(packet);
  expect(records).toEqual([]);
  legs.push(entry.response(12));
  const first: LegRecord = {
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
    endNs: null,
    end: 'open',
    revision: 0,
    legId: 1,
  };
  expect(records).toEqual([first]);
  legs.push(entry.serverFin(13));
  legs.push(entry.clientFin(13.5));
  expect(records.slice(1)).toEqual([{ ...first, revision: 1, end: 'fin', endNs: 3_500_321 }]);
  expect(legs.openLegs).toBe(0);
});

test('an established connection without a response is told after 1 s, then with it, then with its end', () => {
  const { legs, records, tickMs } = assembler();
  for (const packet of [entry.syn(0), entry.synAck(1), entry.ack(2), entry.request(3)])
    legs.push(packet);
  tickMs(1001);
  expect(records).toEqual([]);
  tickMs(1002);
  legs.push(entry.response(4000));
  legs.push(entry.serverRst(5000));
  expect(records).toMatchObject([
    { revision: 0, end: 'open', firstResponseNs: null },
    { revision: 1, end: 'open', firstResponseNs: 4_000_000_321 },
    { revision: 2, end: 'reset', endNs: 5_000_000_321 },
  ]);
});

test('one FIN ends a leg after a second, at the time of that FIN', () => {
  const { legs, records, tickMs } = assembler();
  for (const packet of [entry.syn(0), entry.synAck(1), entry.ack(2), entry.response(3)])
    legs.push(packet);
  legs.push(entry.serverFin(10));
  tickMs(1009);
  expect(records).toHaveLength(1);
  tickMs(1010);
  expect(records[1]).toMatchObject({ end: 'fin', endNs: 10_000_321, revision: 1 });
});

test('repeated SYNs count and keep the first stamp; an answer after the verdict reopens the leg', () => {
  const { legs, records, tickMs } = assembler();
  legs.push(entry.syn(0));
  legs.push(entry.syn(1000));
  legs.push(entry.syn(2000));
  tickMs(3000);
  expect(records).toMatchObject([
    { kind: 'leg', end: 'unanswered', synCount: 3, isnPairHash: null, revision: 0 },
  ]);
  legs.push(entry.syn(3100));
  for (const packet of [entry.synAck(3101), entry.ack(3102), entry.response(3103)])
    legs.push(packet);
  expect(records[1]).toMatchObject({
    end: 'open',
    endNs: null,
    synCount: 4,
    synNs: 321,
    synAckNs: 3_101_000_321,
    revision: 1,
  });
  tickMs(10_000);
  expect(records.filter((record) => record.kind === 'refusal')).toEqual([]);
});

test('a SYN-ACK that acknowledges another ISN is stray', () => {
  const { legs, records } = assembler();
  const other = packetsOf({
    place: UPLINK,
    syn: 'rx',
    tuple: CLIENT_TO_NODE_PORT,
    clientIsn: 5,
  });
  legs.push(entry.syn(0));
  legs.push(other.synAck(1));
  legs.push(other.refusal(1.5));
  expect(legs.counters.strayPackets).toBe(2);
  legs.push(entry.synAck(2));
  legs.push(entry.response(3));
  expect(records[0]).toMatchObject({ synAckNs: 2_000_321 });
});

test('ISNs wrap at 2^32', () => {
  const { legs, records, hasher } = assembler();
  const isns = { clientIsn: 0xffff_ffff, serverIsn: 0xffff_ffff };
  const wrap = packetsOf({ place: UPLINK, syn: 'rx', tuple: CLIENT_TO_NODE_PORT, ...isns });
  for (const packet of [wrap.syn(0), wrap.synAck(1), wrap.ack(2), wrap.request(3)])
    legs.push(packet);
  legs.push({ ...wrap.response(4), ack: 78 });
  expect(records[0]).toMatchObject({
    isnPairHash: hasher.pair(0xffff_ffff, 0xffff_ffff),
    ackNs: 2_000_321,
    firstResponseNs: 4_000_321,
  });
});

test('where the SYN-ACK came back another way, the first bare ACK tells the server ISN', () => {
  const { legs, records, hasher, tickMs } = assembler();
  legs.push(entry.syn(0));
  legs.push(entry.ack(2));
  tickMs(1500);
  expect(records).toMatchObject([
    { synAckNs: null, ackNs: 2_000_321, isnPairHash: hasher.pair(1_000_000, 9_000_000) },
  ]);
  tickMs(9_000);
  expect(records).toHaveLength(1);
});

test('the same tuple with a new ISN is a new leg', () => {
  const { legs, records } = assembler();
  const again = packetsOf({ place: UPLINK, syn: 'rx', tuple: CLIENT_TO_NODE_PORT, clientIsn: 77 });
  for (const packet of [entry.syn(0), entry.synAck(1), entry.ack(2)]) legs.push(packet);
  for (const packet of [again.syn(60), again.synAck(61), again.ack(62), again.response(63)])
    legs.push(packet);
  expect(records).toMatchObject([
    { legId: 1, end: 'open', firstResponseNs: null },
    { legId: 2, end: 'open', firstResponseNs: 3_000_321 },
  ]);
  expect(legs.openLegs).toBe(1);
});

test('a full table closes the oldest leg, tells what is known and counts it', () => {
  const { legs, records } = assembler(2);
  for (const port of [1, 2, 3]) {
    legs.push(
      packetsOf({
        place: UPLINK,
        syn: 'rx',
        tuple: `203.0.113.10:${port}>192.168.50.11:30080`,
        clientIsn: port,
      }).syn(port),
    );
  }
  expect(legs.openLegs).toBe(2);
  expect(legs.counters).toMatchObject({ evictedLegs: 1, unjudgedAttempts: 1 });
  expect(records).toMatchObject([{ tuple: { src: { port: 1 } }, end: 'open' }]);
});

test('open legs are forgotten 5 minutes after they were told', () => {
  const { legs, tickMs } = assembler();
  for (const packet of [entry.syn(0), entry.synAck(1), entry.ack(2), entry.response(3)])
    legs.push(packet);
  tickMs(299_000);
  expect(legs.openLegs).toBe(1);
  tickMs(310_000);
  expect([legs.openLegs, legs.counters.forgottenLegs]).toEqual([0, 1]);
});

test('loopback and bridges are no taps', () => {
  const { legs } = assembler();
  for (const [ifindex, deviceKind] of [
    [1, 'loopback'],
    [3, 'bridge'],
  ] as const)
    legs.push({ ...entry.syn(0), ifindex, deviceKind });
  expect(legs.openLegs).toBe(0);
});

test('a handshake without its ACK is told after 3 s as open, with what is missing left null', () => {
  const { legs, records, tickMs } = assembler();
  legs.push(entry.syn(0));
  legs.push(entry.synAck(1));
  tickMs(2999);
  expect(records).toEqual([]);
  tickMs(3000);
  expect(records).toMatchObject([{ end: 'open', synAckNs: 1_000_321, ackNs: null }]);
});

test('TCP Fast Open: the SYN-ACK may acknowledge what the SYN carried', () => {
  const { legs, records } = assembler();
  legs.push({ ...entry.syn(0), milestones: 1 | 8, payloadBytes: 100 });
  legs.push({ ...entry.synAck(1), ack: 1_000_101 });
  legs.push(entry.response(2));
  expect(records).toMatchObject([{ firstRequestNs: 321, synAckNs: 1_000_321 }]);
});

test('a flood of SYNs stays within the bound of the table', () => {
  const { legs } = assembler(50);
  for (let index = 0; index < 5_000; index++) {
    const tuple = `203.0.113.10:${index + 1}>192.168.50.11:30080`;
    legs.push(packetsOf({ place: UPLINK, syn: 'rx', tuple, clientIsn: index }).syn(index / 1000));
  }
  expect([legs.openLegs, legs.counters.evictedLegs]).toEqual([50, 4_950]);
});
