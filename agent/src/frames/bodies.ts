/** Body bytes to typed frames. Offsets are those of agent/bpf/hop.h. None of these throws on data. */
import type {
  BurstFrame,
  ClockFrame,
  LegFrame,
  LinkFrame,
  PacketFrame,
  ProxyHeaderFrame,
  StatsFrame,
} from './frame.ts';
import {
  CT_PRESENT,
  DEVICE_KINDS,
  FIRST_PACKET_TYPE,
  LEG,
  LEG_FLAG,
  PACKET,
  PACKET_TYPES,
  STATS_FIELDS,
  TAP_DIRECTIONS,
} from './layout.ts';
import { tupleAt } from './tupleAt.ts';

const PROXY_BYTES_OFFSET = 60;
const PROXY_BYTES_MAX = 108;
const TWO_32 = 0x1_0000_0000;

/** Null where a field holds a value that hop.h does not define. */
export function parsePacket(view: DataView): PacketFrame | null {
  const type = PACKET_TYPES[view.getUint8(PACKET.type) - FIRST_PACKET_TYPE];
  const deviceKind = DEVICE_KINDS[view.getUint8(PACKET.deviceKind)];
  const family = view.getUint8(PACKET.family);
  if (type === undefined || deviceKind === undefined) return null;
  if (family !== 4 && family !== 6) return null;
  const hasConntrack = (view.getUint32(PACKET.ctStatus, true) & CT_PRESENT) !== 0;
  return {
    kind: 'packet',
    tsNs: view.getBigUint64(PACKET.ts, true),
    netns: view.getUint32(PACKET.netns, true),
    ifindex: view.getUint32(PACKET.ifindex, true),
    deviceKind,
    type,
    seq: view.getUint32(PACKET.seq, true),
    reason: view.getUint32(PACKET.reason, true),
    family,
    ttl: view.getUint8(PACKET.ttl),
    tuple: tupleAt(view, PACKET.tuple),
    original: hasConntrack ? tupleAt(view, PACKET.original) : null,
    reply: hasConntrack ? tupleAt(view, PACKET.reply) : null,
  };
}

/** Null where a field holds a value that hop.h does not define. */
export function parseLeg(view: DataView): LegFrame | null {
  const direction = TAP_DIRECTIONS[view.getUint8(LEG.direction) - 1];
  const deviceKind = DEVICE_KINDS[view.getUint8(LEG.deviceKind)];
  const family = view.getUint8(LEG.family);
  const idHigh = view.getUint32(LEG.id + 4, true);
  if (direction === undefined || deviceKind === undefined || idHigh > 0x1f_ffff) return null;
  if (family !== 4 && family !== 6) return null;
  const flags = view.getUint8(LEG.flags);
  const hasConntrack = (view.getUint32(LEG.ctStatus, true) & CT_PRESENT) !== 0;
  return {
    kind: 'leg',
    id: idHigh * TWO_32 + view.getUint32(LEG.id, true),
    tsNs: view.getBigUint64(LEG.at, true),
    synNs: view.getBigUint64(LEG.syn, true),
    lastSynNs: sinceSyn(view, LEG.lastSyn) ?? 0,
    synAckNs: sinceSyn(view, LEG.synAck),
    ackNs: sinceSyn(view, LEG.ack),
    requestNs: sinceSyn(view, LEG.request),
    responseNs: sinceSyn(view, LEG.response),
    clientFinNs: sinceSyn(view, LEG.clientFin),
    serverFinNs: sinceSyn(view, LEG.serverFin),
    resetNs: (flags & LEG_FLAG.reset) === 0 ? null : sinceSyn(view, LEG.reset),
    isResetByServer: (flags & LEG_FLAG.serverReset) !== 0,
    hasSpokenOn: (flags & LEG_FLAG.spokeOn) !== 0,
    netns: view.getUint32(LEG.netns, true),
    ifindex: view.getUint32(LEG.ifindex, true),
    deviceKind,
    direction,
    family,
    synTtl: view.getUint8(LEG.synTtl),
    synCount: view.getUint16(LEG.synCount, true),
    clientIsn: view.getUint32(LEG.clientIsn, true),
    serverIsn: (flags & LEG_FLAG.serverIsn) === 0 ? null : view.getUint32(LEG.serverIsn, true),
    tuple: tupleAt(view, LEG.tuple),
    original: hasConntrack ? tupleAt(view, LEG.original) : null,
    reply: hasConntrack ? tupleAt(view, LEG.reply) : null,
  };
}

