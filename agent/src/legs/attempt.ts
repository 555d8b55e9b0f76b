/**
 * One attempt to connect = all taps of this agent that one SYN (and its repetitions) crossed. NAT changes tuples
 * on the way but not the ISN. From the last tap follows where an unanswered SYN ended; see verdict.ts.
 */
import {
  isSameEndpoint,
  reverseTuple,
  type Tuple,
  tupleKey,
} from '@hoptrace/domain/model/tuple.ts';
import type { LegFrame, PacketFrame } from '../frames/frame.ts';
import { type Evidence, isCopyDrop, UNEXPLAINED } from './evidence.ts';
import type { Attempt, OpenLeg } from './state.ts';

/** A SYN as it was seen somewhere: at a tap, freed, or quoted by an ICMP error. */
export interface SynSight {
  readonly isn: number;
  readonly tuple: Tuple;
  readonly original: Tuple | null;
  readonly reply: Tuple | null;
  readonly netns: number;
  /** On its way out of the namespace, or freed there: NAT may have been at it. Null where that is not known. */
  readonly isOnward: boolean | null;
}

export function sightOfLeg(frame: LegFrame): SynSight {
  const { clientIsn: isn, tuple, original, reply, netns, direction } = frame;
  return { isn, tuple, original, reply, netns, isOnward: direction === 'tx' };
}

export function sightOfPacket(packet: PacketFrame): SynSight {
  const { seq: isn, tuple, original, reply, netns, type } = packet;
  return { isn, tuple, original, reply, netns, isOnward: type === 'drop' ? true : null };
}

export function newAttempt(frame: LegFrame): Attempt {
  return {
    clientIsn: frame.clientIsn,
    firstSynAtNs: frame.synNs,
    legs: [],
    openLegs: 0,
    isAnswered: false,
    rst: null,
    icmp: null,
    drop: null,
    repeatedDropAtNs: null,
    unexplained: null,
    told: null,
  };
}

/** The tap that the SYN reached last, undefined when every leg was withdrawn. */
export function lastLeg(attempt: Attempt): OpenLeg | undefined {
  return attempt.legs.at(-1);
}

/** Keeps legs in order of time. A drop before this tap was that of a copy: the SYN itself went on. */
export function addLeg(attempt: Attempt, leg: OpenLeg): void {
  attempt.legs.push(leg);
  attempt.legs.sort((a, b) => Number(a.frame.synNs - b.frame.synNs));
  attempt.openLegs++;
  const isBefore = (drop: Evidence | null) => drop !== null && drop.atNs < leg.frame.synNs;
  if (isBefore(attempt.drop)) Object.assign(attempt, { drop: null, repeatedDropAtNs: null });
  if (isBefore(attempt.unexplained)) attempt.unexplained = null;
}

/** TCP repeats a SYN after a second (RFC 6298); one packet is freed in more places than one at once. */
const REPETITION_NS = 500_000_000n;

/** The first drop behind the last tap so far counts, copies aside. */
export function addDrop(attempt: Attempt, drop: Evidence): void {
  const last = lastLeg(attempt);
  if (last !== undefined && drop.atNs < last.frame.synNs) return;
  if (drop.reason === UNEXPLAINED) attempt.unexplained ??= drop;
  else if (!isCopyDrop(drop.reason)) {
    const isRepeated = attempt.drop !== null && drop.atNs - attempt.drop.atNs >= REPETITION_NS;
    attempt.drop ??= drop;
    if (isRepeated) attempt.repeatedDropAtNs ??= drop.atNs;
  }
}

/** A SYN flood may carry one ISN in all its packets: the search among equal ISNs stays short. */
const MAX_EQUAL_ISNS = 16;

/**
 * Attempts by (client ISN, tuple). Two connections may share an ISN (by chance 2^-32 each, by intent of a port
 * scanner always), so the ISN alone never decides.
 */
export class AttemptIndex {
  readonly #byKey = new Map<string, Attempt>();
  readonly #byIsn = new Map<number, Attempt[]>();

  /** The attempt to which a SYN belongs that was seen somewhere. */
  find(sight: SynSight): Attempt | undefined {
    for (const key of keysOf(sight)) {
      const attempt = this.#byKey.get(key);
      if (attempt !== undefined) return attempt;
    }
    return this.#byIsn.get(sight.isn)?.find((attempt) => isLikelySameSyn(attempt, sight));
  }

  /** Makes the attempt findable by what this leg of it is called, before and after NAT. */
  add(attempt: Attempt, leg: OpenLeg): void {
    for (const key of keysOf(sightOfLeg(leg.frame))) {
      if (!this.#byKey.has(key)) this.#byKey.set(key, attempt);
    }
    const list = this.#byIsn.get(attempt.clientIsn);
    if (list === undefined) this.#byIsn.set(attempt.clientIsn, [attempt]);
    else if (list.length < MAX_EQUAL_ISNS && !list.includes(attempt)) list.push(attempt);
  }

  delete(attempt: Attempt): void {
    for (const leg of attempt.legs) {
      for (const key of keysOf(sightOfLeg(leg.frame)))
        if (this.#byKey.get(key) === attempt) this.#byKey.delete(key);
    }
    const rest = this.#byIsn.get(attempt.clientIsn)?.filter((each) => each !== attempt) ?? [];
    if (rest.length === 0) this.#byIsn.delete(attempt.clientIsn);
    else this.#byIsn.set(attempt.clientIsn, rest);
  }
}

/** A SYN is told in any order of its taps: the answer passed them the other way round. */
export function keysOf({ isn, tuple, original, reply }: SynSight): string[] {
  const keys = [synKey(isn, tuple)];
  if (original !== null) keys.push(synKey(isn, original));
  if (reply !== null) keys.push(synKey(isn, reverseTuple(reply)));
  return keys;
}

function synKey(isn: number, tuple: Tuple): string {
  return `${isn} ${tupleKey(tuple)}`;
}

/**
 * For kernels whose conntrack cannot be read: what leaves (or is dropped) in the namespace in which the same ISN
 * came in, with one endpoint in common. NAT on one node rarely rewrites both.
 */
function isLikelySameSyn(attempt: Attempt, sight: SynSight): boolean {
  const { netns, tuple, original, isOnward } = sight;
  if (original !== null || isOnward === null) return false;
  return attempt.legs.some(({ tap, frame }) => {
    if (tap.netns !== netns || (tap.synDirection === 'tx') === isOnward) return false;
    return isSameEndpoint(frame.tuple.src, tuple.src) || isSameEndpoint(frame.tuple.dst, tuple.dst);
  });
}
