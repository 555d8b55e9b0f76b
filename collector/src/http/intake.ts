/** What both roads share: parse, count, store, and the words for the sender. */
import type { Envelope } from '@hoptrace/domain/wire/v1.ts';
import type { AppError } from '../errors.ts';
import type { CheckContext, ParsedBatch, ParseResult, RecordProblem } from '../ingest/batch.ts';
import type { DurableIntake } from '../ingest/durableIntake.ts';
import type { IngestPipeline, StoreOutcome } from '../ingest/pipeline.ts';
import type { Receipt } from '../ingest/receipt.ts';
import type { ScannedBatch } from '../ingest/scanBatch.ts';
import type { Metrics } from '../metrics.ts';
import { refusedError } from './answers.ts';
import type { Gate } from './gate.ts';

export type Road = 'ws' | 'http';

export interface Intake {
  readonly pipeline: IngestPipeline;
  readonly metrics: Metrics;
  readonly gate: Gate;
  readonly checkContext: () => CheckContext;
  /** Records of this batch are refused: nobody will ever know what they told. */
  readonly onRefused: (envelope: Envelope, count: number) => void;
  /** Null without a log, and before the log is open. */
  readonly durable: () => DurableIntake | null;
}

/** `raw`: the bytes as received, where they are the binary form; a scanned batch is nothing without them. */
export type LogRequest = { readonly road: Road; readonly isMoved?: boolean } & (
  | { readonly batch: ScannedBatch; readonly raw: Uint8Array }
  | { readonly batch: ParsedBatch; readonly raw: Uint8Array | null }
);

type ScannedRequest = Extract<LogRequest, { batch: ScannedBatch }>;

function isScanned(request: LogRequest): request is ScannedRequest {
  return 'first' in request.batch;
}

/** Puts an accepted batch into the log and counts the answer. Rejects with HOP_CLOSING. */
export async function logBatch(
  intake: Intake,
  durable: DurableIntake,
  request: LogRequest,
): Promise<Receipt> {
  try {
    const receipt = await (isScanned(request)
      ? durable.acceptScanned(request.batch, request.raw, request.isMoved)
      : durable.accept(request.batch, request.raw, request.isMoved));
    intake.metrics.duplicates.inc(receipt.duplicates);
    intake.metrics.batches.inc({ road: request.road, result: 'durable' });
    return receipt;
  } catch (error) {
    intake.metrics.batches.inc({ road: request.road, result: 'failed' });
    throw error;
  }
}

/** Counts the problems of a parsed batch; throws (as AppError) what was refused whole. */
export function acceptParsed(intake: Intake, result: ParseResult, road: Road): ParsedBatch {
  const problems = 'refused' in result ? result.refused.problems : result.batch.problems;
  countRefused(intake.metrics, problems);
  if ('batch' in result) {
    if (problems.length > 0) intake.onRefused(result.batch.envelope, problems.length);
    return result.batch;
  }
  intake.metrics.batches.inc({ road, result: 'refused' });
  throw refusedError(result.refused);
}

/** Stores an accepted batch and counts the answer. Rejects as the pipeline does. */
export async function storeBatch(
  intake: Intake,
  batch: ParsedBatch,
  road: Road,
): Promise<StoreOutcome> {
  try {
    const outcome = await intake.pipeline.submit(batch);
    intake.metrics.batches.inc({ road, result: 'stored' });
    return outcome;
  } catch (error) {
    intake.metrics.batches.inc({ road, result: 'failed' });
    throw error;
  }
}

export function countRefused(metrics: Metrics, problems: readonly RecordProblem[]): void {
  for (const { reason } of problems) metrics.refused.inc({ reason });
}

/** A batch that is too large is refused before anything in it is known. */
export function countTooLarge(intake: Intake, road: Road, error: AppError): AppError {
  intake.metrics.refused.inc({ reason: 'tooLarge' });
  intake.metrics.batches.inc({ road, result: 'refused' });
  return error;
}
