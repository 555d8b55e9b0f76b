/** What senders are told: one shape for both roads. */
import { AppError, type FieldProblem } from '../errors.ts';
import type { RecordProblem, RefusedBatch } from '../ingest/batch.ts';
import type { StoreOutcome } from '../ingest/pipeline.ts';

/** A broken exporter can make 65,536 problems of a batch; the first ones show what is wrong. */
const MAX_PROBLEMS = 100;

/** The first problems without their metric label, and one line for the rest. */
export function shownProblems(problems: readonly RecordProblem[]): FieldProblem[] {
  const shown = problems.slice(0, MAX_PROBLEMS).map(({ reason: _, ...problem }) => problem);
  const omitted = problems.length - shown.length;
  if (omitted === 0) return shown;
  const text = `${omitted} further problems are not shown`;
  return [...shown, { field: 'records', text, remedy: 'correct the ones above first' }];
}

export function refusedError({ code, detail, problems }: RefusedBatch): AppError {
  return new AppError(code, detail, { problems: shownProblems(problems) });
}

/** WebSocket: ClickHouse holds every record of the batch but those in `refused`. */
export interface StoredMessage {
  readonly type: 'stored';
  /** Only with `acks=durable`. */
  readonly bootId?: string;
  readonly firstSeq: number;
  /** envelope.count, so that the sender finds its batch. */
  readonly count: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly refused: readonly FieldProblem[];
}

/**
 * WebSocket with `acks=durable`: every record but those in `refused` is in the collector's log, fsynced. The sender
 * keeps the batch until `stored`.
 */
export interface DurableMessage {
  readonly type: 'durable';
  readonly bootId: string;
  readonly firstSeq: number;
  readonly count: number;
  readonly duplicates: number;
  readonly refused: readonly FieldProblem[];
  /** The collector's clock when the batch came and when this was sent, for the sender's estimate of the offset. */
  readonly receivedAtUs: number;
  readonly answeredAtUs: number;
}

/**
 * WebSocket with `acks=durable`: how many bytes of batches may be on their way or unacknowledged from now on.
 * 0: none, the log has no room.
 */
export interface CreditMessage {
  readonly type: 'credit';
  readonly bytes: number;
  /** Parts of an envelope that came after the credits, which older collectors refuse. */
  readonly knows: readonly string[];
}

/** WebSocket: nothing of the batch was kept, and sending it again cannot help. */
export interface RefusedMessage {
  readonly type: 'refused';
  readonly firstSeq: number | null;
  readonly code: string;
  readonly problems: readonly FieldProblem[];
}

export function storedMessage(
  envelope: { firstSeq: number; count: number },
  outcome: StoreOutcome,
  problems: readonly RecordProblem[],
): StoredMessage {
  const { firstSeq, count } = envelope;
  return { type: 'stored', firstSeq, count, ...outcome, refused: shownProblems(problems) };
}

export function refusedMessage(error: AppError, firstSeq: number | null): RefusedMessage {
  const { code, problems, message } = error;
  const fallback = { field: 'batch', text: message, remedy: 'see docs/troubleshooting' };
  return { type: 'refused', firstSeq, code, problems: problems.length > 0 ? problems : [fallback] };
}
