/** What went wrong between us and ClickHouse, and whether trying again can help. */
import { ClickHouseError } from '@clickhouse/client';
import type { ClusterForm } from './cluster/form.ts';
import { StoreError } from './errors.ts';

/** ClickHouse error codes that depend on what was sent, not on the moment: a retry fails the same way. */
const CAUSED_BY_INPUT = new Set([
  '6', // CANNOT_PARSE_TEXT
  '26', // CANNOT_PARSE_QUOTED_STRING
  '27', // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  '33', // CANNOT_READ_ALL_DATA
  '38', // CANNOT_PARSE_DATE
  '41', // CANNOT_PARSE_DATETIME
  '43', // ILLEGAL_TYPE_OF_ARGUMENT
  '53', // TYPE_MISMATCH
  '62', // SYNTAX_ERROR
  '69', // ARGUMENT_OUT_OF_BOUND
  '70', // CANNOT_CONVERT_TYPE
  '72', // CANNOT_PARSE_NUMBER
  '117', // INCORRECT_DATA
  '130', // CANNOT_READ_ARRAY_FROM_TEXT
  '349', // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
  '441', // CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING
  '457', // BAD_QUERY_PARAMETER
  '675', // CANNOT_PARSE_IPV4
  '676', // CANNOT_PARSE_IPV6
  '691', // UNKNOWN_ELEMENT_OF_ENUM
]);

/** One server of a cluster told that another one does not answer. */
const SHARD_GONE = new Set([
  '32', // ATTEMPT_TO_READ_AFTER_EOF
  '209', // SOCKET_TIMEOUT
  '210', // NETWORK_ERROR
  '279', // ALL_CONNECTION_TRIES_FAILED
  '369', // ALL_REPLICAS_ARE_STALE
]);

const ABORTED = 'The user aborted a request.';

/** Wrong schema, user or database: only an operator can mend it; data must wait, so a retry is right. */
const NEEDS_OPERATOR: Readonly<Record<string, string>> = {
  '47': 'The table has another layout: run the migrations of this version.',
  '60': 'A table is missing: run the migrations.',
  '81': 'Create the database, or set CLICKHOUSE_DATABASE to one that exists.',
  '192': 'Check CLICKHOUSE_USER.',
  '193': 'Check CLICKHOUSE_PASSWORD.',
  '194': 'Set CLICKHOUSE_PASSWORD.',
  '497': 'Grant CLICKHOUSE_USER what the message names.',
  '516': 'Check CLICKHOUSE_USER and CLICKHOUSE_PASSWORD.',
};

/** Keeps a StoreError and an abort as they are; turns everything else into a StoreError. */
export function toStoreError(
  error: unknown,
  call: {
    readonly name: string;
    readonly url: string;
    readonly cluster?: ClusterForm | undefined;
  },
): unknown {
  if (error instanceof StoreError || isAbort(error)) return error;
  if (error instanceof ClickHouseError) return refusalOf(error, call);
  const reason = error instanceof Error ? reasonOf(error) : String(error);
  return new StoreError(
    'HOP_STORE_UNREACHABLE',
    `ClickHouse at ${call.url} does not answer (${call.name}): ${reason}`,
    {
      field: 'CLICKHOUSE_URL',
      remedy: 'Check that ClickHouse runs and that CLICKHOUSE_URL names its HTTP port.',
      isRetryable: true,
      cause: error,
    },
  );
}

function refusalOf(
  error: ClickHouseError,
  call: { readonly name: string; readonly cluster?: ClusterForm | undefined },
): StoreError {
  const text = `ClickHouse refused ${call.name}: ${error.message} (${error.type ?? 'code'} ${error.code})`;
  if (CAUSED_BY_INPUT.has(error.code)) {
    return new StoreError('HOP_STORE_ROW', text, {
      remedy: 'The data or parameters are at fault; a retry does not help.',
      cause: error,
    });
  }
  const remedy = NEEDS_OPERATOR[error.code];
  if (remedy !== undefined) {
    return new StoreError('HOP_STORE_REFUSED', text, { remedy, isRetryable: true, cause: error });
  }
  if (call.cluster !== undefined && SHARD_GONE.has(error.code)) {
    return new StoreError('HOP_STORE_SHARD', `A shard is missing. ${text}`, {
      remedy:
        '`hoptrace store status` names it. Until it is back inserts wait, and no smaller answer is given.',
      isRetryable: true,
      cause: error,
    });
  }
  return new StoreError('HOP_STORE_BUSY', text, {
    remedy: 'Try again; if it stays, read the log of ClickHouse.',
    isRetryable: true,
    cause: error,
  });
}

/** An AggregateError (both address families refused) has an empty message of its own. */
function reasonOf(error: Error): string {
  const inner = error instanceof AggregateError ? error.errors : [];
  return error.message || inner.map(String).join('; ') || error.name;
}

/** The client rejects with a plain Error when the signal aborts; a signal that was aborted before, with AbortError. */
const isAbort = (error: unknown) =>
  typeof error === 'object' &&
  error !== null &&
  'name' in error &&
  (error.name === 'AbortError' || ('message' in error && error.message === ABORTED));
