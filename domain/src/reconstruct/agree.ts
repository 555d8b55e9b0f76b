/**
 * Step 4: the second, independent join. What a node's conntrack says it sends (its reply tuple, reversed)
 * must be what the next machine receives. Two joins that agree cannot be wrong in the same way.
 */
import { formatEndpoint, isSameTuple, reverseTuple, type Tuple } from '../model/tuple.ts';
import type { Warning } from '../rest/path.ts';
import { type Connection, legSubject } from './connection.ts';
import type { Context, Leg } from './evidence.ts';
import { forms } from './forms.ts';

export function agree(connections: readonly Connection[], context: Context): Connection[] {
  return connections.map((connection) => {
    const warnings = disagreements(connection.legs, context);
    if (warnings.length === 0) return connection;
    return { ...connection, joinClass: 'D', warnings: [...connection.warnings, ...warnings] };
  });
}

/** A tuple that was sent to the very machine where the next leg was seen must arrive there as it was sent. */
function disagreements(legs: readonly Leg[], context: Context): Warning[] {
  return legs.flatMap((leg, index) => {
    const next = legs[index + 1];
    const sent = tupleSent(leg);
    if (next === undefined || next.node === leg.node || sent === null) return [];
    if (isBehindNat(next)) return [];
    if (forms(next).some((form) => isSameTuple(form, sent))) return [];
    // A Pod does not send on what was sent to it; another machine may have, unseen, which is no contradiction.
    const isFinal = context.topology.podByIp.has(sent.dst.ip);
    const target =
      context.topology.podByIp.get(sent.dst.ip)?.node ?? context.topology.nodeByIp.get(sent.dst.ip);
    if (!isFinal && target !== next.node) return [];
    return [
      {
        code: 'joinDisagrees',
        text: `conntrack on ${leg.node} says that ${show(sent)} left, the sequence numbers lead to ${show(next.tuple)} on ${next.node}`,
        subject: legSubject(next),
      },
    ];
  });
}

/** Inside a machine, and no conntrack entry says what the packet looked like when it came in. */
function isBehindNat({ tap, original }: Leg): boolean {
  return original === null && (tap.role === 'pod' || tap.role === 'podVeth');
}

/** The tuple with which packets leave this machine for the server, by conntrack or as they were seen to leave. */
export function tupleSent(leg: Leg): Tuple | null {
  if (leg.reply !== null) return reverseTuple(leg.reply);
  return leg.tap.synDirection === 'tx' ? leg.tuple : null;
}

function show(tuple: Tuple): string {
  return `${formatEndpoint(tuple.src)} → ${formatEndpoint(tuple.dst)}`;
}
