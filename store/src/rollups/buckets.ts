/**
 * Histograms with buckets that grow by a fixed factor: the middle of a bucket is at most 1 % from each of its values,
 * and two of them merge by adding the counts. Bucket 0 holds everything up to 0.
 */

const ERROR = 0.01;
const GROWTH = (1 + ERROR) / (1 - ERROR);

/** SQL for the bucket of a number of nanoseconds. */
export const bucketSql = (value: string): string =>
  `toUInt16(if(${value} <= 0, 0, 1 + floor(log(${value}) / log(${GROWTH}))))`;

/** SQL for a histogram of the values that are not NULL: Map(UInt16, UInt64). */
export const histogramSql = (value: string): string =>
  `sumMapIf(map(${bucketSql(`assumeNotNull(${value})`)}, toUInt64(1)), isNotNull(${value}))`;

/**
 * SQL for [count, quantile, …] of a merged histogram, as floats; the quantiles of an empty one are 0. sumMap answers
 * keys in ascending order. Each quantile is written out: a lambda around the others would copy the histogram for each of
 * its buckets.
 */
export function quantilesSql(histogram: string, quantiles: readonly number[]): string {
  const total = `arraySum(mapValues(${histogram}))`;
  const keyOf = (quantile: number) =>
    `mapKeys(${histogram})[arrayFirstIndex((sum, target) -> sum >= target, arrayCumSum(mapValues(${histogram})), arrayResize([]::Array(Float64), length(${histogram}), ${quantile} * ${total}))]`;
  const middles = quantiles.map((quantile) => middleSql(keyOf(quantile)));
  return `[toFloat64(${total}), ${middles.join(', ')}]`;
}

/** Of a bucket; 0 of bucket 0. */
const middleSql = (key: string): string =>
  `if(${key} = 0, 0., 2 * pow(${GROWTH}, ${key}) / ${GROWTH + 1})`;
