/**
 * How far the collector's clock is from this one, from four stamps of one question and answer (RFC 5905, section 8).
 * Of the last samples the one with the shortest round trip is the best: what waits in a queue only makes it longer.
 */
const MAX_SAMPLES = 16;

export interface ClockEstimate {
  /** The collector's clock minus this one. */
  readonly offsetUs: number;
  readonly errorUs: number;
}

export interface ClockStamps {
  /** By this clock. */
  readonly sentAtUs: number;
  /** By the collector's. */
  readonly receivedAtUs: number;
  readonly answeredAtUs: number;
  /** By this clock. */
  readonly heardAtUs: number;
}

export class ClockOffset {
  readonly #samples: ClockEstimate[] = [];

  note({ sentAtUs, receivedAtUs, answeredAtUs, heardAtUs }: ClockStamps): void {
    const roundTripUs = heardAtUs - sentAtUs - (answeredAtUs - receivedAtUs);
    // A clock was set meanwhile.
    if (roundTripUs < 0) return;
    const offsetUs = Math.round((receivedAtUs - sentAtUs + (answeredAtUs - heardAtUs)) / 2);
    // Stamps have milliseconds: that much more may be wrong.
    this.#samples.push({ offsetUs, errorUs: Math.ceil(roundTripUs / 2) + 1000 });
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
  }

  /** Null before the first answer. */
  get best(): ClockEstimate | null {
    return this.#samples.reduce<ClockEstimate | null>(
      (best, each) => (best === null || each.errorUs < best.errorUs ? each : best),
      null,
    );
  }
}

/** By this machine's clock, as in envelopes. */
export function nowUs(): number {
  return Date.now() * 1000;
}
