/** Interleaved rounds: each measures every variant once, in turn, so that what drifts drifts for all of them. */

/** Values of one variant, one per round. */
export type Samples = ReadonlyMap<string, readonly number[]>;

export interface Ratio {
  readonly median: number;
  /** 95 % interval of the median, by resampling rounds. */
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2_000;

/** Runs `rounds` rounds. Each begins with another variant than the one before. */
export async function runRounds(
  variants: readonly string[],
  rounds: number,
  measure: (variant: string, round: number) => Promise<number>,
): Promise<Samples> {
  const samples = new Map<string, number[]>(variants.map((variant) => [variant, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < variants.length; turn++) {
      const variant = variants[(round + turn) % variants.length] ?? '';
      samples.get(variant)?.push(await measure(variant, round));
    }
  }
  return samples;
}

/** How a variant did against another, round by round. */
export function ratioOf(samples: Samples, variant: string, base: string): Ratio {
  const bases = samples.get(base) ?? [];
  const ratios = (samples.get(variant) ?? []).map((value, round) => value / (bases[round] ?? 1));
  const medians = Array.from({ length: RESAMPLES }, (_, index) =>
    median(ratios.map((_ratio, at) => ratios[scatter(index, at) % ratios.length] ?? 1)),
  ).sort((a, b) => a - b);
  return {
    median: median(ratios),
    low: medians[Math.floor(RESAMPLES * 0.025)] ?? 0,
    high: medians[Math.floor(RESAMPLES * 0.975)] ?? 0,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/** A fixed pseudo-random number: the same rounds give the same interval. */
function scatter(a: number, b: number): number {
  let hash = Math.imul(a + 1, 0x9e37_79b1) ^ Math.imul(b + 1, 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b_3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a_2d39);
  return (hash ^ (hash >>> 15)) >>> 0;
}
