import { useCallback, useEffect, useRef, useState } from 'react';
import type { Answer, Failure } from './api.ts';
import { appended, countNew, type Listed, type Page, refreshed } from './merge.ts';
import { isWorthAsking, repeat } from './usePoll.ts';

/** What a list shows, kept by its key so that coming back shows it at once. */
export interface PagesState<T extends Listed> {
  readonly key: string;
  readonly shown: Page<T> | null;
  /** A fresh first page that waits, because the viewer is reading. */
  readonly waiting: Page<T> | null;
  readonly failure: Failure | null;
  readonly updatedAtMs: number | null;
  readonly isLoadingMore: boolean;
}

export interface PagesOptions<T extends Listed> {
  readonly key: string;
  readonly fetchFirst: (signal: AbortSignal) => Promise<Answer<Page<T>>>;
  readonly fetchNext: (cursor: string, signal: AbortSignal) => Promise<Answer<Page<T>>>;
  /** 0: do not refresh. */
  readonly intervalMs: number;
  /** True while rows must not move. */
  readonly isReading: () => boolean;
  readonly remembered: PagesState<T> | null;
  readonly remember: (state: PagesState<T>) => void;
}

export interface Pages<T extends Listed> extends PagesState<T> {
  /** What is shown belongs to other filters; the answer for these is on its way. */
  readonly isStale: boolean;
  readonly waitingCount: number;
  readonly showWaiting: () => void;
  readonly loadMore: () => void;
  readonly refresh: () => void;
}

function emptyState<T extends Listed>(key: string): PagesState<T> {
  return {
    key,
    shown: null,
    waiting: null,
    failure: null,
    updatedAtMs: null,
    isLoadingMore: false,
  };
}

/** A list that refreshes its first page by itself, grows downwards by cursor and keeps still while it is read. */
export function usePages<T extends Listed>(options: PagesOptions<T>): Pages<T> {
  const { key, intervalMs, remembered } = options;
  const [state, setState] = useState<PagesState<T>>(
    remembered?.key === key ? remembered : emptyState<T>(key),
  );
  const [round, setRound] = useState(0);
  const latest = useRef(options);
  latest.current = options;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a round asks for the same key again
  useEffect(() => {
    const controller = new AbortController();
    const job = async (signal: AbortSignal) => {
      const answer = await latest.current.fetchFirst(signal);
      const isReading = latest.current.isReading();
      setState((before) => withFirst(before, key, answer, isReading));
      return isWorthAsking(answer);
    };
    repeat(job, intervalMs, controller.signal);
    return () => controller.abort();
  }, [key, intervalMs, round]);

  useEffect(() => latest.current.remember(state), [state]);

  const loadMore = useLoadMore(state, setState, latest.current.fetchNext);
  const { shown, waiting } = state;
  return {
    ...state,
    isStale: state.key !== key,
    waitingCount: waiting === null ? 0 : countNew(shown?.items ?? [], waiting.items),
    showWaiting: () => setState(withWaiting),
    loadMore,
    refresh: () => setRound((before) => before + 1),
  };
}

function useLoadMore<T extends Listed>(
  { key, shown, isLoadingMore }: PagesState<T>,
  setState: (change: (before: PagesState<T>) => PagesState<T>) => void,
  fetchNext: PagesOptions<T>['fetchNext'],
): () => void {
  const controller = useRef<AbortController | null>(null);
  useEffect(() => () => controller.current?.abort(), []);
  return useCallback(() => {
    const cursor = shown?.nextCursor ?? null;
    if (cursor === null || isLoadingMore) return;
    controller.current = new AbortController();
    setState((before) => ({ ...before, isLoadingMore: true }));
    fetchNext(cursor, controller.current.signal).then(
      (answer) => setState((before) => withNext(before, key, answer)),
      // Aborted: the list is gone.
      () => undefined,
    );
  }, [key, shown, isLoadingMore, setState, fetchNext]);
}

function withFirst<T extends Listed>(
  before: PagesState<T>,
  key: string,
  answer: Answer<Page<T>>,
  isReading: boolean,
): PagesState<T> {
  const own = before.key === key ? before : emptyState<T>(key);
  if (!answer.ok) return { ...own, failure: answer.failure };
  const current = { ...own, failure: null, updatedAtMs: Date.now() };
  if (own.shown === null) return { ...current, shown: answer.data };
  const isNews = countNew(own.shown.items, answer.data.items) > 0;
  if (isReading && isNews) return { ...current, waiting: answer.data };
  return { ...current, shown: refreshed(own.shown, answer.data), waiting: null };
}

function withNext<T extends Listed>(
  before: PagesState<T>,
  key: string,
  answer: Answer<Page<T>>,
): PagesState<T> {
  const idle = { ...before, isLoadingMore: false };
  if (before.key !== key || before.shown === null) return idle;
  if (!answer.ok) return { ...idle, failure: answer.failure };
  return { ...idle, failure: null, shown: appended(before.shown, answer.data) };
}

function withWaiting<T extends Listed>(before: PagesState<T>): PagesState<T> {
  if (before.waiting === null || before.shown === null) return before;
  return { ...before, shown: refreshed(before.shown, before.waiting), waiting: null };
}
