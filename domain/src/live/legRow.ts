/**
 * One leg as 26 words of 32 bits, taken straight from its wire record (binary.ts) without making an object.
 *
 *   0 tap   1 next row + 1   2 start   3 seq   4 legId (2–4: above the tap's bases)   5 synCount|revision|ttl
 *   6 two high bytes|flags   7 four high bytes   8–13 stamps, low words
 *   14 client bytes   15 server bytes   16 clientRetransmits|serverRetransmits
 *   17–25 tuple, original, reply: source, destination, ports
 *
 * Stamps have 40 bits here (18 minutes), bytes 32, retransmits 16 and addresses 32 (IPv4). What does not fit sets NEEDS_BYTES: the table keeps
 * the record's own bytes, and the words hold folds that serve comparison only. Hashes stand with the connection.
 */
import { recordSizeBytes } from '../wire/binary.ts';
import { LEG_BYTES_BEFORE_TRAFFIC, TRAFFIC_AT } from '../wire/trafficField.ts';

export const ROW_WORDS = 26;
export const ROW = {
  tap: 0,
  next: 1,
  start: 2,
  seq: 3,
  legId: 4,
  counts: 5,
  flags: 6,
  highs: 7,
  stamps: 8,
  traffic: 14,
  tuple: 17,
  original: 20,
  reply: 23,
} as const;

/** Bits 0–4 of the flags word: synAck, ack, firstRequest, firstResponse, end are null. */
export const FLAG = {
  noSynAck: 1,
  noAck: 2,
  noResponse: 8,
  noOriginal: 1 << 5,
  noReply: 1 << 6,
  noPair: 1 << 7,
  noClient: 1 << 8,
  noServer: 1 << 9,
  endShift: 10,
  needsBytes: 1 << 13,
  closerShift: 14,
} as const;

/** Byte offsets within a leg record, its 4-byte head included. liveRoad.test.ts holds them against encodeBatch. */
export const AT = {
  seq: 4,
  startUs: 12,
  netns: 20,
  ifindex: 24,
  role: 28,
  direction: 29,
  tuple: 30,
  original: 66,
  reply: 102,
  client: 138,
  server: 146,
  pair: 154,
  ttl: 162,
  synCount: 163,
  stamps: 165,
  end: 213,
  revision: 214,
  legId: 215,
  traffic: LEG_BYTES_BEFORE_TRAFFIC,
} as const;

/** A leg's kind in the record's first byte. */
export const LEG_CODE = 1;
export const LEG_BYTES = recordSizeBytes('leg');
const TWO_32 = 0x1_0000_0000;
const MAPPED_WORD = 0xffff_0000;
/** In the words of the bytes: null; of those of the client: no traffic. */
export const NO_BYTES = 0xffff_ffff;

/** Agents of an earlier version leave the traffic out. */
export function isLegSize(sizeBytes: number): boolean {
  return sizeBytes === LEG_BYTES || sizeBytes === LEG_BYTES_BEFORE_TRAFFIC;
}

/** Of the leg record at `at`. */
export function legBytesAt(view: DataView, at: number): number {
  return view.getUint16(at + 2, true);
}

/** A u64 that is known to be a safe integer. */
export function u53(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * TWO_32 + view.getUint32(at, true);
}

/** Is this a leg that the codec would take: legal enumerations and numbers below 2^53? */
export function isLegalLeg(view: DataView, at: number): boolean {
  if (view.getUint8(at + AT.role) > 3 || view.getUint8(at + AT.direction) > 1) return false;
  if (view.getUint8(at + AT.end) > 3) return false;
  if (!isSafe(view, at + AT.seq) || !isSafe(view, at + AT.startUs) || !isSafe(view, at + AT.legId))
    return false;
  if (!isSafe(view, at + AT.stamps)) return false;
  for (let index = 1; index < 6; index++) {
    const stampAt = at + AT.stamps + index * 8;
    if (!isSafe(view, stampAt) && !isNull(view, stampAt)) return false;
  }
  return legBytesAt(view, at) !== LEG_BYTES || isLegalTraffic(view, at + AT.traffic);
}

function isLegalTraffic(view: DataView, at: number): boolean {
  const serverAt = at + TRAFFIC_AT.serverBytes;
  if (!isSafe(view, at) && !isNull(view, at)) return false;
  if (!isSafe(view, serverAt) && !isNull(view, serverAt)) return false;
  return view.getUint8(at + TRAFFIC_AT.closedBy) <= 3;
}

function isSafe(view: DataView, at: number): boolean {
  return view.getUint32(at + 4, true) < 0x20_0000;
}

function isNull(view: DataView, at: number): boolean {
  return view.getUint32(at + 4, true) === 0xffff_ffff && view.getUint32(at, true) === 0xffff_ffff;
}

