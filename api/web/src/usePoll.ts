import { useEffect, useRef, useState } from 'react';
import { type Answer, type Failure, isLasting } from './api.ts';

export interface Polled<T> {
  /** The last good answer for this key; null before the first. */
  readonly data: T | null;
  /** Why the last call failed; null if it did not. */
  readonly failure: Failure | null;
}

interface PollOptions {
  /** 0: ask once. */
  readonly intervalMs: number;
  /** Changes when the same thing is to be asked again at once. */
  readonly tick?: number;
}

/**
 * Asks again and again while the document is visible; the pause starts when an answer came, so that a slow API is
 * never asked twice at a time. A new key forgets the old answer.
 */
export function usePoll<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<Answer<T>>,
  { intervalMs, tick = 0 }: PollOptions,
): Polled<T> {
  const [state, setState] = useState<Polled<T> & { key: string }>({
    key,
    data: null,
    failure: null,
  });
  const latest = useRef(load);
  latest.current = load;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a tick asks for a new round of the same key
  useEffect(() => {
    const controller = new AbortController();
    const accept = (answer: Answer<T>) => {
      setState((before) => ({
        key,
        data: answer.ok ? answer.data : before.key === key ? before.data : null,
        failure: answer.ok ? null : answer.failure,
      }));
      return isWorthAsking(answer);
    };
    repeat((signal) => latest.current(signal).then(accept), intervalMs, controller.signal);
    return () => controller.abort();
  }, [key, intervalMs, tick]);
  return state.key === key ? state : { data: null, failure: null };
}

/** Whether the next round may bring something else. */
export function isWorthAsking(answer: Answer<unknown>): boolean {
  return answer.ok || !isLasting(answer.failure);
}

/** One question of a page has the API work for a fifth of the time at most, however slow the API is. */
const REST_FACTOR = 4;
const MAX_REST_MS = 60_000;

/** How long to wait after an answer that took `tookMs`: at least `intervalMs`, longer where answers are slow. */
export function restMs(intervalMs: number, tookMs: number): number {
  return Math.max(intervalMs, Math.min(MAX_REST_MS, tookMs * REST_FACTOR));
}

/** Runs a job now and, after a rest, again, until it answers false; not while the document is hidden. 0: once. */
export async function repeat(
  job: (signal: AbortSignal) => Promise<boolean>,
  intervalMs: number,
  signal: AbortSignal,
): Promise<void> {
  do {
    const startedMs = performance.now();
    // An aborted job rejects; nobody waits for it any more.
    const goOn = await job(signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
      return false;
    });
    if (!goOn || intervalMs === 0) return;
    await pause(restMs(intervalMs, performance.now() - startedMs), signal);
    await visible(signal);
  } while (!signal.aborted);
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function visible(signal: AbortSignal): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener('visibilitychange', done);
      resolve();
    };
    document.addEventListener('visibilitychange', done);
    signal.addEventListener('abort', done);
  });
}
