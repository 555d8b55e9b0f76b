/** Joins a fresh first page with the pages that are already shown. */

/** What both lists of the API have in common. */
export interface Listed {
  readonly pathId: string;
  readonly startedAtUs: number;
}

export interface Page<T extends Listed> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** So many items are kept on the page; further ones are asked for with a narrower filter. */
export const MAX_SHOWN = 5000;

/**
 * A fresh first page on top of what is shown: newer versions replace older ones, order stays newest first.
 * If the two do not overlap there may be paths between them that nobody asked for: then the fresh page stands alone.
 */
export function refreshed<T extends Listed>(shown: Page<T>, fresh: Page<T>): Page<T> {
  const freshIds = new Set(fresh.items.map(({ pathId }) => pathId));
  const doOverlap = shown.items.some(({ pathId }) => freshIds.has(pathId));
  if (!doOverlap) return fresh;
  const oldestFreshUs = fresh.items.at(-1)?.startedAtUs ?? 0;
  // What the fresh page spans but does not list has left the list (retention, or an outcome that changed).
  const older = shown.items.filter(
    ({ pathId, startedAtUs }) => !freshIds.has(pathId) && startedAtUs <= oldestFreshUs,
  );
  if (fresh.nextCursor === null) return fresh;
  const items = [...fresh.items, ...older];
  return {
    items: items.slice(0, MAX_SHOWN),
    nextCursor: older.length === 0 ? fresh.nextCursor : shown.nextCursor,
  };
}

/** The next page below what is shown; an item that is already there is not repeated. */
export function appended<T extends Listed>(shown: Page<T>, next: Page<T>): Page<T> {
  const known = new Set(shown.items.map(({ pathId }) => pathId));
  const items = [...shown.items, ...next.items.filter(({ pathId }) => !known.has(pathId))];
  return { items: items.slice(0, MAX_SHOWN), nextCursor: next.nextCursor };
}

/** How many items of `fresh` are not shown yet. */
export function countNew(shown: readonly Listed[], fresh: readonly Listed[]): number {
  const known = new Set(shown.map(({ pathId }) => pathId));
  return fresh.filter(({ pathId }) => !known.has(pathId)).length;
}
