/**
 * A leg that is over, from the loader's bytes straight into those of its record. The same as legRecord, by test; legs
 * that are not over become objects, which are remembered and told again.
 */
import { recordOffsets, writeRecordHead } from '@hoptrace/domain/wire/binary.ts';
import { optionalU64, u64 } from '@hoptrace/domain/wire/layout.ts';
import { TRAFFIC_AT } from '@hoptrace/domain/wire/trafficField.ts';
import {
  LEG_CLOSERS,
  LEG_ENDS,
  type LegRecord,
  TAP_DIRECTIONS,
  TAP_ROLES,
  type Tap,
} from '@hoptrace/domain/wire/v1.ts';
import { areInOrder, isByteCount, isStamp, sinceSyn } from '../frames/bodies.ts';
import { CT_PRESENT, LEG, LEG_FLAG } from '../frames/layout.ts';
import type { IsnHasher } from '../isnHash.ts';
import type { KernelClock } from '../kernelClock.ts';
import { LAST_REVISION, RIPE_NS } from '../legs/openLeg.ts';

const AT = recordOffsets<LegRecord>('leg');
const TUPLE_BYTES = AT.original - AT.tuple;
const RIPE_AGE_NS = Number(RIPE_NS);
const TWO_32 = 0x1_0000_0000;

const BY_CLIENT = LEG_CLOSERS.indexOf('client');
const BY_SERVER = LEG_CLOSERS.indexOf('server');

/** Where a record's tap has its fields. */
const TAP = { netns: 0, ifindex: 4, role: 8, synDirection: 9 } as const;

/** Answered by a SYN-ACK, ended by both FINs or a reset, and all fields as hop.h defines them. */
export function isDirectLeg(body: DataView): boolean {
  const flags = body.getUint8(LEG.flags);
  if ((flags & LEG_FLAG.serverIsn) === 0 || body.getUint8(LEG.deviceKind) > 3) return false;
  const direction = body.getUint8(LEG.direction);
  const family = body.getUint8(LEG.family);
  if ((direction !== 1 && direction !== 2) || (family !== 4 && family !== 6)) return false;
  if (body.getUint32(LEG.id + 4, true) > 0xffff) return false;
  if (!isStamp(body, LEG.at) || !isStamp(body, LEG.syn) || !areInOrder(body)) return false;
  if (!isByteCount(body, LEG.clientBytes) || !isByteCount(body, LEG.serverBytes)) return false;
  return endNsOf(body, flags) !== null;
}

export function legIdIn(body: DataView): number {
  return body.getUint32(LEG.id + 4, true) * TWO_32 + body.getUint32(LEG.id, true);
}

function endNsOf(body: DataView, flags: number): number | null {
  if ((flags & LEG_FLAG.reset) !== 0) return sinceSyn(body, LEG.reset);
  const clientFinNs = sinceSyn(body, LEG.clientFin);
  const serverFinNs = sinceSyn(body, LEG.serverFin);
  return clientFinNs === null || serverFinNs === null ? null : Math.max(clientFinNs, serverFinNs);
}

export class DirectLegs {
  readonly #clock: KernelClock;
  readonly #hasher: IsnHasher;

  constructor(clock: KernelClock, hasher: IsnHasher) {
    this.#clock = clock;
    this.#hasher = hasher;
  }

  /** Writes all but the seq. The leg is one of isDirectLeg. */
  write(body: DataView, legId: number, tap: Tap, out: DataView, at: number): void {
    writeRecordHead(out, at, 'leg');
    const synHigh = body.getUint32(LEG.syn + 4, true);
    u64.write(out, at + AT.startUs, this.#clock.splitWords(synHigh, body.getUint32(LEG.syn, true)));
    writeTap(tap, out, at + AT.tap);
    writeTuples(body, out, at + AT.tuple);
    this.#writeHashes(body, out, at);
    this.#writeTimes(body, out, at);
    out.setUint8(at + AT.synTtl, body.getUint8(LEG.synTtl));
    out.setUint16(at + AT.synCount, body.getUint16(LEG.synCount, true), true);
    const end = (body.getUint8(LEG.flags) & LEG_FLAG.reset) !== 0 ? 'reset' : 'fin';
    out.setUint8(at + AT.end, LEG_ENDS.indexOf(end));
    out.setUint8(at + AT.revision, ageNs(body) >= RIPE_AGE_NS ? LAST_REVISION : 0);
    u64.write(out, at + AT.legId, legId);
    writeTraffic(body, out, at + AT.traffic);
  }

  #writeHashes(body: DataView, out: DataView, at: number): void {
    const clientIsn = body.getUint32(LEG.clientIsn, true);
    const hashes = this.#hasher.connection(clientIsn, body.getUint32(LEG.serverIsn, true));
    out.setUint32(at + AT.clientIsnHash, hashes.clientHigh);
    out.setUint32(at + AT.clientIsnHash + 4, hashes.clientLow);
    out.setUint32(at + AT.serverIsnHash, hashes.serverHigh);
    out.setUint32(at + AT.serverIsnHash + 4, hashes.serverLow);
    out.setUint32(at + AT.isnPairHash, hashes.pairHigh);
    out.setUint32(at + AT.isnPairHash + 4, hashes.pairLow);
  }

