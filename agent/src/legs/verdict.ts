/**
 * What became of a SYN that got no SYN-ACK, and whether this node is the one to say so.
 *
 *            node A (entry)                      node B
 *   client ─►│1 rx uplink ··· 2 tx uplink│─────►│3 rx uplink ··· 4 tx podVeth│─►│5 rx pod│
 *
 * The last tap at which this agent saw the SYN decides.
 *
 *   last tap          answer                  this node says
 *   rx (1, 3, 5)      RST, ICMP, drop         the refusal: the SYN came in and was not sent on
 *                     none                    dropped, evidence silence: swallowed here
 *   tx podVeth (4)    RST, ICMP               the refusal: only a Pod of this machine is behind (namespace not watched)
 *                     drop, none              dropped
 *   tx uplink (2)     RST, ICMP               nothing: the node that sent it does; here only legs
 *                     drop                    dropped: the queue or a filter behind this tap took it
 *                     none                    dropped, evidence silence: the far end did not answer
 *   tx pod            RST, ICMP               nothing
 *                     drop                    dropped
 *                     none                    nothing: the host's side of the cable was not seen
 *
 * One packet leaves several traces: a REJECT rule sends ICMP and then frees the SYN (NETFILTER_DROP), a closed
 * port sends RST and frees it (NO_SOCKET). So RST comes before ICMP before drop, and the first waits 200 ms for its
 * companions, whose reason it carries. Dropped SYNs are repeated, and the next one may get through (a full backlog)
 * or be rejected after all (ICMP is rate-limited), so a bare drop waits for a repetition:
 *
 *   0        1.0  1.2  1.5  2.0   2.3           3.2 s after the first SYN
 *   SYN      SYN   │    │   SYN    │             └ silence behind the uplink
 *                  │    │          └ the legs say unanswered; drop of the first SYN, not of the second; silence here,
 *                  │    │            or at a Pod
 *                  │    └ dropped, and no repetition came: the client gave up
 *                  └ the repetition was dropped as well
 *
 * What comes later is told in a further record: an ICMP error or RST after all (a failed neighbour look-up takes 3.05 s),
 * a drop after silence. What was seen outranks silence, and an answer outranks both (domain/src/reconstruct). A SYN-ACK
 * is told by the leg, and takes the refusal back.
 *
 * The rest of three seconds is for the way to the collector: up to 0.1 s until the stream counts as quiet, 0.05 s to the
 * next tick, 0.05 s until the batch is sent.
 *
 * A free without a reason (NOT_SPECIFIED) may be that of a copy. It counts as the drop where the SYN came in and went
 * no further: routes of type blackhole and prohibit say no more (6.18).
 */
import type { RefusalRecord, Tap } from '@hoptrace/domain/wire/v1.ts';
import type { PacketFrame } from '../frames/frame.ts';
import type { IsnHasher } from '../isnHash.ts';
import type { KernelClock } from '../kernelClock.ts';
import { lastLeg } from './attempt.ts';
import { type Evidence, evidenceOf, isCopyDrop, isRejection } from './evidence.ts';
import type { Attempt, OpenLeg } from './state.ts';

const SETTLE_NS = 200_000_000n;
/** The first repetition comes a second after the SYN (RFC 6298). */
const NO_REPETITION_NS = 1_500_000_000n;
const DROP_VERDICT_NS = 2_300_000_000n;
const SILENCE_VERDICT_NS = 3_200_000_000n;
const MAX_REASON_CHARACTERS = 32;

export type Verdict =
  | { readonly kind: 'wait' }
  /** It was answered, or another node is to say what happened. */
  | { readonly kind: 'nothing' }
  /** Nothing was seen, but events were lost meanwhile: silence proves nothing. */
  | { readonly kind: 'unknown' }
  | Finding;

interface Finding {
  readonly kind: RefusalRecord['refusal'];
  readonly evidence: RefusalRecord['evidence'];
  readonly leg: OpenLeg;
  readonly atNs: bigint;
  readonly proof: Evidence | null;
}

