/**
 * What is new in the store, asked once for all who listen.
 *
 *   every second: ids and versions of the last minute ──► those not seen yet ──► their documents ──► listeners
 *
 *   every 15 s: the same of the quarter of an hour before, for what is stored late (latePaths.ts)
 *
 * The store has no order of arrival, and paths come late and in new versions: so a window is compared, not a
 * high-water mark. Nothing is asked while nobody listens.
 */
import { randomUUID } from 'node:crypto';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import type { FastifyBaseLogger } from 'fastify';
import type { PathStore, PathVersion, StoreCall } from '../pathStore.ts';
import { LatePaths } from './latePaths.ts';

const POLL_MS = 1000;
const WINDOW_US = 60_000_000;
/** What is stored later than this after it began is not in the stream; the lists have it. */
const LATE_WINDOW_US = 15 * 60_000_000;
const LATE_EVERY_POLLS = 15;
/** Clocks of nodes may be ahead of ours. */
const AHEAD_US = 60_000_000;
const MAX_WINDOW_ROWS = 50_000;
/** Documents read each time; of more, the newest. */
const MAX_PER_POLL = 500;
const MAX_KEPT = 2000;

export interface FeedEvent {
  readonly seq: number;
  readonly atUs: number;
  /** null: `lost` paths were too many to be read. */
  readonly path: Path | null;
  readonly lost: number;
}

export interface FeedDeps {
  readonly store: PathStore;
  readonly nowUs: () => number;
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
  /** How often what is stored late is looked for. Default: every 15th time. */
  readonly lateEveryPolls?: number;
}

type Listener = (event: FeedEvent) => void;

export class PathFeed {
  /** Differs with every start of the API. */
  readonly epoch = randomUUID();
  readonly #deps: FeedDeps;
  readonly #listeners = new Set<Listener>();
  #kept: FeedEvent[] = [];
  #seen: ReadonlyMap<string, number> | null = null;
  readonly #late = new LatePaths();
  #lastSeq = 0;
  /** null while nobody listens. */
  #polling: AbortController | null = null;

  constructor(deps: FeedDeps) {
    this.#deps = deps;
  }

  /** Of the last event; 0: none yet. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Calls for each event from now on; answers how to end it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#polling === null) {
      this.#polling = new AbortController();
      void this.#poll(this.#polling.signal);
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stop();
    };
  }

  /** The events after that one; null where some are not kept, or happened while nobody listened. */
  after(seq: number): readonly FeedEvent[] | null {
    const first = this.#kept[0]?.seq ?? this.#lastSeq + 1;
    const isKept = this.#polling !== null && seq <= this.#lastSeq && seq >= first - 1;
    return isKept ? this.#kept.filter((event) => event.seq > seq) : null;
  }

  /** What began since then, the newest 500; `lost` of the first tells what was more. */
  async since(fromUs: number, call: StoreCall): Promise<readonly FeedEvent[]> {
    const { store, nowUs } = this.#deps;
    const window = { from: fromUs, to: nowUs() + AHEAD_US, rows: MAX_WINDOW_ROWS };
    const found = await store.pathVersions(window, call);
    const { paths, lost } = await this.#read(found, call);
    const event = { seq: this.#lastSeq, atUs: nowUs() };
    return [
      ...(lost > 0 ? [{ ...event, path: null, lost }] : []),
      ...paths.map((path) => ({ ...event, path, lost: 0 })),
    ];
  }

  close(): void {
    this.#listeners.clear();
    this.#stop();
  }

  /** A gap in the numbers: whoever comes back after nobody listened must not take the next for the next. */
  #stop(): void {
    this.#polling?.abort();
    this.#polling = null;
    this.#seen = null;
    this.#late.forget();
    this.#kept = [];
    this.#lastSeq += 1;
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const { lateEveryPolls = LATE_EVERY_POLLS } = this.#deps;
    for (let poll = 1; !signal.aborted; poll++) {
      try {
        const call = { signal, clusters: [] };
        const nowUs = this.#deps.nowUs();
        await this.#tellNew(nowUs, call);
        // The second time: what is there already is then known soon.
        if (poll % lateEveryPolls === 2 % lateEveryPolls) await this.#tellLate(nowUs, call);
      } catch (error) {
        if (!signal.aborted) this.#deps.log.warn({ err: error }, 'live feed could not read');
      }
      await pause(POLL_MS, signal);
    }
  }

  async #tellNew(nowUs: number, call: StoreCall): Promise<void> {
    const found = await this.#deps.store.pathVersions(windowAt(nowUs), call);
    const before = this.#seen;
    const fresh = before === null ? [] : found.filter((each) => isNew(each, before));
    const { paths, lost } = await this.#read(fresh, call);
    if (call.signal.aborted) return;
    // Only what was read is seen: after a failure the next time tells it.
    this.#seen = new Map(found.map(({ pathId, version }) => [pathId, version]));
    this.#late.note(found);
    this.#tellAll(paths, lost);
  }

  async #tellLate(nowUs: number, call: StoreCall): Promise<void> {
    const to = Math.max(0, nowUs - WINDOW_US);
    const window = { from: Math.max(0, to - LATE_WINDOW_US), to, rows: MAX_WINDOW_ROWS };
    const found = await this.#deps.store.pathVersions(window, call);
    const { paths, lost } = await this.#read(this.#late.amongst(found), call);
    if (call.signal.aborted) return;
    // As above: after a failure the next time tells it.
    const isCut = found.length >= MAX_WINDOW_ROWS;
    this.#late.keep(found, { isCut, inFeed: this.#seen ?? new Map() });
    this.#tellAll(paths, lost);
  }

  #tellAll(paths: readonly Path[], lost: number): void {
    if (lost > 0) this.#tell(null, lost);
    for (const path of paths) this.#tell(path, 0);
  }

  async #read(ids: readonly PathVersion[], call: StoreCall) {
    const read = ids.slice(-MAX_PER_POLL).map(({ pathId }) => pathId);
    const paths = read.length === 0 ? [] : await this.#deps.store.pathsByIds(read, call);
    return { paths, lost: ids.length - read.length };
  }

  #tell(path: Path | null, lost: number): void {
    this.#lastSeq += 1;
    const event = { seq: this.#lastSeq, atUs: this.#deps.nowUs(), path, lost };
    this.#kept.push(event);
    if (this.#kept.length > 2 * MAX_KEPT) this.#kept = this.#kept.slice(-MAX_KEPT);
    for (const listener of this.#listeners) listener(event);
  }
}

const windowAt = (nowUs: number) => ({
  from: Math.max(0, nowUs - WINDOW_US),
  to: nowUs + AHEAD_US,
  rows: MAX_WINDOW_ROWS,
});

function isNew({ pathId, version }: PathVersion, seen: ReadonlyMap<string, number>): boolean {
  return version > (seen.get(pathId) ?? 0);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}
