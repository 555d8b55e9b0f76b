/** A set of legs that are held to be one connection, before refusals and headers are laid to it. */
import { tupleKey } from '../model/tuple.ts';
import type { Warning } from '../rest/path.ts';
import type { Leg } from './evidence.ts';

export interface Joined {
  readonly key: string;
  readonly pairHashes: readonly string[];
  readonly legs: readonly Leg[];
  readonly joinClass: 'A' | 'B' | 'D';
  readonly warnings: readonly Warning[];
}

export function clientHash(legs: readonly Leg[]): string | null {
  return legs.find((leg) => leg.clientIsnHash !== null)?.clientIsnHash ?? null;
}

/** One tap sees one connection once. */
export function hasSharedTap(legs: readonly Leg[]): boolean {
  const taps = legs.map(
    ({ node, tap, tuple }) =>
      `${node}|${tap.netns}|${tap.ifindex}|${tap.synDirection}|${tupleKey(tuple)}`,
  );
  return new Set(taps).size < taps.length;
}

export function tooMany(set: Joined, count: number): Warning {
  return {
    code: 'ambiguousJoin',
    text: `${count} handshakes share the client's sequence number and a tuple: which belong together is not decided`,
    subject: set.key,
  };
}
