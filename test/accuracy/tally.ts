/** What is counted over all worlds. Adding two tallies up is adding every number; its size does not grow with them. */

const CONFIDENCE_BINS = 20;

interface ConfidenceBin {
  claimed: number;
  right: number;
  count: number;
}

/** A tally as it passes between threads. */
export interface TallyState {
  readonly counts: ReadonlyMap<string, number>;
  readonly greatest: ReadonlyMap<string, number>;
  readonly samples: ReadonlyMap<string, ReadonlyMap<number, number>>;
  readonly confidence: readonly Readonly<ConfidenceBin>[];
  readonly bins: ReadonlyMap<string, readonly Readonly<ConfidenceBin>[]>;
}

export class Tally {
  readonly #counts = new Map<string, number>();
  readonly #greatest = new Map<string, number>();
  /** How often each value was seen, by name. */
  readonly #samples = new Map<string, Map<number, number>>();
  /** Claimed confidence and whether the path was right: sum and count in 20 bins. */
  readonly #confidence = newBins();
  /** The same by name. */
  readonly #bins = new Map<string, ConfidenceBin[]>();

  add(name: string, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  max(name: string, value: number): void {
    this.#greatest.set(name, Math.max(this.get(name), value));
  }

  /** A value of which a quantile is wanted, kept to three digits. */
  sample(name: string, value: number): void {
    const seen = this.#samples.get(name) ?? new Map<number, number>();
    const rounded = Number(value.toPrecision(3));
    seen.set(rounded, (seen.get(rounded) ?? 0) + 1);
    this.#samples.set(name, seen);
  }

  get(name: string): number {
    return this.#counts.get(name) ?? this.#greatest.get(name) ?? 0;
  }

  /** NaN where nothing was counted. */
  share(part: string, whole: string): number {
    return this.get(part) / this.get(whole);
  }

  /** The value below which this share of the samples lies; NaN of none. */
  quantile(name: string, share: number): number {
    const seen = [...(this.#samples.get(name) ?? [])].sort(([a], [b]) => a - b);
    const count = seen.reduce((sum, [, times]) => sum + times, 0);
    let left = Math.min(count - 1, Math.floor(count * share));
    for (const [value, times] of seen) {
      if (left < times) return value;
      left -= times;
    }
    return Number.NaN;
  }

  /** Counts whose names begin with `prefix`, without it, the greatest first. */
  startingWith(prefix: string): [string, number][] {
    return [...this.#counts]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, count]): [string, number] => [name.slice(prefix.length), count])
      .sort(([, a], [, b]) => b - a);
  }

  /** Claimed confidence of a named kind. */
  addBin(name: string, claimed: number, isRight: boolean): void {
    addTo(this.#binsOf(name), claimed, isRight);
  }

  /** Expected calibration error of a named kind; NaN where nothing was counted. */
  calibrationErrorOf(name: string): number {
    return errorOf(this.#bins.get(name) ?? []);
  }

  addConfidence(claimed: number, isRight: boolean): void {
    addTo(this.#confidence, claimed, isRight);
  }

  /** Expected calibration error: mean of |claimed − right| over the bins, by their counts. */
  calibrationError(): number {
    return errorOf(this.#confidence);
  }

  state(): TallyState {
    return {
      counts: this.#counts,
      greatest: this.#greatest,
      samples: this.#samples,
      confidence: this.#confidence,
      bins: this.#bins,
    };
  }

  /** Sums of fractions depend on their order in the last digit: merge worlds in the order of their numbers. */
  merge({ counts, greatest, samples, confidence, bins }: TallyState): void {
    for (const [name, count] of counts) this.add(name, count);
    for (const [name, value] of greatest) this.max(name, value);
    for (const [name, values] of samples) {
      const seen = this.#samples.get(name) ?? new Map<number, number>();
      for (const [value, times] of values) seen.set(value, (seen.get(value) ?? 0) + times);
      this.#samples.set(name, seen);
    }
    mergeBins(this.#confidence, confidence);
    for (const [name, more] of bins) mergeBins(this.#binsOf(name), more);
  }

  #binsOf(name: string): ConfidenceBin[] {
    const known = this.#bins.get(name) ?? newBins();
    this.#bins.set(name, known);
    return known;
  }
}

function newBins(): ConfidenceBin[] {
  return Array.from({ length: CONFIDENCE_BINS }, () => ({ claimed: 0, right: 0, count: 0 }));
}

function addTo(bins: readonly ConfidenceBin[], claimed: number, isRight: boolean): void {
  const bin = bins[Math.min(CONFIDENCE_BINS - 1, Math.floor(claimed * CONFIDENCE_BINS))];
  if (bin === undefined) return;
  bin.claimed += claimed;
  bin.right += isRight ? 1 : 0;
  bin.count++;
}

function mergeBins(bins: readonly ConfidenceBin[], more: readonly Readonly<ConfidenceBin>[]): void {
  for (const [index, { claimed, right, count }] of more.entries()) {
    const bin = bins[index];
    if (bin === undefined) continue;
    bin.claimed += claimed;
    bin.right += right;
    bin.count += count;
  }
}

function errorOf(bins: readonly Readonly<ConfidenceBin>[]): number {
  const count = bins.reduce((sum, bin) => sum + bin.count, 0);
  const error = bins.reduce((sum, bin) => sum + Math.abs(bin.claimed - bin.right), 0);
  return error / count;
}
