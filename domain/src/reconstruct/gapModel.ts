/**
 * How long a proxy takes to pass a request on and its response back, and by how much it changes the response:
 * histograms that are learned from weighted pairs. Densities are per nanosecond, so that they may be multiplied
 * across pairs: times in logarithmic bins, each by its width.
 */

const BINS_PER_OCTAVE = 3;
const BINS = 2 + 28 * BINS_PER_OCTAVE;
const FIRST_NS = 1000;
/** Sizes that differ at all differ by any of so many bytes with equal chance, as long as nothing is known. */
const BYTE_RANGE = 4096;
/** Pseudo-observations: keep what was never seen from being impossible. */
const PRIOR_WEIGHT = 1;

export class TimeHistogram {
  readonly #weights = new Float64Array(BINS);
  #total = 0;
  #smooth: Float64Array | null = null;

  add(ns: number, weight: number): void {
    const bin = binOf(ns);
    this.#weights[bin] = (this.#weights[bin] ?? 0) + weight;
    this.#total += weight;
    this.#smooth = null;
  }

  /** Per nanosecond. */
  density(ns: number): number {
    this.#smooth ??= this.#smoothed();
    const bin = binOf(ns);
    return (this.#smooth[bin] ?? 0) / widthOf(bin);
  }

  #smoothed(): Float64Array {
    const weight = (bin: number) => this.#weights[Math.min(BINS - 1, Math.max(0, bin))] ?? 0;
    return this.#weights.map((own, bin) => {
      const near = (weight(bin - 1) + 2 * own + weight(bin + 1)) / 4;
      return (near + PRIOR_WEIGHT / BINS) / (this.#total + PRIOR_WEIGHT);
    });
  }
}

export class ByteHistogram {
  readonly #weights = new Map<number, number>();
  #total = 0;

  add(bytes: number, weight: number): void {
    this.#weights.set(bytes, (this.#weights.get(bytes) ?? 0) + weight);
    this.#total += weight;
  }

  /** Per byte. */
  density(bytes: number): number {
    const weight = this.#weights.get(bytes) ?? 0;
    return (weight + PRIOR_WEIGHT / BYTE_RANGE) / (this.#total + PRIOR_WEIGHT);
  }
}

function binOf(ns: number): number {
  if (ns < FIRST_NS) return 0;
  return Math.min(BINS - 1, 1 + Math.floor(BINS_PER_OCTAVE * Math.log2(ns / FIRST_NS)));
}

function widthOf(bin: number): number {
  if (bin === 0) return FIRST_NS;
  const lower = FIRST_NS * 2 ** ((bin - 1) / BINS_PER_OCTAVE);
  return lower * (2 ** (1 / BINS_PER_OCTAVE) - 1);
}