/**
 * Nanoseconds after the SYN, null where it was not seen. Without BigInt, which a stamp would cost an allocation each.
 * Events of two CPUs may be stamped a little out of order: never negative, and exact up to 104 days.
 */
function sinceSyn(view: DataView, offset: number): number | null {
  const low = view.getUint32(offset, true);
  const high = view.getUint32(offset + 4, true);
  if (low === 0 && high === 0) return null;
  const highs = high - view.getUint32(LEG.syn + 4, true);
  const ns = highs * TWO_32 + (low - view.getUint32(LEG.syn, true));
  return ns <= 0 ? 0 : Math.min(ns, Number.MAX_SAFE_INTEGER);
}

export function parseLink(view: DataView): LinkFrame | null {
  const side = view.getUint32(20, true);
  const subject = burstAt(view, 24);
  if (subject === null || (side !== 1 && side !== 2)) return null;
  return {
    kind: 'link',
    tsNs: view.getBigUint64(0, true),
    netns: view.getUint32(8, true),
    pid: view.getUint32(12, true),
    side: side === 1 ? 'request' : 'response',
    subject,
    lastRead: burstAt(view, 48),
    oldest: burstAt(view, 72),
    process: printable(view, 96, 16),
  };
}

export function parseProxyHeader(view: DataView): ProxyHeaderFrame | null {
  const capturedBytes = view.getUint16(20, true);
  if (capturedBytes > PROXY_BYTES_MAX) return null;
  const start = view.byteOffset + PROXY_BYTES_OFFSET;
  return {
    kind: 'proxyHeader',
    tsNs: view.getBigUint64(0, true),
    netns: view.getUint32(8, true),
    seq: view.getUint32(12, true),
    ack: view.getUint32(16, true),
    tuple: tupleAt(view, 24),
    bytes: new Uint8Array(view.buffer.slice(start, start + capturedBytes)),
  };
}

export function parseClock(view: DataView): ClockFrame {
  return {
    kind: 'clock',
    monotonicNs: view.getBigUint64(0, true),
    realtimeMinusMonotonicNs: view.getBigInt64(8, true),
  };
}

export function parseStats(view: DataView): StatsFrame {
  const count = (index: number) => Number(view.getBigUint64(index * 8, true));
  const counts = Object.fromEntries(STATS_FIELDS.map((name, index) => [name, count(index)]));
  return { kind: 'stats', ...(counts as Omit<StatsFrame, 'kind'>) };
}

function burstAt(view: DataView, offset: number): BurstFrame | null {
  const cookie = view.getBigUint64(offset, true);
  if (cookie === 0n) return null;
  return {
    cookie,
    isnLocal: view.getUint32(offset + 8, true),
    isnRemote: view.getUint32(offset + 12, true),
    burst: view.getUint32(offset + 16, true),
    isAccepted: view.getUint32(offset + 20, true) === 1,
  };
}

/** A C string; bytes that are no printable ASCII become '?', so that nothing odd reaches logs or records. */
function printable(view: DataView, offset: number, maxBytes: number): string {
  let text = '';
  for (let index = 0; index < maxBytes; index++) {
    const code = view.getUint8(offset + index);
    if (code === 0) break;
    text += code >= 0x20 && code <= 0x7e ? String.fromCharCode(code) : '?';
  }
  return text;
}
