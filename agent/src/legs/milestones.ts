/** What one packet of a known connection adds to its leg. Mutates the leg; returns nothing to be thrown. */
import type { PacketFrame } from '../frames/frame.ts';
import { MILESTONE } from '../frames/layout.ts';
import { stampNs, TELLS } from './openLeg.ts';
import type { OpenLeg } from './state.ts';

const TCP_ACK = 0x10;
const TCP_RST = 0x04;
const HALF_SPACE = 0x8000_0000;

export function has(packet: PacketFrame, bits: number): boolean {
  return (packet.milestones & bits) !== 0;
}

/** Also true where the loader marked no milestone: flags say the same. */
export function isRst(packet: PacketFrame): boolean {
  return (packet.tcpFlags & TCP_RST) !== 0 || has(packet, MILESTONE.rst);
}

/** A packet from the client. A leg that has no SYN-ACK (it came back another way) learns the server's ISN here. */
export function addForward(leg: OpenLeg, packet: PacketFrame): void {
  const ns = stampNs(leg, packet.tsNs);
  addConntrack(leg, packet);
  if (isRst(packet)) {
    addEnd(leg, 'reset', ns);
    return;
  }
  const isBare = !has(packet, MILESTONE.data | MILESTONE.fin);
  if (leg.serverIsn === null && isBare && isHandshakeAck(leg, packet))
    leg.serverIsn = (packet.ack - 1) >>> 0;
  // The handshake may also end with the first data or FIN, where the client sends no bare ACK.
  if (leg.serverIsn !== null && hasAck(packet)) leg.ackNs ??= ns;
  if (has(packet, MILESTONE.data)) leg.firstRequestNs ??= ns;
  if (has(packet, MILESTONE.fin)) leg.clientFinNs ??= ns;
  addFinEnd(leg);
}

/** A packet from the server, of which `isAnswerTo` holds. */
export function addAnswer(leg: OpenLeg, packet: PacketFrame): void {
  const ns = stampNs(leg, packet.tsNs);
  addConntrack(leg, packet);
  if (isRst(packet)) {
    addEnd(leg, 'reset', ns);
    return;
  }
  if (leg.end === 'unanswered' || leg.end === 'reset') reopen(leg);
  if (has(packet, MILESTONE.synAck)) {
    leg.serverIsn ??= packet.seq;
    leg.synAckNs ??= ns;
  }
  if (has(packet, MILESTONE.data)) leg.firstResponseNs ??= ns;
  if (has(packet, MILESTONE.fin)) leg.serverFinNs ??= ns;
  addFinEnd(leg);
}

/**
 * Whether a packet in the server's direction answers this very SYN and not an earlier connection of the same
 * tuple. Before the handshake only ISN + 1 will do (plus data that the SYN carried); later any newer ack.
 */
export function isAnswerTo(leg: OpenLeg, packet: PacketFrame): boolean {
  const beyondIsn = (packet.ack - leg.clientIsn) >>> 0;
  const isFirst = has(packet, MILESTONE.synAck) || (isRst(packet) && leg.serverIsn === null);
  if (isFirst) return hasAck(packet) && beyondIsn >= 1 && beyondIsn <= 1 + leg.synPayloadBytes;
  if (isRst(packet) && !hasAck(packet)) return leg.serverIsn !== null;
  return beyondIsn >= 1 && beyondIsn < HALF_SPACE;
}

/** A packet in the client's direction that belongs to this SYN's connection, not to an earlier one. */
export function isLaterThanSyn(leg: OpenLeg, packet: PacketFrame): boolean {
  const beyondIsn = (packet.seq - leg.clientIsn) >>> 0;
  return beyondIsn >= 1 && beyondIsn < HALF_SPACE;
}

/** conntrack is readable on packets that leave (TX), in either direction of the connection. */
export function addConntrack(leg: OpenLeg, packet: PacketFrame): void {
  if (packet.type !== 'tx' || packet.original === null) return;
  leg.original ??= packet.original;
  leg.reply ??= packet.reply;
}

/** One FIN is enough after a while: the other side's may never come, or was not seen. */
export function endByOneFin(leg: OpenLeg): void {
  const ns = leg.clientFinNs ?? leg.serverFinNs;
  if (ns !== null) addEnd(leg, 'fin', ns);
}

function addFinEnd(leg: OpenLeg): void {
  if (leg.clientFinNs === null || leg.serverFinNs === null) return;
  addEnd(leg, 'fin', Math.max(leg.clientFinNs, leg.serverFinNs));
}

function addEnd(leg: OpenLeg, end: 'fin' | 'reset', ns: number): void {
  if (leg.end === 'fin' || leg.end === 'reset') return;
  leg.end = end;
  leg.endNs = ns;
}

function reopen(leg: OpenLeg): void {
  leg.end = 'open';
  leg.endNs = null;
  leg.told = Math.min(leg.told, TELLS.unanswered);
}

function isHandshakeAck(leg: OpenLeg, packet: PacketFrame): boolean {
  return hasAck(packet) && packet.seq === (leg.clientIsn + 1) >>> 0;
}

function hasAck(packet: PacketFrame): boolean {
  return (packet.tcpFlags & TCP_ACK) !== 0;
}
