/** `--follow` of lists that have no stream: asked again and again; what is new or changed is printed. */
import { CliError, EXIT, type ExitCode } from './exitCodes.ts';
import { type Asking, listLines } from './output.ts';
import type { Column } from './table.ts';

const EVERY_MS = 2_000;
const LONGEST_WAIT_MS = 30_000;
const MAX_REMEMBERED = 10_000;

export interface FollowedList<T> {
  /** As it is now, in the order in which it is to be printed. */
  readonly read: () => Promise<readonly T[]>;
  readonly columns: readonly Column<T>[];
  readonly keyOf: (item: T) => string;
  /** Of what a change is news; the rest may differ unsaid. */
  readonly stateOf: (item: T) => unknown;
}

/**
 * Until Ctrl-C: 0 where something was shown, else 1. Throws CliError where the first answer is none; later ones that
 * do not come are said once and asked for again.
 */
export async function followList<T>(ask: Asking, list: FollowedList<T>): Promise<ExitCode> {
  const end = new AbortController();
  process.once('SIGINT', () => end.abort());
  process.once('SIGTERM', () => end.abort());
  const shown = new Map<string, string>();
  let waitMs = EVERY_MS;
  let hasHead = false;
  for (let isFirst = true; !end.signal.aborted; isFirst = false) {
    try {
      const news = newsOf(await list.read(), list, shown);
      if (waitMs > EVERY_MS) ask.remark('It answers again.');
      waitMs = EVERY_MS;
      print(ask, news, { columns: list.columns, withHead: !hasHead });
      hasHead ||= news.length > 0;
    } catch (error) {
      const mayPass = error instanceof CliError && error.exitCode === EXIT.unavailable;
      if (isFirst || !mayPass) throw error;
      if (waitMs === EVERY_MS) ask.remark(`${error.message} Trying on.`);
      waitMs = Math.min(LONGEST_WAIT_MS, 2 * waitMs);
    }
    await pause(waitMs, end.signal);
  }
  return shown.size > 0 ? EXIT.found : EXIT.nothing;
}

function newsOf<T>(
  items: readonly T[],
  { keyOf, stateOf }: FollowedList<T>,
  shown: Map<string, string>,
): T[] {
  const news = items.filter((item) => {
    const [key, state] = [keyOf(item), JSON.stringify(stateOf(item))];
    if (shown.get(key) === state) return false;
    // Last in order: what is still told is not the first to be forgotten.
    shown.delete(key);
    shown.set(key, state);
    return true;
  });
  const present = new Set(items.map(keyOf));
  for (const key of shown.keys()) {
    if (shown.size <= MAX_REMEMBERED) break;
    if (!present.has(key)) shown.delete(key);
  }
  return news;
}

function print<T>(
  ask: Asking,
  news: readonly T[],
  { columns, withHead }: { readonly columns: readonly Column<T>[]; readonly withHead: boolean },
): void {
  if (news.length === 0) return;
  if (ask.form === 'table' || ask.form === 'wide') {
    const lines = listLines(ask, columns, news);
    ask.say(withHead ? lines : lines.slice(1));
    return;
  }
  for (const item of news) ask.write(`${JSON.stringify(item)}\n`);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
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
