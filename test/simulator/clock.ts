/** An agent's clock: wrong by an offset, running wrong by a drift, stepped now and then. Stamps carry noise. */
import type { Random } from './random.ts';

/** True time 0 of every simulated world. */
export const EPOCH_US = 1_790_000_000_000_000;

export interface ClockPlan {
  /** Offsets and drifts are drawn from ± these. */
  readonly maxOffsetNs: number;
  readonly maxDriftPpm: number;
  /** A step of up to ± this once in the world's time; 0: none. */
  readonly maxStepNs: number;
  /** Standard deviation of one stamp. */
  readonly stampNoiseNs: number;
}

export class AgentClock {
  readonly #random: Random;
  readonly #plan: ClockPlan;
  readonly #offsetNs: number;
  readonly #rate: number;
  readonly #stepNs: number;
  readonly #stepAtNs: number;

  constructor(random: Random, plan: ClockPlan, worldNs: number) {
    this.#random = random;
    this.#plan = plan;
    this.#offsetNs = Math.round(random.between(-plan.maxOffsetNs, plan.maxOffsetNs));
    this.#rate = 1 + random.between(-plan.maxDriftPpm, plan.maxDriftPpm) * 1e-6;
    this.#stepNs = Math.round(random.between(-plan.maxStepNs, plan.maxStepNs));
    this.#stepAtNs = random.between(0, worldNs);
  }

  /** A stamp of CLOCK_MONOTONIC: drifts, never steps. */
  monotonicNs(trueNs: number): number {
    return Math.round(trueNs * this.#rate + this.#random.normal(this.#plan.stampNoiseNs));
  }

  /** CLOCK_REALTIME minus CLOCK_MONOTONIC at a true time, in nanoseconds after EPOCH_US. */
  offsetNs(trueNs: number): number {
    return this.#offsetNs + (trueNs >= this.#stepAtNs ? this.#stepNs : 0);
  }
}
