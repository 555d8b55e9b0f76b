/**
 * A clock that goes slower while nothing waits: an idle node pays for each time it wakes this process (0.27 ms,
 * measured: cold caches, code that is interpreted).
 */

const BUSY_MS = 50;
const QUIET_MS = 250;

export interface PaceOptions {
  readonly tick: () => void;
  /** Asked after each tick: true where the next one may be late. */
  readonly isQuiet: () => boolean;
}

export class Pace {
  readonly #options: PaceOptions;
  #timer: NodeJS.Timeout | null = null;
  #isSlow = false;
  #isRunning = false;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  start(): void {
    this.#isRunning = true;
    this.#wait(false);
  }

  stop(): void {
    this.#isRunning = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** There is something to wait for: the next tick comes within 50 ms. Costs nothing where it does so anyway. */
  wake(): void {
    if (!this.#isSlow || !this.#isRunning) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#wait(false);
  }

  #wait(isSlow: boolean): void {
    this.#isSlow = isSlow;
    // After the poll phase: bytes that waited while this process was busy are read before time moves on.
    this.#timer = setTimeout(() => setImmediate(() => this.#tick()), isSlow ? QUIET_MS : BUSY_MS);
  }

  #tick(): void {
    if (!this.#isRunning) return;
    this.#isSlow = false;
    const { tick, isQuiet } = this.#options;
    tick();
    if (this.#isRunning) this.#wait(isQuiet());
  }
}
