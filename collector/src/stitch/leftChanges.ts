/** What groups that were let go had still to say, until the next turn takes it. Bounded in path versions. */
import type { GroupChanges } from './emission.ts';

const MAX_REMEMBERED = 4;

export class LeftChanges {
  readonly #max: number;
  #changes: GroupChanges[] = [];
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get isEmpty(): boolean {
    return this.#changes.length === 0;
  }

  /** Path versions. */
  get count(): number {
    return this.#count;
  }

  /** Used of the room, 0 to 1. */
  get share(): number {
    return this.#count / this.#max;
  }

  /** Answers how many path versions there was no room for. */
  leave(changes: GroupChanges): number {
    const count = countOf(changes);
    if (this.#count + count > this.#max) return count;
    // Nothing to write, but to be remembered: without it a start after a crash does not know what was shed.
    if (count === 0 && this.#changes.length >= MAX_REMEMBERED * this.#max) return 0;
    this.#changes.push(changes);
    this.#count += count;
    return 0;
  }

  /** The oldest, up to `limit` path versions and what goes with the last of them. */
  take(limit: number): GroupChanges[] {
    let count = 0;
    let groups = 0;
    for (const changes of this.#changes) {
      if (count >= limit) break;
      count += countOf(changes);
      groups += 1;
    }
    this.#count -= count;
    return this.#changes.splice(0, groups);
  }
}

const countOf = ({ paths, withdrawals }: GroupChanges): number => paths.length + withdrawals.length;
