/** Everything that the API answers instead of a result. docs/errors.md follows this table. */
import type { Problem } from '@hoptrace/domain/rest/queries.ts';

export interface ErrorEntry {
  readonly status: number;
  readonly title: string;
}

/** Status 0: fatal at start, never answered over HTTP. */
export const ERRORS = {
  HOP_CONFIG_INVALID: { status: 0, title: 'A setting is not valid' },
  HOP_TOKEN_REQUIRED: { status: 0, title: 'A token is required beyond loopback' },
  HOP_PORT_IN_USE: { status: 0, title: 'The port is taken' },
  HOP_PARAMETER_UNKNOWN: { status: 400, title: 'Unknown parameter' },
  HOP_PARAMETER_INVALID: { status: 400, title: 'Bad parameter' },
  HOP_CURSOR_INVALID: { status: 400, title: 'Bad cursor' },
  HOP_REQUEST_INVALID: { status: 400, title: 'Malformed request' },
  HOP_UNAUTHORIZED: { status: 401, title: 'Bearer token missing or wrong' },
  HOP_FORBIDDEN: { status: 403, title: 'The token does not allow this' },
  HOP_ORIGIN_REFUSED: { status: 403, title: 'Pages from elsewhere may not connect' },
  HOP_FORBIDDEN_PATH: { status: 403, title: 'File path refused' },
  HOP_PATH_NOT_FOUND: { status: 404, title: 'No such path' },
  HOP_INCIDENT_NOT_FOUND: { status: 404, title: 'No such incident' },
  HOP_SILENCE_NOT_FOUND: { status: 404, title: 'No such silence' },
  HOP_NOT_FOUND: { status: 404, title: 'No such address' },
  HOP_METHOD_NOT_ALLOWED: { status: 405, title: 'Method not allowed' },
  HOP_REQUEST_TIMEOUT: { status: 408, title: 'Request too slow' },
  HOP_BODY_TOO_LARGE: { status: 413, title: 'Request body too large' },
  HOP_HOST_REFUSED: { status: 421, title: 'Host name not served here' },
  HOP_UPGRADE_REQUIRED: { status: 426, title: 'This address speaks WebSocket' },
  HOP_RATE_LIMITED: { status: 429, title: 'Too many requests' },
  HOP_HEADERS_TOO_LARGE: { status: 431, title: 'Request headers too large' },
  HOP_CALLER_GONE: { status: 499, title: 'Caller went away' },
  HOP_INTERNAL: { status: 500, title: 'Internal error' },
  HOP_BUSY: { status: 503, title: 'Too many queries at once' },
  HOP_STORE_UNAVAILABLE: { status: 503, title: 'Store does not answer' },
  HOP_STORE_TIMEOUT: { status: 504, title: 'Query took too long' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;
export type FieldError = NonNullable<Problem['errors']>[number];

/** One line for a terminal: the code, what failed, then each field with its remedy. */
export function describeError(error: AppError): string {
  const lines = error.errors.map((each) => `\n  ${each.field} ${each.text} ${each.remedy}`);
  return `${error.code}: ${error.message}${lines.join('')}`;
}

export interface AppErrorOptions {
  readonly errors?: readonly FieldError[];
  readonly cause?: unknown;
  /** Answered as Retry-After. */
  readonly retryAfterSeconds?: number;
}

/** An error with a place in the table. `message` is shown to callers below 500 and only logged from 500 on. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly statusCode: number;
  readonly errors: readonly FieldError[];
  readonly retryAfterSeconds: number | null;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.statusCode = ERRORS[code].status === 0 ? 500 : ERRORS[code].status;
    this.errors = options.errors ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }
}
