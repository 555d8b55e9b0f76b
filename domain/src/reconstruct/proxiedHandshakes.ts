/** Two handshakes that are one connection, because a SYNPROXY answered the client before it opened the rest of the way. */
import type { Warning } from '../rest/path.ts';
import { legSubject } from './connection.ts';
import type { Leg } from './evidence.ts';
import { bucketBy, isChained } from './forms.ts';
import { clientHash, hasSharedTap, type Joined, tooMany } from './joined.ts';

/**
 * SYNPROXY answers the client with an ISN of its own and then opens the real connection with the client's:
 *
 *   client ──(c, s1)── node ──(c, s2)── Pod        one connection, two ISN pairs, tuples chained by NAT
 */
export function repairProxiedHandshakes(sets: readonly Joined[]): readonly Joined[] {
  if (sets.length < 2) return sets;
  const byClient = bucketBy(sets, (set) => clientHash(set.legs) ?? set.key);
  return [...byClient.values()].flatMap((same) => {
    const [a, b] = same;
    if (a === undefined || b === undefined || !isChained(a.legs, b.legs)) return same;
    // A tap that saw both handshakes saw two connections.
    if (hasSharedTap([...a.legs, ...b.legs]) || !isOneAfterOther(a.legs, b.legs)) return same;
    if (same.length > 2)
      return same.map((set) => ({ ...set, warnings: [tooMany(set, same.length)] }));
    const pairHashes = [a.key, b.key].sort();
    return [
      {
        key: pairHashes[0] ?? a.key,
        pairHashes,
        legs: [...a.legs, ...b.legs],
        joinClass: 'B' as const,
        warnings: [synproxy(a)],
      },
    ];
  });
}

/** The proxy opens the second handshake once the first is done and while its connection lives, by a clock that saw both. */
function isOneAfterOther(a: readonly Leg[], b: readonly Leg[]): boolean {
  return a.every((one) =>
    b.every((other) => {
      if (one.node !== other.node) return true;
      const [front, back] = startNs(one, one) <= startNs(other, one) ? [one, other] : [other, one];
      const backNs = startNs(back, front);
      return backNs >= (front.ackNs ?? 0) && backNs <= (front.endNs ?? Number.POSITIVE_INFINITY);
    }),
  );
}

/** When a leg's SYN passed, on the scale of the stamps of `origin`, a leg of the same node. */
function startNs(leg: Leg, origin: Leg): number {
  return (leg.startUs - origin.startUs) * 1000 + leg.synNs;
}

function synproxy(set: Joined): Warning {
  const [leg] = set.legs;
  return {
    code: 'synproxy',
    text: 'two handshakes with one client sequence number: something on the way (SYNPROXY) answers the client itself; round trips across it are not comparable',
    subject: leg === undefined ? set.key : legSubject(leg),
  };
}
