/** Logs when ClickHouse goes away and when it is back: one line each, not one per try. */
import type { FastifyBaseLogger } from 'fastify';

export class StoreWatch {
  readonly #log: FastifyBaseLogger;
  #isUp = true;
  #failures = 0;

  constructor(log: FastifyBaseLogger) {
    this.#log = log;
  }

  failed(error: unknown): void {
    this.#failures += 1;
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#log.warn({ err: error }, 'insert failed; batches wait unacknowledged');
  }

  succeeded(): void {
    if (!this.#isUp) this.#log.info({ failures: this.#failures }, 'inserts succeed again');
    this.#isUp = true;
    this.#failures = 0;
  }
}
