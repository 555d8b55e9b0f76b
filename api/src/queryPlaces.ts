/** Places among the queries that are under way. Who finds none free waits in line, first come, first served. */
import { AppError } from './errors.ts';

const RETRY_AFTER_SECONDS = 1;

export interface PlaceLimits {
  readonly maxQueries: number;
  readonly maxWaiting: number;
}

export interface QueryPlaces {
  readonly taken: number;
  readonly waiting: number;
  /**
   * Resolves when a place is the caller's, who gives it back with free(). Throws HOP_BUSY at once where `maxWaiting`
   * wait already; rejects with the signal's reason where that fires before, and then there is nothing to give back.
   */
  take(signal: AbortSignal): Promise<void>;
  free(): void;
}

export function queryPlaces({ maxQueries, maxWaiting }: PlaceLimits): QueryPlaces {
  let taken = 0;
  const line = new Set<() => void>();

  function wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        line.delete(enter);
        reject(signal.reason);
      };
      const enter = () => {
        line.delete(enter);
        signal.removeEventListener('abort', leave);
        resolve();
      };
      signal.addEventListener('abort', leave, { once: true });
      line.add(enter);
    });
  }

  return {
    get taken() {
      return taken;
    },
    get waiting() {
      return line.size;
    },
    async take(signal) {
      signal.throwIfAborted();
      if (taken < maxQueries) {
        taken += 1;
        return;
      }
      if (line.size >= maxWaiting) {
        throw new AppError('HOP_BUSY', `${taken} queries are under way and ${line.size} wait`, {
          retryAfterSeconds: RETRY_AFTER_SECONDS,
        });
      }
      await wait(signal);
    },
    free() {
      const [next] = line;
      // The place goes from one to the other: nobody who comes just now gets in between.
      if (next === undefined) taken -= 1;
      else next();
    },
  };
}
