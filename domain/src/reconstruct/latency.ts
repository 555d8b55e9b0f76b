/**
 * What a hop cost, without synchronised clocks. Each tap times the handshake on its own clock; the difference
 * between two taps is the round trip between them:
 *
 *   S  = (SYN→SYN-ACK at a) − (SYN→SYN-ACK at b)   pays for connection set-up (conntrack, NAT) on the way
 *   S' = (SYN-ACK→ACK at b) − (SYN-ACK→ACK at a)   steady state: this is the value
 *
 * S' is a small difference of two long times: each contains the client's whole round trip, on a clock of its own.
 * Two clocks 50 µs/s apart put 2 µs into it for a client 40 ms away. So b's times are told in a's rate first, as
 * far as the connections between the two machines tell it (clock/rates.ts); what they leave open is in the bound.
 *
 * The bound is that of the value; S is right to the same ±. What set-up costs is no uncertainty: S − S' tells it.
 * A repeated packet puts a time-out, not a round trip, into S or S': it is named and left out. Stamps that make a
 * round trip negative are not of one connection in this order: no value.
 */
import type { ClockBounds } from '../clock/clocks.ts';
import { compareStamps } from '../clock/oneWay.ts';
import { type Rate, rateBetween } from '../clock/rates.ts';
import { isSameAck } from '../clock/samples.ts';
import {
  rateErrorNs,
  STAMP_ERRORS,
  type StampClass,
  type StampError,
} from '../clock/stampErrors.ts';
import type { OneWay, Rtt, Warning } from '../rest/path.ts';
import { legSubject, toClientNs, toServerNs } from './connection.ts';
import type { Leg } from './evidence.ts';

export interface Segment {
  readonly rtt: Rtt | null;
  readonly oneWay: OneWay | null;
  readonly warnings: readonly Warning[];
}

/** Linux repeats an unanswered SYN or SYN-ACK after one second; no segment inside a cluster takes that long. */
const REPEAT_NS = 950_000_000;

/** `a` is nearer to the client. Either may be missing; with neither, nothing is known. */
export function segmentBetween(
  a: Leg | null,
  b: Leg | null,
  clocks: ClockBounds | null,
  stampClass: StampClass = 'tap',
): Segment {
  if (a === null || b === null) return oneEnded(a, b, stampClass);
  const { rtt, warnings } = difference(a, b, rateBetween(clocks, a, b), stampClass);
  if (clocks === null || rtt === null) return { rtt, oneWay: null, warnings };
  const compared = compareStamps(a, b, clocks, stampClass);
  return { rtt, oneWay: compared.oneWay, warnings: joined(warnings, compared.warnings) };
}

type Measured = Pick<Segment, 'rtt' | 'warnings'>;

const NO_WARNINGS: readonly Warning[] = [];
const NOTHING: Segment = { rtt: null, oneWay: null, warnings: NO_WARNINGS };

function difference(a: Leg, b: Leg, rate: Rate, stampClass: StampClass): Measured {
  if (isTwoHandshakes(a, b)) return NOTHING;
  const stamps = STAMP_ERRORS[stampClass];
  const [aServerNs, bServerNs] = [toServerNs(a), inRateOfNear(toServerNs(b), rate)];
  const [aClientNs, bClientNs] = isSameAck(a, b)
    ? [toClientNs(a), inRateOfNear(toClientNs(b), rate)]
    : [null, null];
  const setUpNs = subtract(aServerNs, bServerNs);
  const ackTripNs = subtract(bClientNs, aClientNs);
  const setUpErrorNs = errorNs(aServerNs, bServerNs, rate, stamps);
  const ackErrorNs = errorNs(aClientNs, bClientNs, rate, stamps);
  const isRepeated = a.synCount > 1 || b.synCount > 1;
  const isSetUpImpossible = !isRepeated && (setUpNs ?? 0) < -stamps.vetoNs - setUpErrorNs;
  if (isSetUpImpossible || (ackTripNs ?? 0) < -stamps.vetoNs - ackErrorNs)
    return { rtt: null, warnings: [impossible(a, b, setUpNs, ackTripNs)] };
  // A SYN-ACK lost on the way back leaves its time-out in both.
  const isAnswerRepeated = (ackTripNs ?? 0) >= REPEAT_NS;
  const isWaiting = isRepeated || isAnswerRepeated || (setUpNs ?? 0) >= REPEAT_NS;
  const rtt = rttOf(
    isWaiting ? null : setUpNs,
    isAnswerRepeated ? null : ackTripNs,
    Math.max(isWaiting ? 0 : setUpErrorNs, ackErrorNs),
  );
  const isLost = isRepeated || isAnswerRepeated;
  return { rtt, warnings: isLost ? repeatWarnings(a, b, isAnswerRepeated) : NO_WARNINGS };
}

