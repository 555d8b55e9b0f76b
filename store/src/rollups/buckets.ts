/**
 * Histograms with buckets that grow by a fixed factor: the middle of a bucket is at most 1 % from each of its values,
 * and two of them merge by adding the counts. Bucket 0 holds everything up to 0.
 */

const ERROR = 0.01;
const GROWTH = (1 + ERROR) / (1 - ERROR);

/** SQL for the bucket of a number of nanoseconds. */
export const bucketSql = (value: string): string =>
  `toUInt16(if(${value} <= 0, 0, 1 + floor(log(${value}) / log(${GROWTH}))))`;

/** SQL for a histogram of the values that are not NULL, each counted `weight` times: Map(UInt16, UInt64). */
export const histogramSql = (value: string, weight: string): string =>
  `sumMapIf(map(${bucketSql(`assumeNotNull(${value})`)}, toUInt64(${weight})), isNotNull(${value}))`;

/**
 * SQL for [count, quantile, …] of a merged histogram, as floats; the quantiles of an empty one are 0. sumMap answers
 * keys in ascending order.
 */
export function quantilesSql(histogram: string, quantiles: readonly number[]): string {
  const cumulated = `arrayCumSum(mapValues(${histogram}))`;
  const key = `mapKeys(${histogram})[arrayFirstIndex(sum -> sum >= q * arraySum(mapValues(${histogram})), ${cumulated})]`;
  const middle = `arrayMap(q -> if(length(${histogram}) = 0 OR ${key} = 0, 0., 2 * pow(${GROWTH}, ${key}) / ${GROWTH + 1}), [${quantiles.join(', ')}])`;
  return `arrayConcat([toFloat64(arraySum(mapValues(${histogram})))], ${middle})`;
}
