/**
 * What a hop cost, without synchronised clocks. Each tap times the handshake on its own clock; the difference
 * between two taps is the round trip between them:
 *
 *   S  = (SYN→SYN-ACK at a) − (SYN→SYN-ACK at b)   pays for connection set-up (conntrack, NAT) on the way
 *   S' = (SYN-ACK→ACK at b) − (SYN-ACK→ACK at a)   steady state: this is the value
 */
import type { Rtt } from '../rest/path.ts';
import { toClientNs, toServerNs } from './connection.ts';
import type { Leg } from './evidence.ts';

/** Two stamps a tap, two taps; 0.3 µs each (measured on tracepoint taps). */
const STAMP_ERROR_NS = 1200;

/** `a` is nearer to the client. Either may be missing; with neither, nothing is known. */
export function rttBetween(a: Leg | null, b: Leg | null): Rtt | null {
  if (a !== null && b !== null) return difference(a, b);
  if (b !== null) return oneEnded(toClientNs(b), 'handshakeToClient');
  if (a !== null) return oneEnded(toServerNs(a), 'handshakeToServer');
  return null;
}

function difference(a: Leg, b: Leg): Rtt | null {
  const setUpNs = subtract(toServerNs(a), toServerNs(b));
  const steadyNs = subtract(toClientNs(b), toClientNs(a));
  // A repeated SYN or SYN-ACK puts a time-out, not a round trip, into S.
  const isRetried = a.synCount > 1 || b.synCount > 1;
  const seen = [isRetried ? null : setUpNs, steadyNs].filter(
    (value): value is number => value !== null,
  );
  const valueNs = steadyNs ?? seen[0];
  if (valueNs === undefined) return null;
  return {
    valueNs,
    lowNs: Math.min(...seen, valueNs) - STAMP_ERROR_NS,
    highNs: Math.max(...seen, valueNs) + STAMP_ERROR_NS,
    method: 'handshakeDifference',
  };
}

/** One tap only: the time contains the far end's own work, so it bounds the round trip from above. */
function oneEnded(valueNs: number | null, method: Rtt['method']): Rtt | null {
  if (valueNs === null) return null;
  return { valueNs, lowNs: 0, highNs: valueNs + STAMP_ERROR_NS, method };
}

function subtract(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a - b;
}
