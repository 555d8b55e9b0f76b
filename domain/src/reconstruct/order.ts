/**
 * Step 3: legs in the order in which the SYN passed them.
 *
 *   tap 1  SYN ──────────────── SYN-ACK      The handshake seen further along nests inside the one seen
 *   tap 2     SYN ────────── SYN-ACK         before it, whatever the clocks say; and every router takes
 *   tap 3        SYN ──── SYN-ACK            one from the TTL. The first orders, the second is the veto.
 */
import type { Warning } from '../rest/path.ts';
import { type Connection, legSubject, toClientNs, toServerNs } from './connection.ts';
import type { Leg } from './evidence.ts';

/** S' may seem negative by the error of four stamps and by a delayed ACK; beyond this it refutes the join. */
const PHYSICS_MARGIN_NS = 50_000;

export function order(connections: readonly Connection[]): Connection[] {
  return connections.flatMap((connection) => splitAtVeto(sortLegs(connection)));
}

function sortLegs(connection: Connection): Connection {
  const hasAllDurations = connection.legs.every((leg) => toServerNs(leg) !== null);
  const legs = [...connection.legs].sort(hasAllDurations ? byNesting : byTtl);
  const warnings = ttlWarnings(legs);
  return {
    ...connection,
    legs,
    joinClass: warnings.length > 0 ? 'D' : connection.joinClass,
    warnings: [...connection.warnings, ...warnings],
  };
}

/**
 * The way back nests the other way round: the time to the client must grow from leg to leg. Where it falls,
 * one leg is not of this connection; both parts are kept, neither is believed.
 */
function splitAtVeto(connection: Connection): Connection[] {
  const falls = connection.legs.map((leg, index) => {
    const before = connection.legs[index - 1];
    const [a, b] = [before === undefined ? null : toClientNs(before), toClientNs(leg)];
    return a === null || b === null ? 0 : a - b;
  });
  const worstNs = Math.max(0, ...falls);
  if (worstNs <= PHYSICS_MARGIN_NS) return [connection];
  const cut = falls.indexOf(worstNs);
  const warning = {
    code: 'impossibleTimes',
    text: `the handshake times of ${legSubject(connection.legs[cut] as Leg)} cannot belong to this connection (${Math.round(worstNs / 1000)} µs less than nothing): it is cut there`,
    subject: legSubject(connection.legs[cut] as Leg),
  };
  const part = (legs: readonly Leg[], suffix: string): Connection => ({
    ...connection,
    key: `${connection.key}${suffix}`,
    pairHashes: suffix === '' ? connection.pairHashes : [],
    legs,
    joinClass: 'D',
    warnings: [...connection.warnings, warning],
  });
  return [part(connection.legs.slice(0, cut), ''), part(connection.legs.slice(cut), '/cut')];
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
