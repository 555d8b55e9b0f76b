/** Sizes and codes of agent/bpf/hop.h. A loader whose hello announces others is refused (decoder.ts). */

export const LAYOUT_VERSION = 4;
export const HEAD_BYTES = 8;

/** Body sizes in bytes, as asserted in hop.h. */
export const BODY_BYTES = {
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
} as const;

export const FRAME_KINDS = {
  hello: 1,
  clock: 2,
  stats: 3,
  packet: 4,
  link: 5,
  proxyHeader: 6,
  leg: 7,
  exchange: 8,
  flight: 9,
  head: 10,
  conntrack: 11,
  conntrackStats: 12,
} as const;
export type FrameKind = keyof typeof FRAME_KINDS;

export const CT_PRESENT = 0x8000_0000;

/** In the order of enum hop_packet_type, which counts from 1; 1 and 2 are the directions of a tap. */
export const TAP_DIRECTIONS = ['rx', 'tx'] as const;
export type TapDirection = (typeof TAP_DIRECTIONS)[number];
export const PACKET_TYPES = ['drop', 'icmpRx', 'icmpTx'] as const;
export const FIRST_PACKET_TYPE = 3;
export type PacketType = (typeof PACKET_TYPES)[number];
/** In the order of enum hop_device_kind. */
export const DEVICE_KINDS = ['other', 'veth', 'bridge', 'loopback'] as const;
export type DeviceKind = (typeof DEVICE_KINDS)[number];

/** Bits of hop_leg.flags. */
export const LEG_FLAG = { serverIsn: 1, spokeOn: 2, reset: 4, serverReset: 8 } as const;

/** Offsets in hop_leg. Stamps are u64, 0 for not seen. */
export const LEG = {
  id: 0,
  at: 8,
  syn: 16,
  lastSyn: 24,
  synAck: 32,
  ack: 40,
  request: 48,
  response: 56,
  clientFin: 64,
  serverFin: 72,
  reset: 80,
  netns: 88,
  ifindex: 92,
  clientIsn: 96,
  serverIsn: 100,
  ctStatus: 104,
  synCount: 108,
  direction: 112,
  family: 113,
  synTtl: 114,
  deviceKind: 115,
  flags: 116,
  tuple: 120,
  original: 156,
  reply: 192,
  clientRetransmits: 228,
  clientBytes: 232,
  serverBytes: 240,
  serverRetransmits: 248,
} as const;

/** Offsets in hop_packet. */
export const PACKET = {
  ts: 0,
  netns: 8,
  ifindex: 12,
  seq: 16,
  reason: 20,
  ctStatus: 24,
  type: 28,
  family: 29,
  ttl: 30,
  deviceKind: 31,
  tuple: 32,
  original: 68,
  reply: 104,
} as const;

/** In the order of struct hop_stats. */
export const STATS_FIELDS = [
  'packetsSeen',
  'synsSeen',
  'dropsSeen',
  'legsOpened',
  'legsShed',
  'eventsEmitted',
  'ringLost',
  'mapFull',
  'checksLost',
  'lostRefusals',
  'lostLegs',
  'lostExchanges',
  'lostLinks',
] as const;

/** Offsets in hop_link; process is its comm. */
export const LINK = {
  ts: 0,
  netns: 8,
  pid: 12,
  side: 20,
  subject: 24,
  lastRead: 48,
  oldest: 72,
  process: 96,
} as const;

/** Offsets in hop_burst. */
export const BURST = { cookie: 0, isnLocal: 8, isnRemote: 12, burst: 16, isAccepted: 20 } as const;
