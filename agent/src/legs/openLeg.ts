/** What a frame says about one TCP connection at one tap, and how that becomes a record. */
import { reverseTuple, tupleKey } from '@hoptrace/domain/model/tuple.ts';
import type { LegRecord, Tap } from '@hoptrace/domain/wire/v1.ts';
import type { LegFrame } from '../frames/frame.ts';
import type { IsnHasher } from '../isnHash.ts';
import type { KernelClock } from '../kernelClock.ts';
import { trafficOf } from './legTraffic.ts';
import type { OpenLeg } from './state.ts';

/** How much a record of the leg would say. A leg is emitted again only when it can say more. */
export const TELLS = { nothing: 0, unanswered: 1, established: 2, response: 3, end: 4 } as const;

const FORGET_OPEN_NS = 300_000_000_000n;
const FORGET_UNANSWERED_NS = 70_000_000_000n;
const FORGET_RESET_NS = 10_000_000_000n;
/** HOP_RIPE_NS: a leg older than this was told before. */
export const RIPE_NS = 250_000_000n;
export const LAST_REVISION = 0xff;

/** Whether anything came back, by whatever way. */
export function isAnswered(frame: LegFrame): boolean {
  return frame.serverIsn !== null || frame.responseNs !== null || frame.hasSpokenOn;
}

/** The server's side reset it without a SYN-ACK. */
export function isRefused(frame: LegFrame): boolean {
  return frame.resetNs !== null && frame.isResetByServer && frame.serverIsn === null;
}

/** How it ended, by both FINs or a reset; null while it has not. */
export function endOf(frame: LegFrame): { end: 'fin' | 'reset'; endNs: number } | null {
  const { clientFinNs, serverFinNs, resetNs } = frame;
  if (resetNs !== null) return { end: 'reset', endNs: resetNs };
  if (clientFinNs === null || serverFinNs === null) return null;
  return { end: 'fin', endNs: Math.max(clientFinNs, serverFinNs) };
}

export function hasOneFin(frame: LegFrame): boolean {
  return (frame.clientFinNs === null) !== (frame.serverFinNs === null);
}

/** When a leg that was emitted at `emittedAtNs` need not be remembered any longer. */
export function forgetAtNs(leg: OpenLeg, emittedAtNs: bigint): bigint {
  const lastSynAtNs = leg.frame.synNs + BigInt(leg.frame.lastSynNs);
  if (leg.end === 'open') return emittedAtNs + FORGET_OPEN_NS;
  if (leg.end === 'unanswered') return lastSynAtNs + FORGET_UNANSWERED_NS;
  return lastSynAtNs + FORGET_RESET_NS;
}

/** What the connection is called at this tap, before and after NAT: `netns tuple`. */
export function namesOf({ netns, tuple, original, reply }: LegFrame): string[] {
  const forms = [
    tuple,
    ...(original === null || reply === null ? [] : [original, reverseTuple(reply)]),
  ];
  return forms.map((form) => `${netns} ${tupleKey(form)}`);
}

export interface Telling {
  readonly legId: number;
  readonly revision: number;
  readonly tap: Tap;
  readonly end: LegRecord['end'];
  /** Nanoseconds after the first SYN. */
  readonly endNs: number | null;
  /** The agent follows it no longer. */
  readonly isGivenUp?: boolean;
}

/** The record of a leg as it stands. `seq` is given when it is sent. */
export function legRecord(
  frame: LegFrame,
  telling: Telling,
  { hasher, clock }: { hasher: IsnHasher; clock: KernelClock },
): LegRecord {
  const { startUs, restNs } = clock.split(frame.synNs);
  const hashes = hasher.connection(frame.clientIsn, frame.serverIsn);
  return {
    kind: 'leg',
    seq: 0,
    startUs,
    tap: telling.tap,
    tuple: frame.tuple,
    original: frame.original,
    reply: frame.reply,
    clientIsnHash: hashes.client,
    serverIsnHash: hashes.server,
    isnPairHash: hashes.pair,
    synTtl: frame.synTtl,
    synCount: frame.synCount,
    synNs: restNs,
    synAckNs: shifted(frame.synAckNs, restNs),
    ackNs: shifted(frame.ackNs, restNs),
    firstRequestNs: shifted(frame.requestNs, restNs),
    firstResponseNs: shifted(frame.responseNs, restNs),
    endNs: shifted(telling.endNs, restNs),
    end: telling.end,
    revision: Math.min(telling.revision, LAST_REVISION),
    legId: telling.legId,
    traffic: trafficOf(frame, telling.end, telling.isGivenUp === true),
  };
}

/** From "after the SYN" to "after startUs", which is a whole microsecond. */
function shifted(ns: number | null, restNs: number): number | null {
  return ns === null ? null : ns + restNs;
}

/** An answer after all: what was told of the silence is replaced. */
export function reopen(leg: OpenLeg): void {
  if (leg.end === 'open' || leg.told === TELLS.end) return;
  leg.end = 'open';
  leg.endNs = null;
}
