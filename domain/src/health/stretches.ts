/**
 * What held when, with what is not known in between. Times in microseconds; a stretch ends before `toUs`.
 *
 *   version A   from├────────────┤earliestTo ········ to┤
 *   version B                      earliest ········from├──────────►
 *   told        A A A A A A A A A A ? ? ? ? ? ? ? ? ? ? B B B B
 */

export interface Stretch<T> {
  readonly fromUs: number;
  readonly toUs: number;
  readonly value: T;
}

/** A state of one object, as the topology keeps it. */
export interface Version<T> {
  readonly fromUs: number;
  /** It became so between here and fromUs. */
  readonly earliestUs: number;
  /** Infinity: still so. */
  readonly toUs: number;
  readonly earliestToUs: number;
  readonly object: T;
}

export interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}

/** `valueAt` asked at each edge within the span; neighbours that say the same are one. In order, without holes. */
export function stretchesOf<T>(
  span: Span,
  edges: readonly number[],
  valueAt: (atUs: number) => T,
): Stretch<T>[] {
  if (span.toUs <= span.fromUs) return [];
  const inside = edges.filter((edge) => edge > span.fromUs && edge < span.toUs);
  const starts = [...new Set([span.fromUs, ...inside])].sort((a, b) => a - b);
  const found: Stretch<T>[] = [];
  for (const [index, fromUs] of starts.entries()) {
    const toUs = starts[index + 1] ?? span.toUs;
    const value = valueAt(fromUs);
    const last = found.at(-1);
    if (last !== undefined && JSON.stringify(last.value) === JSON.stringify(value))
      found[found.length - 1] = { ...last, toUs };
    else found.push({ fromUs, toUs, value });
  }
  return found;
}

/** All instants at which one of the versions may begin or end. */
export function edgesOf(versions: readonly Version<unknown>[]): number[] {
  return versions.flatMap(({ fromUs, earliestUs, toUs, earliestToUs }) =>
    [fromUs, earliestUs, toUs, earliestToUs].filter(Number.isFinite),
  );
}

/** Those that hold at an instant by the latest, or by the earliest time at which they may have changed. */
export function holding<T>(
  versions: readonly Version<T>[],
  atUs: number,
  reading: 'latest' | 'earliest',
): T[] {
  return versions
    .filter(({ fromUs, earliestUs, toUs, earliestToUs }) =>
      reading === 'latest'
        ? fromUs <= atUs && atUs < toUs
        : // A first sighting says nothing about before.
          (Number.isFinite(earliestUs) ? earliestUs : fromUs) <= atUs &&
          atUs < Math.max(earliestToUs, fromUs),
    )
    .map(({ object }) => object);
}

/** How long the stretches that `isWanted` cover, in microseconds. */
export function coveredUs<T>(
  stretches: readonly Stretch<T>[],
  isWanted: (value: T) => boolean,
): number {
  return stretches
    .filter(({ value }) => isWanted(value))
    .reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0);
}