/** `lastLossAtNs`: when ring events were last lost, null if never. */
export function judge(attempt: Attempt, nowNs: bigint, lastLossAtNs: bigint | null): Verdict {
  const leg = lastLeg(attempt);
  if (attempt.isAnswered || leg === undefined) return { kind: 'nothing' };
  const answer = attempt.rst ?? attempt.icmp;
  if (answer !== null) {
    if (nowNs - answer.atNs < SETTLE_NS) return { kind: 'wait' };
    if (!isAnswerFromHere(leg)) return { kind: 'nothing' };
    const isRst = attempt.rst !== null;
    return {
      kind: isRst ? 'reset' : 'rejected',
      evidence: isRst ? 'rst' : 'icmp',
      leg,
      atNs: answer.atNs,
      proof: { ...answer, reason: attempt.drop?.reason ?? '' },
    };
  }
  const ageNs = nowNs - attempt.firstSynAtNs;
  const isIncoming = leg.tap.synDirection === 'rx';
  const drop = attempt.drop ?? (isIncoming ? attempt.unexplained : null);
  if (drop !== null) return judgeDrop(drop, { attempt, leg, nowNs });
  // What left through an uplink is for the machine to tell that it went to.
  const isOurs = isAtPod(leg) || isIncoming;
  if (ageNs < (isOurs ? DROP_VERDICT_NS : SILENCE_VERDICT_NS)) return { kind: 'wait' };
  if (lastLossAtNs !== null && lastLossAtNs >= attempt.firstSynAtNs) return { kind: 'unknown' };
  if (leg.tap.synDirection === 'tx' && leg.tap.role === 'pod') return { kind: 'nothing' };
  return { kind: 'dropped', evidence: 'silence', leg, atNs: nowNs, proof: null };
}

interface Judging {
  readonly attempt: Attempt;
  readonly leg: OpenLeg;
  readonly nowNs: bigint;
}

function judgeDrop(drop: Evidence, { attempt, leg, nowNs }: Judging): Verdict {
  const { repeatedDropAtNs: repeatedAtNs, firstSynAtNs } = attempt;
  const isExplained = attempt.drop !== null;
  const isGivenUp = isExplained && attempt.legs.every(({ frame }) => frame.synCount === 1);
  const afterNs = isGivenUp ? NO_REPETITION_NS : DROP_VERDICT_NS;
  const isOld = nowNs - firstSynAtNs >= afterNs && nowNs - drop.atNs >= SETTLE_NS;
  const isRepeated = repeatedAtNs !== null && nowNs - repeatedAtNs >= SETTLE_NS;
  if (!isOld && !isRepeated) return { kind: 'wait' };
  return { kind: 'dropped', evidence: 'kfreeSkb', leg, atNs: drop.atNs, proof: drop };
}

/** Whether what was heard since may say more than the refusal that was told. */
export function hasMoreToTell({ told, isAnswered, rst, icmp, drop }: Attempt): boolean {
  if (isAnswered || told === null || told === 'rst' || told === 'icmp') return false;
  return rst !== null || icmp !== null || (told === 'silence' && drop !== null);
}

/** The SYN was handed to the Pod: the host's end of its cable, or the Pod's own. */
function isAtPod({ tap }: OpenLeg): boolean {
  return tap.role === (tap.synDirection === 'tx' ? 'podVeth' : 'pod');
}

function isAnswerFromHere(leg: OpenLeg): boolean {
  return leg.tap.synDirection === 'rx' || leg.tap.role === 'podVeth';
}

/** The record of a verdict, noted in its attempt. `seq` is given when it is sent. */
export function tellRefusal(
  attempt: Attempt,
  finding: Finding,
  { hasher, clock }: { hasher: IsnHasher; clock: KernelClock },
): RefusalRecord {
  attempt.told = finding.evidence;
  const { leg, proof } = finding;
  const { frame } = leg;
  return {
    kind: 'refusal',
    seq: 0,
    startUs: clock.split(frame.synNs).startUs,
    tap: leg.tap,
    tuple: frame.tuple,
    clientIsnHash: hasher.connection(frame.clientIsn, null).client,
    refusal: finding.kind,
    evidence: finding.evidence,
    afterNs: Math.max(0, Number(finding.atNs - frame.synNs)),
    synCount: frame.synCount,
    icmpType: proof?.icmpType ?? 0,
    icmpCode: proof?.icmpCode ?? 0,
    reason: (proof?.reason ?? '').slice(0, MAX_REASON_CHARACTERS),
  };
}

/**
 * The refusal that a drop or an ICMP error proves by itself, where the leg was left out of a flood: of one SYN, seen
 * when it was refused. Null where it proves none.
 */
export function loneRefusal(
  packet: PacketFrame,
  tap: Tap,
  reason: string,
  { hasher, clock }: { hasher: IsnHasher; clock: KernelClock },
): RefusalRecord | null {
  const isDrop = packet.type === 'drop';
  if (isDrop ? isCopyDrop(reason) : !isRejection(packet)) return null;
  const { icmpType, icmpCode } = evidenceOf(packet, '');
  return {
    kind: 'refusal',
    seq: 0,
    startUs: clock.split(packet.tsNs).startUs,
    tap,
    tuple: packet.tuple,
    clientIsnHash: hasher.client(packet.seq),
    refusal: isDrop ? 'dropped' : 'rejected',
    evidence: isDrop ? 'kfreeSkb' : 'icmp',
    afterNs: 0,
    synCount: 1,
    icmpType,
    icmpCode,
    reason: isDrop ? reason.slice(0, MAX_REASON_CHARACTERS) : '',
  };
}
