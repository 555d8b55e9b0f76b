/** A batch after parsing: what is good, and what was refused and why. Both roads and both forms end here. */
import type { Envelope, WireRecord } from '@hoptrace/domain/wire/v1.ts';
import type { ErrorCode, FieldProblem } from '../errors.ts';

/** Label of the refused-records metric. */
export type RefusalReason =
  | 'envelope'
  | 'schemaVersion'
  | 'tooLarge'
  | 'node'
  | 'decode'
  | 'schema'
  | 'timeStamp'
  | 'duplicateSeq'
  | 'count'
  | 'store';

export interface RecordProblem extends FieldProblem {
  readonly reason: RefusalReason;
}

export interface ParsedBatch {
  readonly envelope: Envelope;
  readonly records: readonly WireRecord[];
  readonly problems: readonly RecordProblem[];
}

/** A batch of which nothing can be used. `firstSeq` is echoed where it could be read, for the sender to find it. */
export interface RefusedBatch {
  readonly code: ErrorCode;
  readonly firstSeq: number | null;
  readonly detail: string;
  readonly problems: readonly RecordProblem[];
}

export type ParseResult = { readonly batch: ParsedBatch } | { readonly refused: RefusedBatch };

/** What a batch is checked against besides its schema. */
export interface CheckContext {
  readonly nowUs: number;
  readonly maxClockSkewUs: number;
}
