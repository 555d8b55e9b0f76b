/** Sizes and codes of agent/bpf/hop.h. A loader whose hello announces others is refused (decoder.ts). */

export const LAYOUT_VERSION = 1;
export const HEAD_BYTES = 8;

/** Body sizes in bytes, as asserted in hop.h. */
export const BODY_BYTES = {
  packet: 168,
  link: 112,
  proxyHeader: 168,
  clock: 16,
  stats: 32,
} as const;

export const FRAME_KINDS = {
  hello: 1,
  clock: 2,
  stats: 3,
  packet: 4,
  link: 5,
  proxyHeader: 6,
} as const;
export type FrameKind = keyof typeof FRAME_KINDS;

/** Bits of hop_packet.milestones. */
export const MILESTONE = { syn: 1, synAck: 2, ack: 4, data: 8, fin: 16, rst: 32 } as const;
export const CT_PRESENT = 0x8000_0000;

/** In the order of enum hop_packet_type, which counts from 1. */
export const PACKET_TYPES = ['rx', 'tx', 'drop', 'icmpRx', 'icmpTx'] as const;
export type PacketType = (typeof PACKET_TYPES)[number];
/** In the order of enum hop_device_kind. */
export const DEVICE_KINDS = ['other', 'veth', 'bridge', 'loopback'] as const;
export type DeviceKind = (typeof DEVICE_KINDS)[number];
