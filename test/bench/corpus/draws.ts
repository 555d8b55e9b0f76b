/** Random values that know how much they tell: the entropy of a corpus is what its draws add up to. */

export class Draws {
  #state: number;
  /** Of all draws so far. */
  bits = 0;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 to n - 1, each alike. */
  uniform(n: number): number {
    this.bits += Math.log2(n);
    return Math.floor(this.#unit() * n);
  }

  /** A whole number with a mean of `mean`. */
  exponential(mean: number): number {
    const value = Math.floor(-Math.log(1 - this.#unit()) * mean);
    const share = Math.exp(-value / mean) - Math.exp(-(value + 1) / mean);
    this.bits -= Math.log2(share);
    return value;
  }

  /** 0 to n - 1, the k-th with a weight of 1 / (k + 1). */
  zipf(n: number): number {
    const weights = zipfWeights(n);
    const at = this.#unit() * (weights[n - 1] ?? 1);
    let low = 0;
    for (let high = n - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if ((weights[middle] ?? 0) > at) high = middle;
      else low = middle + 1;
    }
    this.bits += Math.log2((weights[n - 1] ?? 1) * (low + 1));
    return low;
  }

  /** mulberry32, twice: 53 bits. */
  #unit(): number {
    return (this.#next() * 2 ** 21 + (this.#next() >>> 11)) / 2 ** 53;
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}

const known = new Map<number, readonly number[]>();

/** Running sums. */
function zipfWeights(n: number): readonly number[] {
  const made = known.get(n);
  if (made !== undefined) return made;
  let sum = 0;
  const weights = Array.from({ length: n }, (_, index) => {
    sum += 1 / (index + 1);
    return sum;
  });
  known.set(n, weights);
  return weights;
}
