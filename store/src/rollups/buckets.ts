/**
 * Histograms with buckets that grow by a fixed factor: the middle of a bucket is at most 1 % from each of its values,
 * and two of them merge by adding the counts. Bucket 0 holds everything up to 0.
 */
import type { DurationStats } from '@hoptrace/domain/rest/services.ts';

const ERROR = 0.01;
const GROWTH = (1 + ERROR) / (1 - ERROR);

/** SQL for the bucket of a number of nanoseconds. */
export const bucketSql = (value: string): string =>
  `toUInt16(if(${value} <= 0, 0, 1 + floor(log(${value}) / log(${GROWTH}))))`;

/** SQL for a histogram of the values that are not NULL, each counted `weight` times: Map(UInt16, UInt64). */
export const histogramSql = (value: string, weight: string): string =>
  `sumMapIf(map(${bucketSql(`assumeNotNull(${value})`)}, toUInt64(${weight})), isNotNull(${value}))`;

/** Count and quantiles of a merged histogram, as { bucket: count }; null where it is empty. */
export function durationsOf(histogram: Readonly<Record<string, number>>): DurationStats | null {
  const buckets = Object.entries(histogram)
    .map(([bucket, count]): [number, number] => [Number(bucket), count])
    .sort(([a], [b]) => a - b);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return null;
  const at = (quantile: number): number => {
    let sum = 0;
    for (const [bucket, count] of buckets) {
      sum += count;
      if (sum >= quantile * total) return middleOf(bucket);
    }
    return 0;
  };
  return { count: total, p50Ns: at(0.5), p95Ns: at(0.95), p99Ns: at(0.99) };
}

const middleOf = (bucket: number): number =>
  bucket === 0 ? 0 : (2 * GROWTH ** bucket) / (GROWTH + 1);
