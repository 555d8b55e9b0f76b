/**
 * Builders for tests: packets of which only what matters is said, and the frames that loader and kernel make of them
 * (`framesOf`, after agent/bpf/leg.bpf.h). Times are milliseconds of kernel time.
 */
import type { Endpoint, Tuple } from '@hoptrace/domain/model/tuple.ts';
import type { ConntrackFrame, ExchangeFrame, LegFrame, PacketFrame } from './frames/frame.ts';
import type { Hello, HelloInterface } from './frames/hello.ts';
import type { DeviceKind, PacketType, TapDirection } from './frames/layout.ts';

export const HOST = 100;
export const POD = 200;

/** `10.0.0.1:80>10.0.0.2:8080` */
export function tupleOf(text: string): Tuple {
  const [src = '', dst = ''] = text.split('>');
  return { src: endpointOf(src), dst: endpointOf(dst) };
}

function endpointOf(text: string): Endpoint {
  const at = text.lastIndexOf(':');
  return { ip: text.slice(0, at), port: Number(text.slice(at + 1)) };
}

interface Place {
  readonly netns: number;
  readonly ifindex: number;
  readonly deviceKind: DeviceKind;
}

/** node1: eth0 (uplink), veth1 (cable of Pod 200, whose own end is eth0 there). */
export const UPLINK: Place = { netns: HOST, ifindex: 2, deviceKind: 'veth' };
export const POD_VETH: Place = { netns: HOST, ifindex: 7, deviceKind: 'veth' };
export const POD_ETH: Place = { netns: POD, ifindex: 2, deviceKind: 'veth' };

export function helloOf(change: Partial<Hello> = {}): Hello {
  const device = (ifindex: number, name: string, addresses: string[]): HelloInterface => ({
    ifindex,
    name,
    kind: 'veth',
    addresses,
  });
  return {
    layoutVersion: 4,
    sizes: {
      packet: 144,
      leg: 256,
      link: 112,
      proxyHeader: 168,
      clock: 16,
      stats: 104,
      exchange: 112,
      flight: 56,
      head: 536,
      conntrack: 152,
      conntrackStats: 40,
    },
    source: 'ebpf',
    kernel: '6.18.0',
    hostNetns: HOST,
    allNamespaces: false,
    features: {},
    featureNotes: {},
    dropReasons: {
      '2': 'NOT_SPECIFIED',
      '3': 'NO_SOCKET',
      '12': 'NETFILTER_DROP',
      '20': 'OTHERHOST',
    },
    namespaces: [
      {
        inode: HOST,
        name: 'node1',
        isHost: true,
        interfaces: [
          { ifindex: 1, name: 'lo', kind: 'loopback', addresses: ['127.0.0.1', '::1'] },
          device(2, 'eth0', ['192.168.50.11', 'fe80::1%eth0']),
          { ifindex: 3, name: 'cni0', kind: 'bridge', addresses: ['10.244.1.1'] },
          device(7, 'veth1', ['fe80::7']),
        ],
      },
      { inode: POD, name: 'pod', isHost: false, interfaces: [device(2, 'eth0', ['10.244.1.10'])] },
    ],
    ...change,
  };
}

type PacketChange = Partial<Omit<PacketFrame, 'kind'>>;

export function packetAt(place: Place, type: PacketType, ms: number, change: PacketChange) {
  const packet: PacketFrame = {
    kind: 'packet',
    tsNs: nsOf(ms),
    ...place,
    type,
    seq: 0,
    reason: 0,
    family: 4,
    ttl: 63,
    tuple: tupleOf('0.0.0.0:0>0.0.0.0:0'),
    original: null,
    reply: null,
    ...change,
  };
  return packet;
}

export interface Connection {
  readonly place: Place;
  /** Direction of the SYN at this tap. */
  readonly syn: TapDirection;
  readonly tuple: string;
  readonly clientIsn?: number;
  readonly serverIsn?: number;
  readonly conntrack?: { readonly original: string; readonly reply: string };
}

