/**
 * One list of objects, kept as the Kubernetes API has it: listed in pages, then watched from the list's resourceVersion
 * on, for ever.
 *
 *   list ──► watch ──cut, time-out──► watch from the last revision      (nothing is missed)
 *    ▲         └──410 Gone──► list again, the gap is marked             (what was in between is not known)
 *    └──────────────┘
 *
 * What clusters may do without and is not served (404), or may not be read (403), has no objects, and is asked for again now and then.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { KubernetesObject } from '@hoptrace/domain/wire/kubernetes.ts';
import { type ReadObject, readObject, type WatchedKind, type WatchTarget } from './kinds.ts';
import { type KubeAccess, KubeStatusError } from './kubeAccess.ts';
import { linesOf, textOf } from './lines.ts';

/** What becomes of what is heard. Calls come in order; none waits. */
export interface KindSink {
  /** A list begins; `sinceUs`: until when what is known was up to date; null: nothing was known. */
  listBegins(target: WatchTarget, sinceUs: number | null): void;
  listed(target: WatchTarget, objects: readonly ReadObject[], atUs: number): void;
  listEnds(target: WatchTarget, atUs: number): void;
  /** `earliestUs` before `atUs`: the change happened while nobody listened. */
  changed(
    object: KubernetesObject,
    revision: string,
    told: { atUs: number; earliestUs: number },
  ): void;
  removed(key: string, told: { atUs: number; earliestUs: number }): void;
  unreadable(kind: WatchedKind, key: string | null, problem: string): void;
}

export interface KindWatchOptions {
  readonly access: KubeAccess;
  readonly sink: KindSink;
  readonly nowMs: () => number;
  readonly pageSize: number;
  /** The server is asked to end a watch after so long; half as much again at most. */
  readonly watchSeconds: number;
  /** API servers send a bookmark about once a minute. */
  readonly idleMs: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** How long until a kind that is not served is asked for again: its definition may be installed meanwhile. */
  readonly absentMs: number;
  readonly random: () => number;
}

export interface KindState {
  /** null: never. */
  lastHeardUs: number | null;
  isListed: boolean;
  /** The cluster does not serve this kind, and need not. */
  isAbsent: boolean;
  /** Why it does not go on at the moment; null: it does. */
  error: string | null;
  lists: number;
  gone: number;
  reconnects: number;
  changes: number;
  unreadable: number;
}

/** An object in etcd has 1.5 MB at most. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
/** 500 objects of 100 KB and some. */
const MAX_PAGE_BYTES = 64 * 1024 * 1024;
/** What comes so soon after a watch was opened again may have happened before. */
const CATCH_UP_MS = 2000;

class Gone extends Error {}

export class KindWatch {
  readonly target: WatchTarget;
  readonly state: KindState = {
    ...{ lastHeardUs: null, isListed: false, isAbsent: false, error: null },
    ...{ lists: 0, gone: 0, reconnects: 0, changes: 0, unreadable: 0 },
  };
  readonly #options: KindWatchOptions;
  #revision: string | null = null;
  #failures = 0;
  /** 410s in a row, without a line in between: each costs a list of everything. */
  #goneInRow = 0;

  constructor(target: WatchTarget, options: KindWatchOptions) {
    this.target = target;
    this.#options = options;
  }

  /** Until the signal; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const waitMs = await this.#turn(signal);
      if (waitMs > 0) await delay(waitMs, null, { signal, ref: false }).catch(() => null);
    }
  }

  /** Lists if it must, then watches until that ends. Answers how long to wait before the next turn. */
  async #turn(signal: AbortSignal): Promise<number> {
    try {
      if (this.#revision === null) this.#revision = await this.#list(signal);
      const before = this.state.changes;
      const startedMs = this.#options.nowMs();
      await this.#watch(this.#revision, signal);
      this.state.reconnects += 1;
      const hasWorked =
        this.state.changes > before ||
        this.#options.nowMs() - startedMs > this.#options.minBackoffMs;
      this.#failures = hasWorked ? 0 : this.#failures + 1;
      this.state.error = null;
      return hasWorked ? 0 : this.#backoffMs();
    } catch (error) {
      return signal.aborted ? 0 : this.#failed(error);
    }
  }

  #failed(error: unknown): number {
    if (error instanceof Gone) {
      this.#goneInRow += 1;
      this.state.gone += 1;
      this.#revision = null;
      return this.#backoffMs();
    }
    if (isNotServed(this.target, error)) return this.#absent();
    this.#failures += 1;
    this.state.reconnects += 1;
    this.state.error = error instanceof Error ? error.message : String(error);
    if (!(error instanceof KubeStatusError)) return this.#backoffMs();
    // Tokens are replaced and certificates rotated: perhaps there are newer ones.
    if (error.status === 401) this.#options.access.reset();
    return Math.max(error.retryAfterMs ?? 0, this.#backoffMs());
  }

