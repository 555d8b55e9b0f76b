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
import type { PacketFrame } from '../frames/frame.ts';
import type { Attempt, OpenLeg } from './state.ts';

export function newAttempt(syn: PacketFrame): Attempt {
  return {
    clientIsn: syn.seq,
    firstSynAtNs: syn.tsNs,
    legs: [],
    openLegs: 0,
    isAnswered: false,
    rst: null,
    icmp: null,
    drop: null,
  };
}

/** The tap that the SYN reached last, undefined when every leg was withdrawn. */
export function lastLeg(attempt: Attempt): OpenLeg | undefined {
  return attempt.legs.at(-1);
}

/** Keeps legs in order of time. A drop before this tap was that of a copy: the SYN itself went on. */
export function addLeg(attempt: Attempt, leg: OpenLeg): void {
  attempt.legs.push(leg);
  attempt.legs.sort((a, b) => Number(a.firstSynAtNs - b.firstSynAtNs));
  attempt.openLegs++;
  if (attempt.drop !== null && attempt.drop.atNs < leg.firstSynAtNs) attempt.drop = null;
}

/** A SYN flood may carry one ISN in all its packets: the search among equal ISNs stays short. */
const MAX_EQUAL_ISNS = 16;

/**
 * Attempts by (client ISN, tuple). Two connections may share an ISN (by chance 2^-32 each, by intent of a port
 * scanner always), so the ISN alone never decides.
 */
export class AttemptIndex {
  readonly #byTuple = new Map<string, Attempt>();
  readonly #byIsn = new Map<number, Attempt[]>();

  /** The attempt to which a SYN, a dropped SYN or a quoted SYN with this ISN (`packet.seq`) belongs. */
  find(packet: PacketFrame): Attempt | undefined {
    const { seq, tuple, original, reply } = packet;
    return (
      this.#byTuple.get(synKey(seq, tuple)) ??
      (original === null ? undefined : this.#byTuple.get(synKey(seq, original))) ??
      (reply === null ? undefined : this.#byTuple.get(synKey(seq, reverseTuple(reply)))) ??
      this.#byIsn.get(seq)?.find((attempt) => isLikelySameSyn(attempt, packet))
    );
  }

  /** Makes the attempt findable by the tuple of this leg of it. */
  add(attempt: Attempt, leg: OpenLeg): void {
    const key = synKey(attempt.clientIsn, leg.tuple);
    if (!this.#byTuple.has(key)) this.#byTuple.set(key, attempt);
    const list = this.#byIsn.get(attempt.clientIsn);
    if (list === undefined) this.#byIsn.set(attempt.clientIsn, [attempt]);
    else if (list.length < MAX_EQUAL_ISNS && !list.includes(attempt)) list.push(attempt);
  }

  delete(attempt: Attempt): void {
    for (const leg of attempt.legs) {
      const key = synKey(attempt.clientIsn, leg.tuple);
      if (this.#byTuple.get(key) === attempt) this.#byTuple.delete(key);
    }
    const rest = this.#byIsn.get(attempt.clientIsn)?.filter((each) => each !== attempt) ?? [];
    if (rest.length === 0) this.#byIsn.delete(attempt.clientIsn);
    else this.#byIsn.set(attempt.clientIsn, rest);
  }
}

function synKey(isn: number, tuple: Tuple): string {
  return `${isn} ${tupleKey(tuple)}`;
}

/**
 * For kernels whose conntrack cannot be read: what leaves (or is dropped) in the namespace in which the same ISN
 * came in, with one endpoint in common. NAT on one node rarely rewrites both.
 */
function isLikelySameSyn(attempt: Attempt, packet: PacketFrame): boolean {
  if (packet.original !== null || (packet.type !== 'tx' && packet.type !== 'drop')) return false;
  const { netns, tuple } = packet;
  return attempt.legs.some((leg) => {
    if (leg.tap.netns !== netns || leg.tap.synDirection !== 'rx') return false;
    return isSameEndpoint(leg.tuple.src, tuple.src) || isSameEndpoint(leg.tuple.dst, tuple.dst);
  });
}
