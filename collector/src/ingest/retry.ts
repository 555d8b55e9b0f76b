/** Repeats an insert until ClickHouse has answered: what is not stored is never acknowledged. */
import { setTimeout as delay } from 'node:timers/promises';
import { isDataError } from '../collectorStore.ts';
import { AppError } from '../errors.ts';

const FIRST_DELAY_MS = 200;
/** An outage ends for the backlog when it ends: at most this later. One insert every two seconds burdens nobody. */
const MAX_DELAY_MS = 2_000;

export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

export const realSleep: Sleep = async (ms, signal) => {
  await delay(ms, undefined, { signal });
};

export interface RetryOptions {
  readonly signal: AbortSignal;
  readonly sleep: Sleep;
  readonly onFailure: (error: unknown, attempt: number) => void;
}

/**
 * Runs `operation` until it resolves, waiting 0.2 s to 2 s (with jitter) between tries. Rejects with
 * HOP_STORE_REFUSED where the data is at fault and with HOP_CLOSING once the signal is aborted.
 */
export async function retryUntilStored(
  operation: () => Promise<void>,
  { signal, sleep, onFailure }: RetryOptions,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    if (signal.aborted) throw closing();
    try {
      return await operation();
    } catch (error) {
      onFailure(error, attempt);
      if (isDataError(error)) {
        const detail = 'ClickHouse refused the rows; they were not stored';
        throw new AppError('HOP_STORE_REFUSED', detail, { cause: error });
      }
    }
    const ceilingMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
    // Jitter of a half, so that many collectors do not return to a restarted ClickHouse at once.
    await sleep(ceilingMs * (0.5 + Math.random() / 2), signal).catch(() => {
      throw closing();
    });
  }
}

function closing(): AppError {
  const detail =
    'the collector is shutting down; the records were not acknowledged, send them again';
  return new AppError('HOP_CLOSING', detail, { retryAfterSeconds: 5 });
}
