/** The envelope: version first, so that a newer agent gets the one answer that helps, then the schema. */
import { type Envelope, envelopeSchema, SCHEMA_VERSION } from '@hoptrace/domain/wire/v1.ts';
import type { RefusedBatch } from './batch.ts';
import { problemsOf, showValue } from './zodProblems.ts';

export type EnvelopeResult = { readonly envelope: Envelope } | { readonly refused: RefusedBatch };

/** `line` is given where the envelope stood on a line of its own (NDJSON). */
export function parseEnvelope(raw: unknown, line?: number): EnvelopeResult {
  const at = line === undefined ? {} : { line };
  const version = fieldOf(raw, 'schemaVersion');
  if (version !== undefined && version !== SCHEMA_VERSION) {
    return refuse(raw, 'HOP_SCHEMA_VERSION_UNKNOWN', `schemaVersion ${showValue(version)}`, [
      {
        reason: 'schemaVersion',
        field: 'schemaVersion',
        text: `${showValue(version)} is unknown`,
        remedy: `this collector reads version ${SCHEMA_VERSION}; send that or upgrade the collector`,
        value: showValue(version),
        ...at,
      },
    ]);
  }
  const parsed = envelopeSchema.safeParse(raw);
  if (parsed.success) return { envelope: parsed.data };
  const problems = problemsOf(parsed.error, raw).map((problem) => ({
    ...problem,
    reason: problem.field === 'count' ? ('tooLarge' as const) : ('envelope' as const),
    ...at,
  }));
  return refuse(raw, 'HOP_ENVELOPE_INVALID', 'the envelope does not satisfy its schema', problems);
}

function refuse(
  raw: unknown,
  code: RefusedBatch['code'],
  detail: string,
  problems: RefusedBatch['problems'],
): EnvelopeResult {
  return { refused: { code, firstSeq: firstSeqOf(raw), detail, problems } };
}

/** firstSeq of an envelope that need not be valid otherwise; null where it cannot be read. */
export function firstSeqOf(raw: unknown): number | null {
  const value = fieldOf(raw, 'firstSeq');
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : null;
}

function fieldOf(raw: unknown, name: string): unknown {
  return typeof raw === 'object' && raw !== null ? Reflect.get(raw, name) : undefined;
}
