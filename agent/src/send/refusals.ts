/** What the collector refused: counted, and said once. */
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Batch } from '../spool/outbox.ts';
import type { FieldProblem } from './answers.ts';

export class Refusals {
  readonly #metrics: Metrics;
  readonly #log: Log;
  #isLogged = false;

  constructor({ metrics, log }: { readonly metrics: Metrics; readonly log: Log }) {
    this.#metrics = metrics;
    this.#log = log;
  }

  /** Some records of a batch that was taken. */
  notePart(batch: Batch, problems: readonly FieldProblem[]): void {
    const refused = Math.min(problems.length, batch.count);
    this.#metrics.storedRecordsTotal -= refused;
    this.#metrics.refusedRecordsTotal += refused;
    if (refused > 0) this.#say(batch.firstSeq, problems);
  }

  noteWhole(batch: Batch, problems: readonly FieldProblem[]): void {
    this.#metrics.refusedRecordsTotal += batch.count;
    this.#say(batch.firstSeq, problems);
  }

  /** Once: a collector that refuses one batch mostly refuses all. The counter tells the rest. */
  #say(firstSeq: number, problems: readonly FieldProblem[]): void {
    if (this.#isLogged) return;
    this.#isLogged = true;
    const { field = '', text = '', remedy = '' } = problems[0] ?? {};
    this.#log('error', 'collector refused records', { firstSeq, field, text, remedy });
  }
}
