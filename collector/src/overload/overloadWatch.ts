/**
 * When paths are shed, and at which rate. The rate is 1/2^k; k rises while the collector is behind and does not catch
 * up, and falls only after it has been well ahead for a while.
 *
 *   pressure   0 ──────── 2/3 ──────── 1 ──────►
 *   k            falls          stays     rises, unless what waits becomes less
 */
import type { FastifyBaseLogger } from 'fastify';

const MAX_EXPONENT = 10;
const CALM = 2 / 3;
/** Between two steps up, and at least one insert: what a step brought is seen by then. */
const RAISE_EVERY_MS = 1000;
/** So long has it to be calm for a step down; twice as long after each step down that did not hold. */
const HOLD_MS = 10_000;
const MAX_HOLD_MS = 240_000;
/** Of the room for paths of groups that had to be let go. */
const LEFT_MARK = 0.4;

export interface OverloadMarks {
  readonly isOn: boolean;
  /** How long a path may wait to be written. */
  readonly lagMs: number;
  /** Share of the log that may be used. */
  readonly logShare: number;
}

export interface OverloadSigns {
  /** How long the oldest group with news waits to be reconstructed. */
  readonly lagMs: number;
  /** Used of the room for paths of groups that were let go. */
  readonly leftShare: number;
  readonly logShare: number;
  /** Groups and paths that wait to be written. */
  readonly waiting: number;
  /** Inserts of paths that have ended since the start. */
  readonly writes: number;
}

export interface OverloadOptions {
  readonly marks: OverloadMarks;
  readonly nowMs: () => number;
  readonly log: Pick<FastifyBaseLogger, 'info' | 'warn'>;
  /** Paths shed since the start. */
  readonly shedPaths: () => number;
}

export class OverloadWatch {
  readonly #options: OverloadOptions;
  #exponent = 0;
  #waitingAtStep = 0;
  #raisedMs = Number.NEGATIVE_INFINITY;
  #writesAtStep = -1;
  #loweredMs = Number.NEGATIVE_INFINITY;
  #calmSinceMs: number | null = null;
  #holdMs = HOLD_MS;
  #failedMs = Number.NEGATIVE_INFINITY;
  #begin = { ms: 0, shed: 0 };

  constructor(options: OverloadOptions) {
    this.#options = options;
  }

  /** k of the rate 1/2^k. */
  get exponent(): number {
    return this.#exponent;
  }

  get warnings(): readonly string[] {
    if (this.#exponent === 0) return [];
    return [
      `overload: one in ${2 ** this.#exponent} plain served paths is stored, and stands for the others (weight); refusals and extra hops are all stored`,
    ];
  }

  /** The store does not answer: waiting for it is no overload, and what waited meanwhile is none when it is back. */
  storeFailed(): void {
    this.#failedMs = this.#options.nowMs();
  }

  /** Call some times a second. */
  look(signs: OverloadSigns): void {
    const { marks, nowMs } = this.#options;
    if (!marks.isOn) return;
    const now = nowMs();
    const lagMs = Math.min(signs.lagMs, now - this.#failedMs);
    const pressure = Math.max(
      ...[lagMs / marks.lagMs, signs.leftShare / LEFT_MARK, signs.logShare / marks.logShare],
    );
    if (pressure >= CALM) this.#calmSinceMs = null;
    else this.#calmSinceMs ??= now;
    if (pressure >= 1) this.#raise(pressure, signs, now);
    else this.#lower(now);
  }

  #raise(pressure: number, { writes, waiting }: OverloadSigns, now: number): void {
    if (now - this.#raisedMs < RAISE_EVERY_MS || writes === this.#writesAtStep) return;
    this.#writesAtStep = writes;
    const isFalling = this.#exponent > 0 && waiting < this.#waitingAtStep;
    this.#waitingAtStep = waiting;
    this.#raisedMs = now;
    if (isFalling || this.#exponent >= MAX_EXPONENT) return;
    const { log, shedPaths } = this.#options;
    if (this.#exponent === 0) {
      this.#begin = { ms: now, shed: shedPaths() };
      log.warn(
        { pressure: Math.round(pressure * 100) / 100 },
        'overload: of plain served paths not all are stored from now on, those that are carry weights',
      );
    } else if (now - this.#loweredMs < 2 * this.#holdMs)
      this.#holdMs = Math.min(MAX_HOLD_MS, this.#holdMs * 2);
    this.#exponent += 1;
  }

  #lower(now: number): void {
    const isCalm = this.#calmSinceMs !== null && now - this.#calmSinceMs >= this.#holdMs;
    if (this.#exponent === 0 || !isCalm) return;
    this.#exponent -= 1;
    this.#loweredMs = now;
    this.#calmSinceMs = now;
    if (this.#exponent > 0) return;
    this.#holdMs = HOLD_MS;
    const seconds = Math.round((now - this.#begin.ms) / 1000);
    const shed = this.#options.shedPaths() - this.#begin.shed;
    this.#options.log.info({ seconds, shed }, 'overload is over: all paths are stored again');
  }
}
