/** What the loader writes to its standard output, as values. Layout and meaning: agent/bpf/hop.h. */
import type { Tuple } from '@hoptrace/domain/model/tuple.ts';
import type { Hello } from './hello.ts';
import type { DeviceKind, PacketType, TapDirection } from './layout.ts';

/**
 * All that is known of one connection at one tap. `tsNs` (when this was told) and `synNs` are CLOCK_MONOTONIC; every
 * other stamp is nanoseconds after the first SYN, null where it was not seen. ISNs must not leave the node.
 */
export interface LegFrame {
  readonly kind: 'leg';
  /** Unique while the loader runs. */
  readonly id: number;
  readonly tsNs: bigint;
  readonly synNs: bigint;
  readonly lastSynNs: number;
  readonly synAckNs: number | null;
  readonly ackNs: number | null;
  readonly requestNs: number | null;
  readonly responseNs: number | null;
  readonly clientFinNs: number | null;
  readonly serverFinNs: number | null;
  readonly resetNs: number | null;
  readonly isResetByServer: boolean;
  /** The client sent more than its SYN: it was answered, if not by this way. */
  readonly hasSpokenOn: boolean;
  readonly netns: number;
  readonly ifindex: number;
  readonly deviceKind: DeviceKind;
  /** Of the SYN. */
  readonly direction: TapDirection;
  readonly family: 4 | 6;
  readonly synTtl: number;
  readonly synCount: number;
  readonly clientIsn: number;
  readonly serverIsn: number | null;
  /** Payload behind the SYN; 0 where none was seen. */
  readonly clientBytes: number;
  readonly serverBytes: number;
  /** Segments of payload that showed this tap nothing new. */
  readonly clientRetransmits: number;
  readonly serverRetransmits: number;
  readonly tuple: Tuple;
  /** conntrack; null where it knew nothing of the connection at this tap. */
  readonly original: Tuple | null;
  readonly reply: Tuple | null;
}

/** A dropped SYN or an ICMP error about one: told at once. `seq` is the client's ISN. */
export interface PacketFrame {
  readonly kind: 'packet';
  readonly tsNs: bigint;
  readonly netns: number;
  readonly ifindex: number;
  readonly deviceKind: DeviceKind;
  readonly type: PacketType;
  readonly seq: number;
  /** drop: enum skb_drop_reason; icmpRx and icmpTx: type << 8 | code. */
  readonly reason: number;
  readonly family: 4 | 6;
  readonly ttl: number;
  /** Of the dropped or quoted SYN. */
  readonly tuple: Tuple;
  readonly original: Tuple | null;
  readonly reply: Tuple | null;
}

/**
 * A request and its response on one connection at one tap. `tsNs` (when this was told) and `startNs` (the first byte)
 * are CLOCK_MONOTONIC, other stamps nanoseconds after `startNs`. ISNs must not leave the node.
 */
export interface ExchangeFrame {
  readonly kind: 'exchange';
  readonly legId: number;
  readonly tsNs: bigint;
  readonly startNs: bigint;
  readonly requestLastNs: number;
  readonly responseNs: number;
  readonly responseLastNs: number;
  /** From the byte behind the SYN. */
  readonly requestOffset: number;
  readonly requestBytes: number;
  readonly responseOffset: number;
  readonly responseBytes: number;
  readonly netns: number;
  readonly ifindex: number;
  readonly deviceKind: DeviceKind;
  /** Of the connection's SYN. */
  readonly direction: TapDirection;
  readonly clientIsn: number;
  readonly serverIsn: number;
  /** From 1, as those of links. */
  readonly burst: number;
  /** Exchanges of all legs that were not told since the loader started, modulo 2^32; means nothing in early ones. */
  readonly leftOut: number;
  /** It may go on, and is then told again. */
  readonly isEarly: boolean;
}

/** A TLS ClientHello at a socket of this machine. `seq` is the client's ISN + 1, `ack` the server's. */
export interface FlightFrame {
  readonly kind: 'flight';
  readonly tsNs: bigint;
  readonly netns: number;
  readonly seq: number;
  readonly ack: number;
  /** Must not leave the node unhashed. */
  readonly random: Uint8Array;
}

/** The first bytes of a segment that begins like HTTP, at a socket of this machine. They must not leave the node. */
export interface HeadFrame {
  readonly kind: 'head';
  readonly tsNs: bigint;
  readonly netns: number;
  readonly seq: number;
  readonly ack: number;
  readonly bytes: Uint8Array;
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
  /** SYNs at watched taps, repetitions included. */
  readonly synsSeen: number;
  /** SYNs thrown away with a reason. */
  readonly dropsSeen: number;
  readonly legsOpened: number;
  /** Legs not opened because there were too many. */
  readonly legsShed: number;
  readonly eventsEmitted: number;
  readonly ringLost: number;
  readonly mapFull: number;
  /** Legs not looked at again because too many waited for it. */
  readonly checksLost: number;
  /** `ringLost` by what it was: dropped SYNs and ICMP errors. */
  readonly lostRefusals: number;
  readonly lostLegs: number;
  readonly lostExchanges: number;
  /** Links of proxies, and PROXY headers. */
  readonly lostLinks: number;
}

/** What the netlink interface of conntrack says of one entry. Wall-clock stamps are the kernel's, null if it gives none. */
export interface ConntrackFrame {
  readonly kind: 'conntrack';
  /** `old`: found in the table. */
  readonly event: 'old' | 'new' | 'update' | 'destroy';
  /** When the loader read it, CLOCK_MONOTONIC. */
  readonly tsNs: bigint;
  readonly eventRealtimeNs: bigint | null;
  readonly startRealtimeNs: bigint | null;
  readonly stopRealtimeNs: bigint | null;
  /** Headers included; null where the kernel does not count (net.netfilter.nf_conntrack_acct). */
  readonly originalBytes: number | null;
  readonly replyBytes: number | null;
  readonly originalPackets: number | null;
  readonly replyPackets: number | null;
  readonly netns: number;
  /** Unique in the namespace while the entry lives. */
  readonly id: number;
  /** The kernel's IPS_ bits. */
  readonly status: number;
  readonly family: 4 | 6;
  /** enum tcp_conntrack; 0: not told. */
  readonly tcpState: number;
  readonly original: Tuple;
  readonly reply: Tuple;
}

/** Totals since the loader started. */
export interface ConntrackStatsFrame {
  readonly kind: 'conntrackStats';
  readonly eventsRead: number;
  /** Times that events were lost because nobody read them in time; how many is not known. */
  readonly overruns: number;
  readonly oldFound: number;
  readonly unreadable: number;
  readonly namespaces: number;
}

export interface HelloFrame {
  readonly kind: 'hello';
  readonly hello: Hello;
}

export type Frame =
  | HelloFrame
  | ClockFrame
  | StatsFrame
  | LegFrame
  | PacketFrame
  | LinkFrame
  | ExchangeFrame
  | FlightFrame
  | HeadFrame
  | ConntrackFrame
  | ConntrackStatsFrame
  | ProxyHeaderFrame;

/** A frame as it lies in the stream: not looked at yet. A view of the piece that was read, good until the next one. */
export interface RawFrame {
  readonly kind: 'raw';
  readonly of: 'leg' | 'link';
  readonly body: DataView;
}
