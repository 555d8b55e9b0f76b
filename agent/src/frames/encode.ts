/**
 * Typed frames back to bytes: what the loader would have written. Used by tests and by whoever makes a recording
 * without a kernel.
 */
import { parseIp } from '@hoptrace/domain/model/ip.ts';
import type { Tuple } from '@hoptrace/domain/model/tuple.ts';
import { writeConntrack, writeConntrackStats } from './conntrackBody.ts';
import { writeExchange } from './exchangeBody.ts';
import type {
  BurstFrame,
  Frame,
  LegFrame,
  LinkFrame,
  PacketFrame,
  ProxyHeaderFrame,
} from './frame.ts';
import {
  BODY_BYTES,
  CT_PRESENT,
  DEVICE_KINDS,
  FIRST_PACKET_TYPE,
  FRAME_KINDS,
  HEAD_BYTES,
  LAYOUT_VERSION,
  LEG,
  LEG_FLAG,
  PACKET,
  PACKET_TYPES,
  STATS_FIELDS,
  TAP_DIRECTIONS,
} from './layout.ts';
import { writeFlight, writeHead } from './payloadBodies.ts';

/** One frame, head included. */
export function encodeFrame(frame: Frame): Uint8Array {
  if (frame.kind === 'hello')
    return framed('hello', new TextEncoder().encode(JSON.stringify(frame.hello)));
  const body = new Uint8Array(BODY_BYTES[frame.kind]);
  const view = new DataView(body.buffer);
  switch (frame.kind) {
    case 'clock':
      view.setBigUint64(0, frame.monotonicNs, true);
      view.setBigInt64(8, frame.realtimeMinusMonotonicNs, true);
      break;
    case 'stats':
      for (const [index, name] of STATS_FIELDS.entries())
        view.setBigUint64(index * 8, BigInt(frame[name]), true);
      break;
    case 'leg':
      writeLeg(view, frame);
      break;
    case 'exchange':
      writeExchange(view, frame);
      break;
    case 'flight':
      writeFlight(view, frame);
      break;
    case 'head':
      writeHead(view, frame);
      break;
    case 'conntrack':
      writeConntrack(view, frame);
      break;
    case 'conntrackStats':
      writeConntrackStats(view, frame);
      break;
    case 'packet':
      writePacket(view, frame);
      break;
    case 'link':
      writeLink(view, frame);
      break;
    case 'proxyHeader':
      writeProxyHeader(view, frame);
      break;
  }
  return framed(frame.kind, body);
}

function framed(kind: Frame['kind'], body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint8(4, FRAME_KINDS[kind]);
  view.setUint8(5, LAYOUT_VERSION);
  bytes.set(body, HEAD_BYTES);
  return bytes;
}

function writeLeg(view: DataView, frame: LegFrame): void {
  const stamps = [
    [LEG.lastSyn, frame.lastSynNs],
    [LEG.synAck, frame.synAckNs],
    [LEG.ack, frame.ackNs],
    [LEG.request, frame.requestNs],
    [LEG.response, frame.responseNs],
    [LEG.clientFin, frame.clientFinNs],
    [LEG.serverFin, frame.serverFinNs],
    [LEG.reset, frame.resetNs],
  ] as const;
  view.setBigUint64(LEG.id, BigInt(frame.id), true);
  view.setBigUint64(LEG.at, frame.tsNs, true);
  view.setBigUint64(LEG.syn, frame.synNs, true);
  for (const [offset, ns] of stamps)
    if (ns !== null) view.setBigUint64(offset, frame.synNs + BigInt(ns), true);
  view.setUint32(LEG.netns, frame.netns, true);
  view.setUint32(LEG.ifindex, frame.ifindex, true);
  view.setUint32(LEG.clientIsn, frame.clientIsn, true);
  view.setUint32(LEG.serverIsn, frame.serverIsn ?? 0, true);
  view.setUint32(LEG.ctStatus, frame.original === null ? 0 : CT_PRESENT, true);
  view.setUint16(LEG.synCount, frame.synCount, true);
  view.setUint8(LEG.direction, TAP_DIRECTIONS.indexOf(frame.direction) + 1);
  view.setUint8(LEG.family, frame.family);
  view.setUint8(LEG.synTtl, frame.synTtl);
  view.setUint8(LEG.deviceKind, DEVICE_KINDS.indexOf(frame.deviceKind));
  view.setUint8(LEG.flags, flagsOf(frame));
  view.setBigUint64(LEG.clientBytes, BigInt(frame.clientBytes), true);
  view.setBigUint64(LEG.serverBytes, BigInt(frame.serverBytes), true);
  view.setUint32(LEG.clientRetransmits, frame.clientRetransmits, true);
  view.setUint32(LEG.serverRetransmits, frame.serverRetransmits, true);
  writeTuple(view, LEG.tuple, frame.tuple);
  if (frame.original !== null) writeTuple(view, LEG.original, frame.original);
  if (frame.reply !== null) writeTuple(view, LEG.reply, frame.reply);
}