  /** From "after the SYN" to "after startUs", which is a whole microsecond. */
  #writeTimes(body: DataView, out: DataView, at: number): void {
    const { restNs } = this.#clock;
    const write = (offset: number, ns: number | null) =>
      optionalU64.write(out, at + offset, ns === null ? null : ns + restNs);
    u64.write(out, at + AT.synNs, restNs);
    write(AT.synAckNs, sinceSyn(body, LEG.synAck));
    write(AT.ackNs, sinceSyn(body, LEG.ack));
    write(AT.firstRequestNs, sinceSyn(body, LEG.request));
    write(AT.firstResponseNs, sinceSyn(body, LEG.response));
    write(AT.endNs, endNsOf(body, body.getUint8(LEG.flags)));
  }
}

/** Of the leg when this was told; exact. */
function ageNs(body: DataView): number {
  const highs = body.getUint32(LEG.at + 4, true) - body.getUint32(LEG.syn + 4, true);
  return highs * TWO_32 + (body.getUint32(LEG.at, true) - body.getUint32(LEG.syn, true));
}

function writeTap({ netns, ifindex, role, synDirection }: Tap, out: DataView, at: number): void {
  out.setUint32(at + TAP.netns, netns, true);
  out.setUint32(at + TAP.ifindex, ifindex, true);
  out.setUint8(at + TAP.role, TAP_ROLES.indexOf(role));
  out.setUint8(at + TAP.synDirection, TAP_DIRECTIONS.indexOf(synDirection));
}

/** As trafficOf(), of a leg that is over. */
function writeTraffic(body: DataView, out: DataView, at: number): void {
  copyU64(body, LEG.clientBytes, out, at);
  const serverAt = at + TRAFFIC_AT.serverBytes;
  const isReset = (body.getUint8(LEG.flags) & LEG_FLAG.reset) !== 0;
  const isByServer = isReset
    ? (body.getUint8(LEG.flags) & LEG_FLAG.serverReset) !== 0
    : !isClientFirst(body);
  const hasServerSide =
    isSet(body, LEG.synAck) ||
    isSet(body, LEG.response) ||
    isSet(body, LEG.serverFin) ||
    (isReset && isByServer);
  if (hasServerSide) copyU64(body, LEG.serverBytes, out, serverAt);
  else optionalU64.write(out, serverAt, null);
  const [client, server] = [LEG.clientRetransmits, LEG.serverRetransmits];
  out.setUint32(at + TRAFFIC_AT.clientRetransmits, body.getUint32(client, true), true);
  out.setUint32(at + TRAFFIC_AT.serverRetransmits, body.getUint32(server, true), true);
  out.setUint8(at + TRAFFIC_AT.closedBy, isByServer ? BY_SERVER : BY_CLIENT);
}

/** Of the two FINs. */
function isClientFirst(body: DataView): boolean {
  const [client, server] = [sinceSyn(body, LEG.clientFin), sinceSyn(body, LEG.serverFin)];
  return client !== null && (server === null || client <= server);
}

function isSet(body: DataView, offset: number): boolean {
  return sinceSyn(body, offset) !== null;
}

function copyU64(from: DataView, offset: number, out: DataView, at: number): void {
  out.setUint32(at, from.getUint32(offset, true), true);
  out.setUint32(at + 4, from.getUint32(offset + 4, true), true);
}

/** The three tuples lie in frame and record one after the other, in the same form. */
function writeTuples(body: DataView, out: DataView, at: number): void {
  const hasConntrack = (body.getUint32(LEG.ctStatus, true) & CT_PRESENT) !== 0;
  const copied = hasConntrack ? 3 * TUPLE_BYTES : TUPLE_BYTES;
  for (let offset = 0; offset < 3 * TUPLE_BYTES; offset += 4)
    out.setUint32(at + offset, offset < copied ? body.getUint32(LEG.tuple + offset) : 0);
}