/** Writes words 5–25 of the row at `base`; the table writes 0–4. `hashFlags` are set with the others. Answers them all. */
export function packLeg(
  view: DataView,
  at: number,
  rows: Uint32Array,
  base: number,
  hashFlags: number,
): number {
  rows[base + ROW.counts] =
    (view.getUint16(at + AT.synCount, true) << 16) |
    (view.getUint8(at + AT.revision) << 8) |
    view.getUint8(at + AT.ttl);
  let flags = hashFlags | (view.getUint8(at + AT.end) << FLAG.endShift);
  flags |= packStamps(view, at + AT.stamps, rows, base);
  flags |= packTraffic(view, at, rows, base + ROW.traffic);
  flags |= packTuple(view, at + AT.tuple, rows, base + ROW.tuple, 0);
  flags |= packTuple(view, at + AT.original, rows, base + ROW.original, FLAG.noOriginal);
  flags |= packTuple(view, at + AT.reply, rows, base + ROW.reply, FLAG.noReply);
  rows[base + ROW.flags] = ((rows[base + ROW.flags] ?? 0) & 0xffff_0000) | flags;
  return flags;
}

/** Leaves the high bytes of stamps 4 and 5 in the upper half of the flags word. Answers null and NEEDS_BYTES bits. */
function packStamps(view: DataView, at: number, rows: Uint32Array, base: number): number {
  let flags = 0;
  let highs = 0;
  let upper = 0;
  for (let index = 0; index < 6; index++) {
    const low = view.getUint32(at + index * 8, true);
    const high = view.getUint32(at + index * 8 + 4, true);
    rows[base + ROW.stamps + index] = low;
    if (high === 0) continue;
    if (index > 0 && high === 0xffff_ffff && low === 0xffff_ffff) flags |= 1 << (index - 1);
    else if (high > 0xff) flags |= FLAG.needsBytes;
    else if (index < 4) highs |= high << (index * 8);
    else upper |= high << (16 + (index - 4) * 8);
  }
  rows[base + ROW.highs] = highs;
  rows[base + ROW.flags] = upper;
  return flags;
}

function packTraffic(view: DataView, legAt: number, rows: Uint32Array, to: number): number {
  if (legBytesAt(view, legAt) !== LEG_BYTES) {
    rows[to] = NO_BYTES;
    return 0;
  }
  const at = legAt + AT.traffic;
  const clientRetransmits = view.getUint32(at + TRAFFIC_AT.clientRetransmits, true);
  const serverRetransmits = view.getUint32(at + TRAFFIC_AT.serverRetransmits, true);
  let flags = view.getUint8(at + TRAFFIC_AT.closedBy) << FLAG.closerShift;
  if (clientRetransmits > 0xffff || serverRetransmits > 0xffff) flags |= FLAG.needsBytes;
  if (!packBytes(view, at, rows, to)) flags |= FLAG.needsBytes;
  if (!packBytes(view, at + TRAFFIC_AT.serverBytes, rows, to + 1)) flags |= FLAG.needsBytes;
  rows[to + 2] = (clientRetransmits << 16) | serverRetransmits;
  return flags;
}

/** False where there are too many for a word. */
function packBytes(view: DataView, at: number, rows: Uint32Array, to: number): boolean {
  const low = view.getUint32(at, true);
  rows[to] = low;
  return isNull(view, at) || (view.getUint32(at + 4, true) === 0 && low !== NO_BYTES);
}

function packTuple(
  view: DataView,
  at: number,
  rows: Uint32Array,
  to: number,
  nullFlag: number,
): number {
  rows[to + 2] = view.getUint32(at + 32, true);
  const isMapped =
    view.getUint32(at + 8) === 0xffff &&
    view.getUint32(at + 24) === 0xffff &&
    (view.getUint32(at) |
      view.getUint32(at + 4) |
      view.getUint32(at + 16) |
      view.getUint32(at + 20)) ===
      0;
  if (isMapped) {
    rows[to] = view.getUint32(at + 12);
    rows[to + 1] = view.getUint32(at + 28);
    return 0;
  }
  rows[to] = foldAddress(view, at);
  rows[to + 1] = foldAddress(view, at + 16);
  const isZero = rows[to] === 0 && rows[to + 1] === 0 && rows[to + 2] === 0;
  return isZero && isZeroTuple(view, at) && nullFlag !== 0 ? nullFlag : FLAG.needsBytes;
}

function isZeroTuple(view: DataView, at: number): boolean {
  for (let offset = 0; offset < 32; offset += 4)
    if (view.getUint32(at + offset) !== 0) return false;
  return true;
}

/** IPv4 is itself; IPv6 becomes 32 bits that compare equal for equal addresses. */
export function foldAddress(view: DataView, at: number): number {
  const [a, b, c, d] = [
    view.getUint32(at),
    view.getUint32(at + 4),
    view.getUint32(at + 8),
    view.getUint32(at + 12),
  ];
  if (a === 0 && b === 0 && c === MAPPED_WORD >>> 16) return d;
  let hash = Math.imul(a ^ Math.imul(b, 0x9e37_79b1), 0x85eb_ca6b);
  hash = Math.imul(hash ^ c ^ (hash >>> 15), 0xc2b2_ae35);
  return a === 0 && b === 0 && c === 0 && d === 0 ? 0 : (hash ^ d ^ (hash >>> 13)) >>> 0;
}

/** A stamp in nanoseconds; the caller knows that it is not null. */
export function stampNs(rows: Uint32Array, base: number, index: number): number {
  const highs =
    index < 4
      ? (rows[base + ROW.highs] as number) >>> (index * 8)
      : (rows[base + ROW.flags] as number) >>> (16 + (index - 4) * 8);
  return (highs & 0xff) * TWO_32 + (rows[base + ROW.stamps + index] as number);
}
