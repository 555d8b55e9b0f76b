/** One sign of why a SYN was not answered. */
import { tupleKey } from '@hoptrace/domain/model/tuple.ts';
import type { LegFrame, PacketFrame } from '../frames/frame.ts';

export interface Evidence {
  readonly atNs: bigint;
  readonly icmpType: number;
  readonly icmpCode: number;
  /** Name of the skb_drop_reason, empty if none. */
  readonly reason: string;
}

export function evidenceOf(packet: PacketFrame, reason: string): Evidence {
  const isIcmp = packet.type === 'icmpRx' || packet.type === 'icmpTx';
  return {
    atNs: packet.tsNs,
    icmpType: isIcmp ? (packet.reason >> 8) & 0xff : 0,
    icmpCode: isIcmp ? packet.reason & 0xff : 0,
    reason,
  };
}

/** Not every place in the kernel says why it frees a packet; copies are freed in such places, too. */
export const UNEXPLAINED = 'NOT_SPECIFIED';
/** Frees of copies, by themselves: the SYN itself went on, or was never meant for this interface. */
const COPY_DROP_REASONS = new Set(['OTHERHOST', 'PACKET_SOCK_ERROR', 'CONSUMED', UNEXPLAINED]);

export function isCopyDrop(reason: string): boolean {
  return COPY_DROP_REASONS.has(reason);
}

/** The RST with which a SYN was answered. */
export function rstOf(frame: LegFrame): Evidence {
  return { atNs: frame.synNs + BigInt(frame.resetNs ?? 0), icmpType: 0, icmpCode: 0, reason: '' };
}

/** An ICMP error received here quotes a SYN that left here, and the other way about. */
export function isQuoteOf(packet: PacketFrame, leg: LegFrame): boolean {
  const direction = packet.type === 'icmpRx' ? 'tx' : 'rx';
  return (
    packet.netns === leg.netns &&
    packet.ifindex === leg.ifindex &&
    packet.seq === leg.clientIsn &&
    direction === leg.direction &&
    tupleKey(packet.tuple) === tupleKey(leg.tuple)
  );
}

/** Destination unreachable or time exceeded; not "packet too big", which is no refusal (RFC 792, RFC 4443). */
export function isRejection(packet: PacketFrame): boolean {
  const type = (packet.reason >> 8) & 0xff;
  const code = packet.reason & 0xff;
  if (packet.family === 6) return type === 1 || type === 3 || type === 4;
  return (type === 3 && code !== 4) || type === 11;
}
