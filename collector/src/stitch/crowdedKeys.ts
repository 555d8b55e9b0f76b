/**
 * A request id that many records carry is no id: one client that sends a fixed one must not make a single group
 * of everybody's connections. A true one is seen at the taps of a client's and an upstream's connection.
 */
import { isForeign } from './stitchKeys.ts';

const MAX_RECORDS_OF_ID = 64;

export class CrowdedKeys {
  /** Records by request id or first flight; forgotten with the group that holds the key. */
  readonly #counts = new Map<string, number>();

  /** Counts one more record of the key, if it is one of those. */
  isCrowded(key: string): boolean {
    if (!isForeign(key)) return false;
    const count = (this.#counts.get(key) ?? 0) + 1;
    // Above the limit the count need not go on; below it the record's group holds the key.
    if (count <= MAX_RECORDS_OF_ID) this.#counts.set(key, count);
    return count > MAX_RECORDS_OF_ID;
  }

  forget(key: string): void {
    this.#counts.delete(key);
  }
}