type Segment =
  | 'syn'
  | 'synAck'
  | 'ack'
  | 'request'
  | 'response'
  | 'clientFin'
  | 'serverFin'
  | 'refusal'
  | 'serverRst'
  | 'clientRst';

/** A segment of a connection at a tap. */
export interface TestPacket {
  readonly kind: 'segment';
  readonly ms: number;
  readonly segment: Segment;
  readonly of: Connection;
}

/** The packets of one connection at one tap, each at its millisecond. */
export function packetsOf(connection: Connection) {
  const { place, syn, clientIsn = 1_000_000 } = connection;
  const tuple = tupleOf(connection.tuple);
  const segment = (name: Segment) => (ms: number) =>
    ({ kind: 'segment', ms, segment: name, of: connection }) as TestPacket;
  return {
    syn: segment('syn'),
    synAck: segment('synAck'),
    ack: segment('ack'),
    request: segment('request'),
    response: segment('response'),
    clientFin: segment('clientFin'),
    serverFin: segment('serverFin'),
    refusal: segment('refusal'),
    serverRst: segment('serverRst'),
    clientRst: segment('clientRst'),
    drop: (ms: number, reason: number) =>
      packetAt(place, 'drop', ms, { tuple, seq: clientIsn, reason }),
    icmp: (ms: number, type = 3, code = 3) =>
      packetAt(place, syn === 'rx' ? 'icmpTx' : 'icmpRx', ms, {
        tuple,
        seq: clientIsn,
        reason: (type << 8) | code,
      }),
  };
}

const RIPE_MS = 250;
const CHECK_MS = 300;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What the loader writes when these packets pass, in order of time, and what it writes until `untilMs`. */
export function framesOf(
  packets: readonly (TestPacket | PacketFrame)[],
  untilMs = Number.POSITIVE_INFINITY,
): (LegFrame | PacketFrame)[] {
  const legs = new Map<Connection, Mutable<LegFrame>>();
  const frames: (LegFrame | PacketFrame)[] = [];
  const tell = (leg: LegFrame, ms: number) => frames.push({ ...leg, tsNs: nsOf(ms) });
  const unchecked: { leg: LegFrame; atMs: number }[] = [];
  const check = (ms: number) => {
    while (unchecked[0] !== undefined && unchecked[0].atMs <= ms) {
      const { leg, atMs } = unchecked.shift() as { leg: LegFrame; atMs: number };
      tell(leg, atMs);
    }
  };
  const msOf = (each: TestPacket | PacketFrame) =>
    each.kind === 'packet' ? Number(each.tsNs) / 1e6 : each.ms;
  for (const packet of [...packets].sort((a, b) => msOf(a) - msOf(b))) {
    check(msOf(packet));
    if (packet.kind === 'packet') {
      frames.push(packet);
      continue;
    }
    const { of, ms } = packet;
    const known = legs.get(of);
    const leg = known ?? newLeg(of, ms, legs.size);
    if (known === undefined) unchecked.push({ leg, atMs: ms + CHECK_MS });
    legs.set(of, leg);
    if (known !== undefined) addSegment(leg, packet);
    const isOver = leg.resetNs !== null || (leg.clientFinNs !== null && leg.serverFinNs !== null);
    const isRipe = ms - Number(leg.synNs) / 1e6 >= RIPE_MS;
    if (!isOver && !isRipe) continue;
    tell(leg, ms);
    const at = unchecked.findIndex((each) => each.leg === leg);
    if (at >= 0) unchecked.splice(at, 1);
  }
  check(untilMs);
  return frames;
}

