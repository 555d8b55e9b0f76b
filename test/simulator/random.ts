/** Seeded randomness: the same seed gives the same world, on every machine. */

/** sfc32 (Chris Doty-Humphrey, PractRand), seeded from one 32-bit number. */
export class Random {
  readonly #state: Uint32Array;

  constructor(seed: number) {
    this.#state = Uint32Array.of(seed >>> 0, 0x9e3779b9, 0x243f6a88, 1);
    for (let warmUp = 0; warmUp < 12; warmUp++) this.u32();
  }

  u32(): number {
    const s = this.#state;
    const [a = 0, b = 0, c = 0, counter = 0] = s;
    const sum = (a + b + counter) >>> 0;
    s[0] = b ^ (b >>> 9);
    s[1] = c + (c << 3);
    s[2] = ((c << 21) | (c >>> 11)) + sum;
    s[3] = counter + 1;
    return sum;
  }

  /** In [0, 1). */
  unit(): number {
    return this.u32() / 0x1_0000_0000;
  }

  /** Whole number in [0, below). */
  below(below: number): number {
    return Math.floor(this.unit() * below);
  }

  between(low: number, high: number): number {
    return low + this.unit() * (high - low);
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.unit());
  }

  /** Normal, by Box and Muller. */
  normal(deviation: number): number {
    return (
      deviation * Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit())
    );
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new RangeError('pick from nothing');
    return value;
  }

  /** 16 hex digits, never all zero: a keyed hash as the agents make it. */
  hash64(): string {
    const hex = (value: number) => value.toString(16).padStart(8, '0');
    return hex((this.u32() | 1) >>> 0) + hex(this.u32());
  }

  shuffled<T>(values: readonly T[]): T[] {
    return values
      .map((value) => ({ value, rank: this.u32() }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ value }) => value);
  }
}