function flagsOf(frame: LegFrame): number {
  return (
    (frame.serverIsn === null ? 0 : LEG_FLAG.serverIsn) |
    (frame.hasSpokenOn ? LEG_FLAG.spokeOn : 0) |
    (frame.resetNs === null ? 0 : LEG_FLAG.reset) |
    (frame.isResetByServer ? LEG_FLAG.serverReset : 0)
  );
}

function writePacket(view: DataView, frame: PacketFrame): void {
  view.setBigUint64(PACKET.ts, frame.tsNs, true);
  view.setUint32(PACKET.netns, frame.netns, true);
  view.setUint32(PACKET.ifindex, frame.ifindex, true);
  view.setUint32(PACKET.seq, frame.seq, true);
  view.setUint32(PACKET.reason, frame.reason, true);
  view.setUint32(PACKET.ctStatus, frame.original === null ? 0 : CT_PRESENT, true);
  view.setUint8(PACKET.type, PACKET_TYPES.indexOf(frame.type) + FIRST_PACKET_TYPE);
  view.setUint8(PACKET.family, frame.family);
  view.setUint8(PACKET.ttl, frame.ttl);
  view.setUint8(PACKET.deviceKind, DEVICE_KINDS.indexOf(frame.deviceKind));
  writeTuple(view, PACKET.tuple, frame.tuple);
  if (frame.original !== null) writeTuple(view, PACKET.original, frame.original);
  if (frame.reply !== null) writeTuple(view, PACKET.reply, frame.reply);
}

function writeLink(view: DataView, frame: LinkFrame): void {
  view.setBigUint64(0, frame.tsNs, true);
  view.setUint32(8, frame.netns, true);
  view.setUint32(12, frame.pid, true);
  view.setUint32(20, frame.side === 'request' ? 1 : 2, true);
  writeBurst(view, 24, frame.subject);
  writeBurst(view, 48, frame.lastRead);
  writeBurst(view, 72, frame.oldest);
  writeText(view, 96, frame.process.slice(0, 15));
}

function writeBurst(view: DataView, offset: number, burst: BurstFrame | null): void {
  if (burst === null) return;
  view.setBigUint64(offset, burst.cookie, true);
  view.setUint32(offset + 8, burst.isnLocal, true);
  view.setUint32(offset + 12, burst.isnRemote, true);
  view.setUint32(offset + 16, burst.burst, true);
  view.setUint32(offset + 20, burst.isAccepted ? 1 : 0, true);
}

function writeProxyHeader(view: DataView, frame: ProxyHeaderFrame): void {
  view.setBigUint64(0, frame.tsNs, true);
  view.setUint32(8, frame.netns, true);
  view.setUint32(12, frame.seq, true);
  view.setUint32(16, frame.ack, true);
  view.setUint16(20, frame.bytes.length, true);
  writeTuple(view, 24, frame.tuple);
  for (const [index, byte] of frame.bytes.entries()) view.setUint8(60 + index, byte);
}

function writeTuple(view: DataView, offset: number, tuple: Tuple): void {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, 36);
  bytes.set(parseIp(tuple.src.ip) ?? [], 0);
  bytes.set(parseIp(tuple.dst.ip) ?? [], 16);
  view.setUint16(offset + 32, tuple.src.port, true);
  view.setUint16(offset + 34, tuple.dst.port, true);
}

function writeText(view: DataView, offset: number, text: string): void {
  for (let index = 0; index < text.length; index++)
    view.setUint8(offset + index, text.charCodeAt(index));
}
