/** Every error that the collector answers or dies of. docs/errors.md is written from this table. */

interface ErrorRow {
  readonly status: number;
  readonly title: string;
}

/** Status 0: fatal at start, never answered over HTTP. */
export const ERRORS = {
  HOP_CONFIG_INVALID: { status: 0, title: 'a setting is not valid' },
  HOP_TOKEN_REQUIRED: { status: 0, title: 'a token is required beyond loopback' },
  HOP_TOPOLOGY_INVALID: { status: 400, title: 'the topology is not valid' },
  HOP_LOG_LOCKED: { status: 0, title: 'the log belongs to a running collector' },
  HOP_LOG_UNUSABLE: { status: 0, title: 'the log cannot be kept' },
  HOP_PORT_IN_USE: { status: 0, title: 'the port is taken' },
  HOP_REQUEST_INVALID: { status: 400, title: 'the request is not valid' },
  HOP_BODY_ENCODING_INVALID: { status: 400, title: 'the compressed body cannot be read' },
  HOP_BATCH_INVALID: { status: 400, title: 'nothing of the batch could be kept' },
  HOP_ENVELOPE_INVALID: { status: 400, title: 'the envelope is not valid' },
  HOP_SCHEMA_VERSION_UNKNOWN: { status: 400, title: 'the schema version is unknown' },
  HOP_NODE_CHANGED: { status: 400, title: 'a connection speaks for one node' },
  HOP_UNAUTHORIZED: { status: 401, title: 'the token is missing or wrong' },
  HOP_FORBIDDEN: { status: 403, title: 'the token may not speak for this node' },
  HOP_ORIGIN_REFUSED: { status: 403, title: 'browsers may not send records' },
  HOP_NOT_FOUND: { status: 404, title: 'no such address' },
  HOP_TOPOLOGY_TOLD: { status: 409, title: 'the topology comes from elsewhere' },
  HOP_BATCH_TOO_LARGE: { status: 413, title: 'the batch is too large' },
  HOP_MEDIA_TYPE_UNSUPPORTED: { status: 415, title: 'the content type is not supported' },
  HOP_ENCODING_UNSUPPORTED: { status: 415, title: 'the content encoding is not supported' },
  HOP_UPGRADE_REQUIRED: { status: 426, title: 'this address speaks WebSocket' },
  HOP_QUOTA_EXCEEDED: { status: 429, title: 'the tenant has too many nodes' },
  HOP_RATE_LIMITED: { status: 429, title: 'the node or its tenant sends too fast' },
  HOP_QUEUE_FULL: { status: 429, title: 'the queue is full' },
  HOP_INTERNAL: { status: 500, title: 'the collector failed' },
  HOP_STORE_REFUSED: { status: 500, title: 'the store refused the records' },
  HOP_STORE_UNAVAILABLE: { status: 503, title: 'the store does not answer' },
  HOP_LOG_FULL: { status: 503, title: 'the log has no room' },
  HOP_CLOSING: { status: 503, title: 'the collector is shutting down' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** What is wrong with one field. `line` counts from 1 (NDJSON); `value` is the refused value as JSON, cut short. */
export interface FieldProblem {
  readonly field: string;
  readonly text: string;
  readonly remedy: string;
  readonly line?: number;
  readonly value?: string;
}

interface AppErrorOptions {
  readonly problems?: readonly FieldProblem[];
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly problems: readonly FieldProblem[];
  readonly retryAfterSeconds: number | null;

  constructor(code: ErrorCode, detail: string, options: AppErrorOptions = {}) {
    super(detail, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.problems = options.problems ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }
}

/** RFC 9457 problem details (domain/src/rest/queries.ts, problemSchema). */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly errors?: readonly FieldProblem[];
}

/** The answer body for an error. Start errors have no place in HTTP and become 500. */
export function problemDocument(error: AppError): ProblemDocument {
  const row = ERRORS[error.code];
  return {
    type: `urn:hoptrace:error:${error.code}`,
    title: row.title,
    status: row.status === 0 ? 500 : row.status,
    code: error.code,
    detail: error.message,
    ...(error.problems.length > 0 ? { errors: error.problems } : {}),
  };
}

/** One line for a terminal: what failed, then each field with its remedy. */
export function describeError(error: AppError): string {
  const problems = error.problems.map((each) => `\n  ${each.field}: ${each.text} (${each.remedy})`);
  return `${error.code}: ${error.message}${problems.join('')}`;
}
