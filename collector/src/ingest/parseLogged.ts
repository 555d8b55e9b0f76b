/** A batch of the log back to records. It was checked before it was logged: nothing is judged a second time. */
import { decodeBatch } from '@hoptrace/domain/wire/binary.ts';
import { envelopeSchema } from '@hoptrace/domain/wire/v1.ts';
import type { LoggedBatch } from '../wal/frames.ts';
import type { ParsedBatch } from './batch.ts';

/** Null where the bytes are no batch of this version: they were whole when they were logged. */
export function parseLogged({ bytes }: LoggedBatch): ParsedBatch | null {
  const split = decodeBatch(bytes);
  const envelope = envelopeSchema.safeParse(split.envelope);
  if (!envelope.success || split.problems.length > 0) return null;
  return { envelope: envelope.data, records: split.records, problems: [] };
}
