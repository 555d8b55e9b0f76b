/**
 * Typed frames back to bytes: what the loader would have written. Used by tests and by whoever makes a recording
 * without a kernel.
 */
import { parseIp } from '@hoptrace/domain/model/ip.ts';
import type { Tuple } from '@hoptrace/domain/model/tuple.ts';
import type { BurstFrame, Frame, LinkFrame, PacketFrame, ProxyHeaderFrame } from './frame.ts';
import {
  BODY_BYTES,
  CT_PRESENT,
  DEVICE_KINDS,
  FRAME_KINDS,
  HEAD_BYTES,
  LAYOUT_VERSION,
  PACKET_TYPES,
} from './layout.ts';

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
      view.setBigUint64(0, BigInt(frame.packetsSeen), true);
      view.setBigUint64(8, BigInt(frame.eventsEmitted), true);
      view.setBigUint64(16, BigInt(frame.ringLost), true);
      view.setBigUint64(24, BigInt(frame.mapFull), true);
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

function writePacket(view: DataView, frame: PacketFrame): void {
  view.setBigUint64(0, frame.tsNs, true);
  view.setUint32(8, frame.netns, true);
  view.setUint32(12, frame.ifindex, true);
  view.setUint32(16, frame.seq, true);
  view.setUint32(20, frame.ack, true);
  view.setUint32(24, frame.reason, true);
  view.setUint32(28, frame.original === null ? 0 : CT_PRESENT, true);
  view.setUint8(32, PACKET_TYPES.indexOf(frame.type) + 1);
  view.setUint8(33, frame.tcpFlags);
  view.setUint8(34, frame.milestones);
  view.setUint8(35, frame.family);
  view.setUint8(36, frame.ttl);
  view.setUint8(37, DEVICE_KINDS.indexOf(frame.deviceKind));
  view.setUint16(38, frame.payloadBytes, true);
  writeText(view, 40, frame.ifname.slice(0, 15));
  writeTuple(view, 56, frame.tuple);
  if (frame.original !== null) writeTuple(view, 92, frame.original);
  if (frame.reply !== null) writeTuple(view, 128, frame.reply);
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
