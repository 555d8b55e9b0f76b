/** What the loader writes to its standard output, as values. Layout and meaning: agent/bpf/hop.h. */
import type { Tuple } from '@hoptrace/domain/model/tuple.ts';
import type { Hello } from './hello.ts';
import type { DeviceKind, PacketType } from './layout.ts';

/** One milestone packet, drop or ICMP error. `tsNs` is CLOCK_MONOTONIC. seq and ack must not leave the node. */
export interface PacketFrame {
  readonly kind: 'packet';
  readonly tsNs: bigint;
  readonly netns: number;
  readonly ifindex: number;
  readonly ifname: string;
  readonly deviceKind: DeviceKind;
  readonly type: PacketType;
  readonly milestones: number;
  readonly tcpFlags: number;
  readonly seq: number;
  readonly ack: number;
  /** drop: enum skb_drop_reason; icmpRx and icmpTx: type << 8 | code. */
  readonly reason: number;
  readonly family: 4 | 6;
  readonly ttl: number;
  readonly payloadBytes: number;
  readonly tuple: Tuple;
  /** conntrack; null where the packet carried none. */
  readonly original: Tuple | null;
  readonly reply: Tuple | null;
}

export interface BurstFrame {
  readonly cookie: bigint;
  readonly isnLocal: number;
  readonly isnRemote: number;
  readonly burst: number;
  readonly isAccepted: boolean;
}

export interface LinkFrame {
  readonly kind: 'link';
  readonly tsNs: bigint;
  readonly netns: number;
  readonly pid: number;
  readonly side: 'request' | 'response';
  readonly subject: BurstFrame;
  readonly lastRead: BurstFrame | null;
  readonly oldest: BurstFrame | null;
  readonly process: string;
}

export interface ProxyHeaderFrame {
  readonly kind: 'proxyHeader';
  readonly tsNs: bigint;
  readonly netns: number;
  readonly seq: number;
  readonly ack: number;
  readonly tuple: Tuple;
  readonly bytes: Uint8Array;
}

export interface ClockFrame {
  readonly kind: 'clock';
  readonly monotonicNs: bigint;
  readonly realtimeMinusMonotonicNs: bigint;
}

/** Totals since the loader started. */
export interface StatsFrame {
  readonly kind: 'stats';
  readonly packetsSeen: number;
  readonly eventsEmitted: number;
  readonly ringLost: number;
  readonly mapFull: number;
}

export interface HelloFrame {
  readonly kind: 'hello';
  readonly hello: Hello;
}

export type Frame =
  | HelloFrame
  | ClockFrame
  | StatsFrame
  | PacketFrame
  | LinkFrame
  | ProxyHeaderFrame;
