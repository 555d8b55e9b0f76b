/** What groups that were let go had still to say, until the next turn takes it. Bounded in path versions. */
import type { GroupChanges } from './emission.ts';

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

  /** Answers how many path versions there was no room for. */
  leave(changes: GroupChanges): number {
    const count = changes.paths.length + changes.withdrawals.length;
    if (this.#count + count > this.#max) return count;
    this.#changes.push(changes);
    this.#count += count;
    return 0;
  }

  take(): GroupChanges[] {
    const taken = this.#changes;
    this.#changes = [];
    this.#count = 0;
    return taken;
  }
}
