/** Legs of attempts that nobody answered, oldest first. A flood of SYNs goes through them: their number is bounded. */
import type { Attempt, OpenLeg } from './state.ts';

/** About 2.3 KB each with their attempts (measured): 10 MB. */
export const MAX_SILENT_LEGS = 4_096;

/** So long after its SYN every verdict that evidence allows is due. */
export const JUDGED_NS = 10_000_000_000n;

export class SilentLegs {
  readonly #legs = new Set<OpenLeg>();

  /** Answers the leg that has to go, null while there is room. */
  add(leg: OpenLeg): OpenLeg | null {
    this.#legs.add(leg);
    const [oldest] = this.#legs;
    return this.#legs.size > MAX_SILENT_LEGS && oldest !== undefined ? oldest : null;
  }

  delete(leg: OpenLeg): void {
    this.#legs.delete(leg);
  }

  /** Somebody answered. */
  deleteAll(attempt: Attempt): void {
    for (const leg of attempt.legs) this.#legs.delete(leg);
  }
}

/** Whether the kernel said what became of the SYN. */
export function hasEvidence({ rst, icmp, drop }: Attempt): boolean {
  return rst !== null || icmp !== null || drop !== null;
}
