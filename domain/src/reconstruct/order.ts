/**
 * Step 3: legs in the order in which the SYN passed them.
 *
 *   tap 1  SYN ──────────────── SYN-ACK      The handshake seen further along nests inside the one seen
 *   tap 2     SYN ────────── SYN-ACK         before it, whatever the clocks say; and every router takes
 *   tap 3        SYN ──── SYN-ACK            one from the TTL. The first orders, the second is the veto.
 */
import type { Warning } from '../rest/path.ts';
import { type Connection, legSubject, toServerNs } from './connection.ts';
import type { Leg } from './evidence.ts';

export function order(connections: readonly Connection[]): Connection[] {
  return connections.map((connection) => {
    const hasAllDurations = connection.legs.every((leg) => toServerNs(leg) !== null);
    const legs = [...connection.legs].sort(hasAllDurations ? byNesting : byTtl);
    const warnings = ttlWarnings(legs);
    return {
      ...connection,
      legs,
      joinClass: warnings.length > 0 ? 'D' : connection.joinClass,
      warnings: [...connection.warnings, ...warnings],
    };
  });
}

function byNesting(a: Leg, b: Leg): number {
  return (toServerNs(b) ?? 0) - (toServerNs(a) ?? 0) || byTtl(a, b);
}

/** A packet leaves one machine and reaches the next with the same TTL: at equal TTL, tx comes before rx. */
function byTtl(a: Leg, b: Leg): number {
  return (
    b.synTtl - a.synTtl ||
    (a.tap.synDirection === b.tap.synDirection ? 0 : a.tap.synDirection === 'tx' ? -1 : 1) ||
    a.startUs - b.startUs ||
    (legSubject(a) < legSubject(b) ? -1 : 1)
  );
}

function ttlWarnings(legs: readonly Leg[]): Warning[] {
  return legs.flatMap((leg, index) => {
    const before = legs[index - 1];
    if (before === undefined || leg.synTtl <= before.synTtl) return [];
    return [
      {
        code: 'orderDisagrees',
        text: `the handshake times put ${legSubject(leg)} behind ${legSubject(before)}, the TTL (${leg.synTtl} after ${before.synTtl}) says otherwise`,
        subject: legSubject(leg),
      },
    ];
  });
}
