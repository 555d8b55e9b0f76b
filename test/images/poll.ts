/** Waits for a state by looking, with a limit that a busy machine does not reach. */
import { setTimeout as sleep } from 'node:timers/promises';

const LIMIT_MS = 180_000;
const STEP_MS = 250;

/** Resolves with the first value that is not undefined. Throws with what `describe` tells where none comes. */
export async function until<T>(
  look: () => Promise<T | undefined>,
  describe: () => Promise<string> | string,
): Promise<T> {
  const deadlineMs = Date.now() + LIMIT_MS;
  while (Date.now() < deadlineMs) {
    const value = await look();
    if (value !== undefined) return value;
    await sleep(STEP_MS);
  }
  throw new Error(`not within ${LIMIT_MS / 1000} s: ${await describe()}`);
}

export function expectThat(isTrue: boolean, what: string, seen: unknown): void {
  if (isTrue) return;
  const text = typeof seen === 'string' ? seen : JSON.stringify(seen);
  throw new Error(`${what}, but: ${text.slice(0, 2_000)}`);
}