/** A SYNPROXY between the taps answers one handshake and begins another: their difference is no round trip. */
function isTwoHandshakes(a: Leg, b: Leg): boolean {
  return (
    a.serverIsnHash !== null && b.serverIsnHash !== null && a.serverIsnHash !== b.serverIsnHash
  );
}

/** A duration of the far clock, as the near clock would have told it. */
function inRateOfNear(ns: number | null, { middle }: Rate): number | null {
  return ns === null ? null : Math.round(ns * (1 - middle));
}

/**
 * Stamps are independent of one another, so their errors add in squares. What both durations have in common is
 * wrong by what is not known of the rates; what they differ by, by the rate of the one clock.
 */
function errorNs(
  aNs: number | null,
  bNs: number | null,
  rate: Rate,
  { boundNs }: StampError,
): number {
  if (aNs === null || bNs === null) return 2 * boundNs;
  const commonNs = Math.min(Math.abs(aNs), Math.abs(bNs));
  return 2 * boundNs + Math.ceil(commonNs * rate.error) + rateErrorNs(aNs - bNs);
}

/** A round trip a little below zero is smaller than the stamps can tell: the bound says so, the parts stay as read. */
function rttOf(firstPacketNs: number | null, steadyNs: number | null, errorNs: number): Rtt | null {
  const read = steadyNs ?? firstPacketNs;
  if (read === null) return null;
  return {
    valueNs: Math.max(0, read),
    lowNs: Math.max(0, read - errorNs),
    highNs: Math.abs(read) + errorNs,
    method: 'handshakeDifference',
    firstPacketNs,
    steadyNs,
  };
}

/** One tap only: the time contains the far end's own work, so it bounds the round trip from above. */
function oneEnded(a: Leg | null, b: Leg | null, stampClass: StampClass): Segment {
  const leg = b ?? a;
  const isToClient = b !== null;
  const readNs = leg === null ? null : isToClient ? toClientNs(leg) : toServerNs(leg);
  // Towards the server the wait for a repeated SYN is inside; the path says that there was one.
  if (leg === null || readNs === null || (!isToClient && leg.synCount > 1)) return NOTHING;
  const valueNs = Math.max(0, readNs);
  const highNs = valueNs + 2 * STAMP_ERRORS[stampClass].boundNs + rateErrorNs(valueNs);
  const method = isToClient ? 'handshakeToClient' : 'handshakeToServer';
  const rtt: Rtt = { valueNs, lowNs: 0, highNs, method, firstPacketNs: null, steadyNs: null };
  return { rtt, oneWay: null, warnings: NO_WARNINGS };
}

/** Names the segment on which a packet was lost, as far as the counts of both ends tell. */
function repeatWarnings(a: Leg, b: Leg, isAnswerRepeated: boolean): Warning[] {
  const warnings: Warning[] = [];
  if (a.synCount > b.synCount)
    warnings.push({
      code: 'synLost',
      text: `${legSubject(a)} saw the SYN ${a.synCount} times, ${legSubject(b)} ${b.synCount} times: lost between them; the wait is left out of the round trip`,
      subject: legSubject(b),
    });
  if (isAnswerRepeated)
    warnings.push({
      code: 'synAckLost',
      text: `the SYN-ACK of ${legSubject(b)} came to ${legSubject(a)} a second late: repeated between them; the wait is left out of the round trip`,
      subject: legSubject(a),
    });
  return warnings;
}

function impossible(a: Leg, b: Leg, setUpNs: number | null, ackTripNs: number | null): Warning {
  const trips = [setUpNs, ackTripNs].flatMap((ns) => (ns === null ? [] : `${ns} ns`)).join(' and ');
  return {
    code: 'impossibleTimes',
    text: `from ${legSubject(a)} to ${legSubject(b)} and back in ${trips}: below zero, so these stamps are not of one connection in this order; no time is given`,
    subject: legSubject(b),
  };
}

function joined(a: readonly Warning[], b: readonly Warning[]): readonly Warning[] {
  return a.length === 0 ? b : [...a, ...b];
}

function subtract(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a - b;
}
