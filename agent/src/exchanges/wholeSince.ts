/** Since when this agent has told of every request, or counted it as lost: what comparing times rests on (docs/adr/0008). */
import type { Metrics } from '../metrics.ts';

type Counts = Pick<Metrics, 'leftOutExchangesTotal' | 'sourceRestartsTotal'>;

export class WholeSince {
  readonly #isAllTold: boolean;
  readonly #counts: Counts;
  #sinceMs: number;
  #leftOut = 0;
  #restarts = 0;

  /** `isAllTold: false`: it leaves requests out as a rule. `nowMs` by the wall clock. */
  constructor(isAllTold: boolean, counts: Counts, nowMs: number) {
    this.#isAllTold = isAllTold;
    this.#counts = counts;
    this.#sinceMs = nowMs;
  }

  /** Microseconds; null: it never does. What was left out, or open while the loader was gone, begins the time anew. */
  us(nowMs: number): number | null {
    const { leftOutExchangesTotal, sourceRestartsTotal } = this.#counts;
    if (leftOutExchangesTotal !== this.#leftOut || sourceRestartsTotal !== this.#restarts)
      this.#sinceMs = nowMs;
    this.#leftOut = leftOutExchangesTotal;
    this.#restarts = sourceRestartsTotal;
    return this.#isAllTold ? this.#sinceMs * 1000 : null;
  }
}
