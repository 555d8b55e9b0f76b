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
/** High words of stamps below 2^60 ns (36 years of uptime); together with the clock's offset still exact in µs. */
const STAMP_HIGH_MAX = 0x1000_0000;
const BYTES_HIGH_MAX = 0x10_0000;
/** Exact as a number, and more than any connection lasts. */
const DURATION_MAX_NS = 2 ** 52;
/** Stamps of two CPUs may be a little out of order. */
const DISORDER_MAX_NS = 1e9;
const CLOCK_OFFSET_MAX_NS = 2n ** 62n;

/** Null where a field holds a value that hop.h does not define. */
export function parsePacket(view: DataView): PacketFrame | null {
  const type = PACKET_TYPES[view.getUint8(PACKET.type) - FIRST_PACKET_TYPE];
  const deviceKind = DEVICE_KINDS[view.getUint8(PACKET.deviceKind)];
  const family = view.getUint8(PACKET.family);
  if (type === undefined || deviceKind === undefined || !isStamp(view, PACKET.ts)) return null;
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
  if (direction === undefined || deviceKind === undefined || idHigh > 0xffff) return null;
  if (family !== 4 && family !== 6) return null;
  if (!isStamp(view, LEG.at) || !isStamp(view, LEG.syn) || !areInOrder(view)) return null;
  if (!isByteCount(view, LEG.clientBytes) || !isByteCount(view, LEG.serverBytes)) return null;
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
    clientBytes: bytesAt(view, LEG.clientBytes),
    serverBytes: bytesAt(view, LEG.serverBytes),
    clientRetransmits: view.getUint32(LEG.clientRetransmits, true),
    serverRetransmits: view.getUint32(LEG.serverRetransmits, true),
    tuple: tupleAt(view, LEG.tuple),
    original: hasConntrack ? tupleAt(view, LEG.original) : null,
    reply: hasConntrack ? tupleAt(view, LEG.reply) : null,
  };
}

const LEG_STAMPS = [
  ...[LEG.at, LEG.lastSyn, LEG.synAck, LEG.ack, LEG.request, LEG.response],
  ...[LEG.clientFin, LEG.serverFin, LEG.reset],
];

/** Below 2^52, as exchanges have it: no connection carries more. */
export function isByteCount(view: DataView, offset: number): boolean {
  return view.getUint32(offset + 4, true) < BYTES_HIGH_MAX;
}

export function bytesAt(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * TWO_32 + view.getUint32(offset, true);
}

export function isStamp(view: DataView, offset: number): boolean {
  return view.getUint32(offset + 4, true) < STAMP_HIGH_MAX;
}

/** No stamp of the leg lies before its SYN, or so long after it that it cannot be meant. */
export function areInOrder(view: DataView): boolean {
  for (const offset of LEG_STAMPS) {
    if (isUnset(view, offset)) continue;
    const ns = differenceNs(view, offset);
    if (ns < -DISORDER_MAX_NS || ns > DURATION_MAX_NS) return false;
  }
  return true;
}

function isUnset(view: DataView, offset: number): boolean {
  return view.getUint32(offset, true) === 0 && view.getUint32(offset + 4, true) === 0;
}

/** Without BigInt, which would cost an allocation for each stamp. */
function differenceNs(view: DataView, offset: number): number {
  const highs = view.getUint32(offset + 4, true) - view.getUint32(LEG.syn + 4, true);
  return highs * TWO_32 + (view.getUint32(offset, true) - view.getUint32(LEG.syn, true));
}

/** Nanoseconds after the SYN, never negative; null where it was not seen. */
export function sinceSyn(view: DataView, offset: number): number | null {
  return isUnset(view, offset) ? null : Math.max(0, differenceNs(view, offset));
}

export function parseLink(view: DataView): LinkFrame | null {
  const side = view.getUint32(20, true);
  const subject = burstAt(view, 24);
  if (subject === null || (side !== 1 && side !== 2) || !isStamp(view, 0)) return null;
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
  if (capturedBytes > PROXY_BYTES_MAX || !isStamp(view, 0)) return null;
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

/** Null where the clock is further off than any clock is. */
export function parseClock(view: DataView): ClockFrame | null {
  const realtimeMinusMonotonicNs = view.getBigInt64(8, true);
  const isAbsurd =
    realtimeMinusMonotonicNs > CLOCK_OFFSET_MAX_NS ||
    realtimeMinusMonotonicNs < -CLOCK_OFFSET_MAX_NS;
  if (isAbsurd) return null;
  return { kind: 'clock', monotonicNs: view.getBigUint64(0, true), realtimeMinusMonotonicNs };
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
