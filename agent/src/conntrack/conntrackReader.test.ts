import { recordSchema, type WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import type { ConntrackFrame, Frame } from '../frames/frame.ts';
import { newMetrics } from '../metrics.ts';
import { Pipeline } from '../pipeline.ts';
import {
  conntrackFrameOf,
  framesOf,
  HOST,
  helloOf,
  nsOf,
  packetsOf,
  tupleOf,
  UPLINK,
} from '../testPackets.ts';

/** Wall clock minus kernel clock of these tests. */
const OFFSET_NS = 1_790_000_000_000_000_000n;
const ESTABLISHED = { status: 0x1be, tcpState: 3 };
const SYN_SENT = { status: 0x1b8, tcpState: 1 };

function pipelineOf(source: 'ebpf' | 'conntrack', features: Record<string, boolean> = {}) {
  const records: WireRecord[] = [];
  const metrics = newMetrics();
  const pipeline = new Pipeline({
    ...{ secret: new Uint8Array(16), maxOpenLegs: 64, metrics },
    emit: (record) => records.push(record),
  });
  const hello = { ...helloOf(), source, features };
  // Read as soon as the last of them was told.
  const read = (frames: readonly Frame[]) =>
    pipeline.read(
      frames,
      frames.reduce((last, each) => ('tsNs' in each && each.tsNs > last ? each.tsNs : last), 0n),
    );
  read([
    { kind: 'hello', hello },
    { kind: 'clock', monotonicNs: 0n, realtimeMinusMonotonicNs: OFFSET_NS },
  ]);
  const told = () => {
    for (const record of records) expect(recordSchema.safeParse(record).error).toBeUndefined();
    return records.splice(0);
  };
  return { pipeline, metrics, read, told };
}

/** An event that the kernel stamps, at this millisecond. */
function event(ms: number, change: Partial<ConntrackFrame>): ConntrackFrame {
  return conntrackFrameOf({ tsNs: nsOf(ms), eventRealtimeNs: OFFSET_NS + nsOf(ms), ...change });
}

test('a connection that was there before the agent is told as it was found, and its end', () => {
  const { read, told } = pipelineOf('ebpf');
  read([event(10, { event: 'old', eventRealtimeNs: null })]);
  const frame = conntrackFrameOf();
  expect(told()).toMatchObject([
    {
      ...{ kind: 'leg', end: 'open', synCount: 0, isnPairHash: null, clientIsnHash: null },
      ...{ original: frame.original, reply: frame.reply, tuple: frame.original, revision: 0 },
      startUs: Number((OFFSET_NS + nsOf(10)) / 1000n),
    },
  ]);
  read([event(4_000, { event: 'destroy', tcpState: 7 })]);
  expect(told()).toMatchObject([{ kind: 'leg', end: 'fin', revision: 1, endNs: null }]);
});

test('beside eBPF what begins is told by eBPF alone', () => {
  const { read, told, pipeline } = pipelineOf('ebpf');
  read([event(10, { event: 'new', ...SYN_SENT }), event(12, { event: 'destroy', tcpState: 8 })]);
  pipeline.tick(nsOf(9_000));
  expect(told()).toEqual([]);
});

test('alone it tells a short connection once, with the time of the second FIN', () => {
  const { read, told, metrics } = pipelineOf('conntrack', { packets: false });
  read([
    event(10, { event: 'new', ...SYN_SENT }),
    event(11, { event: 'update', ...ESTABLISHED, tcpState: 2 }),
    event(12, { event: 'update', ...ESTABLISHED }),
    event(20, { event: 'update', ...ESTABLISHED, tcpState: 4 }),
    event(21, { event: 'update', ...ESTABLISHED, tcpState: 6 }),
    event(22, { event: 'update', ...ESTABLISHED, tcpState: 7 }),
    event(9_000, { event: 'destroy', ...ESTABLISHED, tcpState: 7 }),
  ]);
  expect(told()).toMatchObject([
    { kind: 'leg', end: 'fin', synCount: 1, endNs: 11_000_000, synAckNs: null },
  ]);
  expect(metrics).toMatchObject({ isDegraded: 1, openLegs: 0 });
});

test('alone it tells a long connection as open, and an unanswered one after 3 s', () => {
  const { read, told, pipeline } = pipelineOf('conntrack');
  read([
    event(10, { event: 'new', ...SYN_SENT }),
    event(12, { event: 'update', ...ESTABLISHED }),
    event(10, { event: 'new', id: 2, ...SYN_SENT }),
  ]);
  pipeline.tick(nsOf(1_000));
  pipeline.tick(nsOf(1_200));
  expect(told()).toMatchObject([{ end: 'open', revision: 0 }]);
  pipeline.tick(nsOf(3_200));
  expect(told()).toMatchObject([{ end: 'unanswered' }]);
});

test('a reset by an address of this node is a refusal; one from behind it is not its to tell', () => {
  const own = tupleOf('192.168.50.11:30099>203.0.113.10:4000');
  const { read, told } = pipelineOf('conntrack');
  const ip = '192.168.50.11';
  const [host, ...others] = helloOf().namespaces;
  const uplink = { ifindex: 2, name: 'eth0', kind: 'veth' as const, addresses: [ip] };
  const namespace = { inode: HOST, name: 'host', isHost: true, ...host, interfaces: [uplink] };
  const namespaces = [namespace, ...others];
  read([{ kind: 'hello', hello: { ...helloOf({ namespaces }), source: 'conntrack' } }]);
  const reply = { src: { ip, port: 30_099 }, dst: own.dst };
  const original = { src: own.dst, dst: reply.src };
  read([
    event(10, { event: 'new', ...SYN_SENT, original, reply }),
    event(11, { event: 'destroy', status: 0x388, tcpState: 8, original, reply }),
    event(10, { event: 'new', id: 2, ...SYN_SENT }),
    event(11, { event: 'destroy', id: 2, status: 0x388, tcpState: 8 }),
  ]);
  expect(told()).toMatchObject([
    { kind: 'leg', end: 'reset' },
    { kind: 'refusal', refusal: 'reset', evidence: 'rst', afterNs: 1_000_000, tuple: original },
    { kind: 'leg', end: 'reset' },
  ]);
});

test('where eBPF cannot read conntrack, legs get their tuples from the netlink interface', () => {
  const { read, told, pipeline } = pipelineOf('ebpf', { conntrack: false });
  const { original, reply } = conntrackFrameOf();
  const served = packetsOf({ place: UPLINK, syn: 'rx', tuple: '10.98.1.1:4000>10.98.1.2:30080' });
  const sent = packetsOf({
    ...{ place: UPLINK, syn: 'tx', tuple: '192.168.50.13:19716>10.244.2.10:80' },
  });
  const packets = [served, sent].flatMap((each) => [
    ...[each.syn(11), each.synAck(12), each.ack(13)],
    ...[each.clientFin(14), each.serverFin(15)],
  ]);
  read([event(10, { event: 'new', ...SYN_SENT }), ...framesOf(packets)]);
  pipeline.tick(nsOf(1_000));
  expect(told()).toMatchObject([
    { kind: 'leg', end: 'fin', original, reply },
    { kind: 'leg', end: 'fin', original, reply },
  ]);
});

test('a loader that starts anew finds nothing new in connections that the one before told of', () => {
  const { read, told, pipeline } = pipelineOf('ebpf');
  const open = packetsOf({ place: UPLINK, syn: 'rx', tuple: '10.98.1.1:4000>10.98.1.2:30080' });
  read(framesOf([open.syn(10), open.synAck(11), open.ack(12)], 400));
  pipeline.tick(nsOf(600));
  expect(told()).toHaveLength(1);
  pipeline.noteBreak();
  read([event(2_000, { event: 'old' }), event(2_000, { event: 'old', id: 3, netns: HOST + 1 })]);
  expect(told()).toMatchObject([{ kind: 'leg', tap: { netns: HOST + 1, role: 'pod' } }]);
});

test('overruns are losses that the collector is told, and the table of entries is bounded', () => {
  const { read, told, metrics } = pipelineOf('conntrack');
  const stats = { eventsRead: 9, overruns: 2, oldFound: 0, unreadable: 0, namespaces: 1 };
  read([{ kind: 'conntrackStats', ...stats }]);
  expect(metrics.conntrackOverrunsTotal).toBe(2);
  const flood = Array.from({ length: 200 }, (_, id) =>
    event(10, { event: 'new', id, ...SYN_SENT }),
  );
  read(flood);
  expect(metrics).toMatchObject({ openLegs: 64, evictedLegsTotal: 136 });
  expect(told()).toHaveLength(136);
});
