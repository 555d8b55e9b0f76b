/**
 * Step 4: the second, independent join. What a node's conntrack says it sends (its reply tuple, reversed)
 * must be what the next machine receives. Two joins that agree cannot be wrong in the same way.
 */
import { formatEndpoint, isSameTuple, reverseTuple, type Tuple } from '../model/tuple.ts';
import type { Warning } from '../rest/path.ts';
import { type Connection, legSubject } from './connection.ts';
import type { Leg } from './evidence.ts';

export function agree(connections: readonly Connection[]): Connection[] {
  return connections.map((connection) => {
    const warnings = disagreements(connection.legs);
    if (warnings.length === 0) return connection;
    return { ...connection, joinClass: 'D', warnings: [...connection.warnings, ...warnings] };
  });
}

function disagreements(legs: readonly Leg[]): Warning[] {
  return legs.flatMap((leg, index) => {
    const next = legs[index + 1];
    const sent = tupleSent(leg);
    if (
      next === undefined ||
      next.node === leg.node ||
      sent === null ||
      isSameTuple(sent, next.tuple)
    )
      return [];
    return [
      {
        code: 'joinDisagrees',
        text: `conntrack on ${leg.node} says that ${show(sent)} left, the sequence numbers lead to ${show(next.tuple)} on ${next.node}`,
        subject: legSubject(next),
      },
    ];
  });
}

/** The tuple with which packets leave this machine for the server; null where conntrack did not tell. */
function tupleSent(leg: Leg): Tuple | null {
  return leg.reply === null ? null : reverseTuple(leg.reply);
}

function show(tuple: Tuple): string {
  return `${formatEndpoint(tuple.src)} → ${formatEndpoint(tuple.dst)}`;
}