  /** What was known of it is gone with its definition. */
  #absent(): number {
    const { sink, nowMs, absentMs, random } = this.#options;
    if (!this.state.isAbsent && this.state.isListed) {
      const atUs = nowMs() * 1000;
      sink.listBegins(this.target, this.state.lastHeardUs);
      sink.listEnds(this.target, atUs);
    }
    this.#revision = null;
    this.state.isAbsent = true;
    this.state.isListed = false;
    this.state.error = null;
    return absentMs * (0.5 + random() / 2);
  }

  /** Doubles with each failure in a row, and differs from one collector to the next. */
  #backoffMs(): number {
    const { minBackoffMs, maxBackoffMs, random } = this.#options;
    const failures = this.#failures + this.#goneInRow;
    const full = Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.max(0, failures - 1));
    return full * (0.5 + random() / 2);
  }

  /** Answers the revision from which to watch. */
  async #list(signal: AbortSignal): Promise<string> {
    const { sink, pageSize, nowMs, access, idleMs } = this.#options;
    sink.listBegins(this.target, this.state.lastHeardUs);
    let next = '';
    for (;;) {
      const place = { limit: String(pageSize), ...(next === '' ? {} : { continue: next }) };
      const query = { ...this.target.query, ...place };
      const body = await this.#asking(access.get(this.target.path, query, signal));
      const page = readPage(
        this.target.kind,
        await textOf(body, { maxBytes: MAX_PAGE_BYTES, idleMs }),
      );
      for (const each of page.objects) if (each.object === null) this.#unreadable(each);
      sink.listed(this.target, page.objects, nowMs() * 1000);
      next = page.next;
      if (next !== '') continue;
      const atUs = nowMs() * 1000;
      sink.listEnds(this.target, atUs);
      this.state.lists += 1;
      this.state.isListed = true;
      this.state.isAbsent = false;
      this.state.lastHeardUs = atUs;
      this.state.error = null;
      this.#failures = 0;
      return page.revision;
    }
  }

  async #watch(revision: string, signal: AbortSignal): Promise<void> {
    const { access, idleMs, nowMs, watchSeconds, random } = this.#options;
    const seconds = Math.ceil(watchSeconds * (1 + random() / 2));
    const heardBeforeUs = this.state.lastHeardUs ?? 0;
    const body = await this.#asking(
      access.get(
        this.target.path,
        {
          ...this.target.query,
          ...{ watch: '1', allowWatchBookmarks: 'true', resourceVersion: revision },
          timeoutSeconds: String(seconds),
        },
        signal,
      ),
    );
    this.state.error = null;
    const openedMs = nowMs();
    for await (const line of linesOf(body, { maxLineBytes: MAX_LINE_BYTES, idleMs })) {
      const atMs = nowMs();
      const isLate = atMs - openedMs < CATCH_UP_MS;
      this.#take(line, { atUs: atMs * 1000, earliestUs: isLate ? heardBeforeUs : atMs * 1000 });
      this.#failures = 0;
      this.#goneInRow = 0;
    }
    // Ended in order: until now nothing was missed.
    this.state.lastHeardUs = nowMs() * 1000;
  }

  #take(line: string, told: { atUs: number; earliestUs: number }): void {
    const { sink } = this.#options;
    const event = readEvent(line);
    if (event.type === 'ERROR') throw errorOf(event.object);
    const read = readObject(this.target.kind, event.object);
    this.state.lastHeardUs = told.atUs;
    if (event.type !== 'BOOKMARK') {
      this.state.changes += 1;
      if (event.type === 'DELETED' && read.key !== null) sink.removed(read.key, told);
      else if (read.object === null) this.#unreadable(read);
      else sink.changed(read.object, read.revision, told);
    }
    if (read.revision !== '') this.#revision = read.revision;
  }

  #unreadable({ key, ...read }: ReadObject): void {
    this.state.unreadable += 1;
    if (read.object === null) this.#options.sink.unreadable(this.target.kind, key, read.problem);
  }

  async #asking<T>(answer: Promise<T>): Promise<T> {
    return answer.catch((error: unknown) => {
      if (error instanceof KubeStatusError && error.status === 410) throw new Gone(error.message);
      throw error;
    });
  }
}

function isNotServed({ isOptional, mayBeForbidden }: WatchTarget, error: unknown): boolean {
  if (!(error instanceof KubeStatusError)) return false;
  return (isOptional && error.status === 404) || (mayBeForbidden && error.status === 403);
}

interface Page {
  readonly objects: readonly ReadObject[];
  readonly revision: string;
  readonly next: string;
}

function readPage(kind: WatchedKind, text: string): Page {
  const page: unknown = JSON.parse(text);
  const items: unknown = Reflect.get(Object(page), 'items');
  const metadata: unknown = Reflect.get(Object(page), 'metadata');
  const revision: unknown = Reflect.get(Object(metadata), 'resourceVersion');
  const next: unknown = Reflect.get(Object(metadata), 'continue');
  if (typeof revision !== 'string' || revision === '')
    throw new Error(`the list of ${kind} objects has no resourceVersion`);
  // An empty list may be written as null.
  const listed: readonly unknown[] = Array.isArray(items) ? items : [];
  return {
    objects: listed.map((item) => readObject(kind, item)),
    revision,
    next: typeof next === 'string' ? next : '',
  };
}

/** A line that cannot be read was a change that nobody knows: everything has to be listed again. */
function readEvent(line: string): { readonly type: string; readonly object: unknown } {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    throw new Gone('a line of the watch is no JSON');
  }
  const type: unknown = Reflect.get(Object(event), 'type');
  if (typeof type !== 'string') throw new Gone('a line of the watch has no type');
  return { type, object: Reflect.get(Object(event), 'object') };
}

/** `{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old resource version: 5 (90)"}}` */
function errorOf(status: unknown): Error {
  const code: unknown = Reflect.get(Object(status), 'code');
  const message: unknown = Reflect.get(Object(status), 'message');
  const text = typeof message === 'string' ? message.slice(0, 300) : '';
  if (code === 410) return new Gone(text);
  return new KubeStatusError(typeof code === 'number' ? code : 0, text);
}
