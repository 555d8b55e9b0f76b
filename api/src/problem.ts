/** RFC 9457 bodies from errors. From status 500 on, details go to the log and not to the caller. */
import type { Problem } from '@hoptrace/domain/rest/queries.ts';
import { AppError, ERRORS, type ErrorCode } from './errors.ts';

export const PROBLEM_TYPE = 'application/problem+json';

const FRAMEWORK_CODES: Record<string, ErrorCode> = {
  FST_ERR_HANDLER_TIMEOUT: 'HOP_STORE_TIMEOUT',
  FST_ERR_CTP_BODY_TOO_LARGE: 'HOP_BODY_TOO_LARGE',
};

const STATUS_CODES: Record<number, ErrorCode> = {
  403: 'HOP_FORBIDDEN_PATH',
  404: 'HOP_NOT_FOUND',
  408: 'HOP_REQUEST_TIMEOUT',
  413: 'HOP_BODY_TOO_LARGE',
  431: 'HOP_HEADERS_TOO_LARGE',
};

/** What callers may read about each 5xx: what happened and what to do, never which statement or host failed. */
const PUBLIC_DETAIL: Partial<Record<ErrorCode, string>> = {
  HOP_BUSY: 'All query places are taken. Try again in a moment.',
  HOP_STORE_UNAVAILABLE:
    'The store (ClickHouse) does not answer. /readyz says what is missing; the log of the API says why.',
  HOP_STORE_TIMEOUT:
    'The query did not finish in time. Ask for a shorter time range (from, to) or name a service.',
};

/** Any thrown value as an AppError: one of ours as it is, the framework's by its code or status, the rest HOP_INTERNAL. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const { code, statusCode, message } = fieldsOf(thrown);
  const known = FRAMEWORK_CODES[code];
  if (known !== undefined) return new AppError(known, message, { cause: thrown });
  if (statusCode >= 400 && statusCode < 500) {
    return new AppError(STATUS_CODES[statusCode] ?? 'HOP_REQUEST_INVALID', message, {
      cause: thrown,
    });
  }
  return new AppError('HOP_INTERNAL', message, { cause: thrown });
}

/** Reads by shape, not by `instanceof`: errors of Node itself may come from another realm. */
function fieldsOf(thrown: unknown): { code: string; statusCode: number; message: string } {
  const fields = { code: '', statusCode: 500, message: String(thrown) };
  if (typeof thrown !== 'object' || thrown === null) return fields;
  if ('code' in thrown && typeof thrown.code === 'string') fields.code = thrown.code;
  if ('statusCode' in thrown && typeof thrown.statusCode === 'number') {
    fields.statusCode = thrown.statusCode;
  }
  if ('message' in thrown && typeof thrown.message === 'string') fields.message = thrown.message;
  return fields;
}

/** The body for an error. `requestId` is named in 5xx details so that the log line can be found. */
export function problemOf(error: AppError, requestId: string): Problem {
  const { title } = ERRORS[error.code];
  const status = error.statusCode;
  const detail =
    status < 500
      ? error.message
      : `${PUBLIC_DETAIL[error.code] ?? 'The API failed to answer.'} Request id ${requestId}.`;
  return {
    type: `urn:hoptrace:error:${error.code}`,
    title,
    status,
    code: error.code,
    detail,
    ...(status < 500 && error.errors.length > 0 ? { errors: [...error.errors] } : {}),
  };
}
