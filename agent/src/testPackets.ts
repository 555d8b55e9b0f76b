/** Builders for tests: frames of which only what matters is said. Times are milliseconds of kernel time. */
import type { Endpoint, Tuple } from '@hoptrace/domain/model/tuple.ts';
import { reverseTuple } from '@hoptrace/domain/model/tuple.ts';
import type { PacketFrame } from './frames/frame.ts';
import type { Hello, HelloInterface } from './frames/hello.ts';
import { type DeviceKind, MILESTONE, type PacketType } from './frames/layout.ts';

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
  readonly ifname: string;
  readonly deviceKind: DeviceKind;
}

/** node1: eth0 (uplink), veth1 (cable of Pod 200, whose own end is eth0 there). */
export const UPLINK: Place = { netns: HOST, ifindex: 2, ifname: 'eth0', deviceKind: 'veth' };
export const POD_VETH: Place = { netns: HOST, ifindex: 7, ifname: 'veth1', deviceKind: 'veth' };
export const POD_ETH: Place = { netns: POD, ifindex: 2, ifname: 'eth0', deviceKind: 'veth' };

export function helloOf(change: Partial<Hello> = {}): Hello {
  const device = (ifindex: number, name: string, addresses: string[]): HelloInterface => ({
    ifindex,
    name,
    kind: 'veth',
    addresses,
  });
  return {
    layoutVersion: 1,
    sizes: { packet: 168, link: 112, proxyHeader: 168, clock: 16, stats: 32 },
    kernel: '6.18.0',
    hostNetns: HOST,
    allNamespaces: false,
    features: {},
    dropReasons: { '3': 'NO_SOCKET', '12': 'NETFILTER_DROP', '20': 'OTHERHOST' },
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
    tsNs: BigInt(Math.round(ms * 1e6)),
    ...place,
    type,
    milestones: 0,
    tcpFlags: 0,
    seq: 0,
    ack: 0,
    reason: 0,
    family: 4,
    ttl: 63,
    payloadBytes: 0,
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
  readonly syn: 'rx' | 'tx';
  readonly tuple: string;
  readonly clientIsn?: number;
  readonly serverIsn?: number;
  readonly conntrack?: { readonly original: string; readonly reply: string };
}

/** The packets of one connection at one tap, each at its millisecond. */
export function packetsOf(connection: Connection) {
  const { place, syn, clientIsn = 1_000_000, serverIsn = 9_000_000 } = connection;
  const tuple = tupleOf(connection.tuple);
  const back = syn === 'rx' ? 'tx' : 'rx';
  const { conntrack } = connection;
  const tuples = (type: PacketType) => ({
    original: conntrack !== undefined && type === 'tx' ? tupleOf(conntrack.original) : null,
    reply: conntrack !== undefined && type === 'tx' ? tupleOf(conntrack.reply) : null,
  });
  const forward = (ms: number, change: PacketChange) =>
    packetAt(place, syn, ms, {
      tuple,
      seq: (clientIsn + 1) >>> 0,
      ack: (serverIsn + 1) >>> 0,
      tcpFlags: 0x10,
      ...tuples(syn),
      ...change,
    });
  const answer = (ms: number, change: PacketChange) =>
    packetAt(place, back, ms, {
      tuple: reverseTuple(tuple),
      seq: (serverIsn + 1) >>> 0,
      ack: (clientIsn + 1) >>> 0,
      tcpFlags: 0x10,
      ...tuples(back),
      ...change,
    });
  return {
    syn: (ms: number) =>
      forward(ms, { seq: clientIsn, ack: 0, tcpFlags: 0x02, milestones: MILESTONE.syn }),
    synAck: (ms: number) =>
      answer(ms, { seq: serverIsn, tcpFlags: 0x12, milestones: MILESTONE.synAck }),
    ack: (ms: number) => forward(ms, { milestones: MILESTONE.ack }),
    request: (ms: number) =>
      forward(ms, { milestones: MILESTONE.data, payloadBytes: 78, tcpFlags: 0x18 }),
    response: (ms: number) =>
      answer(ms, {
        milestones: MILESTONE.data,
        payloadBytes: 200,
        tcpFlags: 0x18,
        ack: clientIsn + 79,
      }),
    clientFin: (ms: number) => forward(ms, { milestones: MILESTONE.fin, tcpFlags: 0x11 }),
    serverFin: (ms: number) => answer(ms, { milestones: MILESTONE.fin, tcpFlags: 0x11 }),
    refusal: (ms: number) => answer(ms, { seq: 0, milestones: MILESTONE.rst, tcpFlags: 0x14 }),
    serverRst: (ms: number) => answer(ms, { milestones: MILESTONE.rst, tcpFlags: 0x14 }),
    clientRst: (ms: number) => forward(ms, { milestones: MILESTONE.rst, tcpFlags: 0x04 }),
    drop: (ms: number, reason: number) =>
      packetAt(place, 'drop', ms, { tuple, seq: clientIsn, tcpFlags: 0x02, reason, milestones: 1 }),
    icmp: (ms: number, type = 3, code = 3) =>
      packetAt(place, syn === 'rx' ? 'icmpTx' : 'icmpRx', ms, {
        tuple,
        seq: clientIsn,
        reason: (type << 8) | code,
      }),
  };
}
