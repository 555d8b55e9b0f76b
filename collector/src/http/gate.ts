/** Who comes through, and how fast. Shared by all roads. */
import type { Load, RateLimits } from '../ingest/rateLimits.ts';
import type { NodeName } from '../ingest/receipt.ts';
import { forbidden } from './auth.ts';
import type { TokenBook } from './tokenBook.ts';
import type { Identity } from './tokens.ts';

export class Gate {
  readonly book: TokenBook;
  readonly #limits: RateLimits;
  readonly #nowMs: () => number;

  constructor(book: TokenBook, limits: RateLimits, nowMs: () => number) {
    this.book = book;
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /** Throws HOP_FORBIDDEN or HOP_QUOTA_EXCEEDED. */
  admit(identity: Identity, node: NodeName): void {
    const error = forbidden(identity, node);
    if (error !== null) throw error;
    this.#limits.admit(senderOf(identity, node), this.#nowMs());
  }

  /** Milliseconds that this sender is over his limit; 0: he is not. */
  waitMs(identity: Identity, node: NodeName): number {
    return this.#limits.waitMs(senderOf(identity, node), this.#nowMs());
  }

  take(identity: Identity, node: NodeName, load: Load): void {
    this.#limits.take(senderOf(identity, node), load, this.#nowMs());
  }
}

function senderOf({ tenant }: Identity, { cluster, node }: NodeName) {
  return { tenant, cluster, node };
}
