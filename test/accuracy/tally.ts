/** What is counted over all worlds. Adding two tallies up is adding every number and every list. */

export class Tally {
  readonly #counts = new Map<string, number>();
  /** |error| of round trips in nanoseconds. */
  readonly rttErrorsNs: number[] = [];
  /** Claimed confidence and whether the path was right: sum and count in 20 bins. */
  readonly confidence = newBins();
  readonly #bins = new Map<string, Bin[]>();

  add(name: string, by = 1): void {
    this.#counts.set(name, this.get(name) + by);
  }

  max(name: string, value: number): void {
    this.#counts.set(name, Math.max(this.get(name), value));
  }

  get(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** NaN where nothing was counted. */
  share(part: string, whole: string): number {
    return this.get(part) / this.get(whole);
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
    const bins = this.#bins.get(name) ?? newBins();
    this.#bins.set(name, bins);
    addTo(bins, claimed, isRight);
  }

  /** Expected calibration error of a named kind; NaN where nothing was counted. */
  calibrationErrorOf(name: string): number {
    return errorOf(this.#bins.get(name) ?? []);
  }

  addConfidence(claimed: number, isRight: boolean): void {
    addTo(this.confidence, claimed, isRight);
  }

  /** Expected calibration error: mean of |claimed − right| over the bins, by their counts. */
  calibrationError(): number {
    return errorOf(this.confidence);
  }
}

interface Bin {
  claimed: number;
  right: number;
  count: number;
}

function newBins(): Bin[] {
  return Array.from({ length: 20 }, () => ({ claimed: 0, right: 0, count: 0 }));
}

function addTo(bins: readonly Bin[], claimed: number, isRight: boolean): void {
  const bin = bins[Math.min(19, Math.floor(claimed * 20))];
  if (bin === undefined) return;
  bin.claimed += claimed;
  bin.right += isRight ? 1 : 0;
  bin.count++;
}

function errorOf(bins: readonly Bin[]): number {
  const count = bins.reduce((sum, bin) => sum + bin.count, 0);
  const error = bins.reduce((sum, bin) => sum + Math.abs(bin.claimed - bin.right), 0);
  return error / count;
}

/** The value below which this share lies; NaN of nothing. Sorts in place. */
export function quantile(values: number[], share: number): number {
  values.sort((a, b) => a - b);
  return values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
}
