/**
 * Paths that the store gets (or gets a new version of) when the feed's minute has passed: of agents that were cut off, of
 * connections that live long. Looked for by comparing the quarter of an hour before that minute now and then.
 *
 *   now − 15 min ─────────── now − 60 s ──────────── now
 *   │ compared every 15 s              │ every second │
 */
import type { PathVersion } from '../pathStore.ts';

/** Path ids begin with their start: text order is order in time. */
export class LatePaths {
  /** Versions that the feed told, or found when it began. */
  readonly #told = new Map<string, number>();
  #before: ReadonlyMap<string, number> | null = null;
  /** Nothing before this id was read the last time. */
  #floor = '';

  /** What the feed sees in its own window. */
  note(versions: readonly PathVersion[]): void {
    for (const { pathId, version } of versions) this.#told.set(pathId, version);
  }

  /** Those of `found` that nobody was told of. The first time there are none: they were there before. */
  amongst(found: readonly PathVersion[]): PathVersion[] {
    const before = this.#before;
    if (before === null) return [];
    return found.filter(
      ({ pathId, version }) =>
        pathId >= this.#floor &&
        version > Math.max(before.get(pathId) ?? 0, this.#told.get(pathId) ?? 0),
    );
  }

  /**
   * They are told: `found` is what to compare with the next time, oldest first. `isCut`: there are more, older ones; of
   * those nothing can be said then. `inFeed`: what the feed itself sees now.
   */
  keep(
    found: readonly PathVersion[],
    { isCut, inFeed }: { readonly isCut: boolean; readonly inFeed: ReadonlyMap<string, number> },
  ): void {
    this.#before = new Map(found.map(({ pathId, version }) => [pathId, version]));
    this.#floor = isCut ? (found[0]?.pathId ?? '') : '';
    for (const pathId of this.#told.keys()) if (!inFeed.has(pathId)) this.#told.delete(pathId);
  }

  forget(): void {
    this.#told.clear();
    this.#before = null;
    this.#floor = '';
  }
}