function newLeg(of: Connection, ms: number, id: number): Mutable<LegFrame> {
  return {
    kind: 'leg',
    id,
    tsNs: nsOf(ms),
    synNs: nsOf(ms),
    lastSynNs: 0,
    synAckNs: null,
    ackNs: null,
    requestNs: null,
    responseNs: null,
    clientFinNs: null,
    serverFinNs: null,
    resetNs: null,
    isResetByServer: false,
    hasSpokenOn: false,
    ...of.place,
    direction: of.syn,
    family: 4,
    synTtl: 63,
    synCount: 1,
    clientIsn: of.clientIsn ?? 1_000_000,
    serverIsn: null,
    ...{ clientBytes: 0, serverBytes: 0, clientRetransmits: 0, serverRetransmits: 0 },
    tuple: tupleOf(of.tuple),
    ...(of.syn === 'tx' ? conntrackOf(of) : { original: null, reply: null }),
  };
}

function conntrackOf({ conntrack }: Connection) {
  if (conntrack === undefined) return { original: null, reply: null };
  return { original: tupleOf(conntrack.original), reply: tupleOf(conntrack.reply) };
}

function addSegment(leg: Mutable<LegFrame>, { segment, ms, of }: TestPacket): void {
  const ns = Number(nsOf(ms) - leg.synNs);
  const isOfServer = !['syn', 'ack', 'request', 'clientFin', 'clientRst'].includes(segment);
  if (isOfServer === (of.syn === 'rx')) Object.assign(leg, conntrackOf(of));
  if (isOfServer && segment !== 'refusal' && segment !== 'serverRst') leg.resetNs = null;
  if (!isOfServer && segment !== 'syn') leg.hasSpokenOn = true;
  if (segment === 'syn') Object.assign(leg, { synCount: leg.synCount + 1, lastSynNs: ns });
  if (segment === 'synAck' || segment === 'ack') leg.serverIsn ??= of.serverIsn ?? 9_000_000;
  if (segment === 'synAck') leg.synAckNs ??= ns;
  if (segment === 'ack') leg.ackNs ??= ns;
  if (segment === 'request') leg.requestNs ??= ns;
  if (segment === 'response') leg.responseNs ??= ns;
  if (segment === 'clientFin') leg.clientFinNs ??= ns;
  if (segment === 'serverFin') leg.serverFinNs ??= ns;
  if (segment !== 'refusal' && segment !== 'serverRst' && segment !== 'clientRst') return;
  leg.resetNs = ns;
  leg.isResetByServer = segment !== 'clientRst';
}

/** A first request of 100 bytes at 10 ms and a response of 500 behind it, at the uplink. */
export function exchangeFrameOf(change: Partial<ExchangeFrame> = {}): ExchangeFrame {
  return {
    kind: 'exchange',
    legId: 1,
    tsNs: nsOf(20),
    startNs: nsOf(10) + 7n,
    requestLastNs: 1_000,
    responseNs: 900_000,
    responseLastNs: 901_000,
    requestOffset: 0,
    requestBytes: 100,
    responseOffset: 0,
    responseBytes: 500,
    ...UPLINK,
    direction: 'rx',
    clientIsn: 1_000_000,
    serverIsn: 9_000_000,
    burst: 1,
    leftOut: 0,
    isEarly: false,
    ...change,
  };
}

/** An entry that DNAT and SNAT made, established, with stamps of the kernel at 10 ms after the epoch of tests. */
export function conntrackFrameOf(change: Partial<ConntrackFrame> = {}): ConntrackFrame {
  return {
    kind: 'conntrack',
    event: 'old',
    tsNs: nsOf(10),
    ...{ eventRealtimeNs: null, startRealtimeNs: null, stopRealtimeNs: null },
    ...{ originalBytes: null, replyBytes: null, originalPackets: null, replyPackets: null },
    netns: HOST,
    id: 1,
    status: 0x1be,
    family: 4,
    tcpState: 3,
    original: tupleOf('10.98.1.1:4000>10.98.1.2:30080'),
    reply: tupleOf('10.244.2.10:80>192.168.50.13:19716'),
    ...change,
  };
}

export function nsOf(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6));
}
