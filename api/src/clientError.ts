/** What is answered when bytes on a socket are no HTTP request: written by hand, for there is no reply object. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { AppError, type ErrorCode } from './errors.ts';
import { PROBLEM_TYPE, problemOf } from './problem.ts';

const CODES: Record<string, { code: ErrorCode; detail: string }> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    code: 'HOP_REQUEST_TIMEOUT',
    detail: 'The request did not arrive completely in time. Send it again.',
  },
  HPE_HEADER_OVERFLOW: {
    code: 'HOP_HEADERS_TOO_LARGE',
    detail: 'The headers exceed 16 KiB. Send fewer or shorter ones.',
  },
};
const MALFORMED = {
  code: 'HOP_REQUEST_INVALID',
  detail: 'This is no HTTP/1.1 request. This port speaks plain HTTP, without TLS.',
} as const;

export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { code, detail } = CODES[error.code ?? ''] ?? MALFORMED;
  const problem = problemOf(new AppError(code, detail), '');
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
      'connection: close',
      `content-type: ${PROBLEM_TYPE}`,
      `content-length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  );
}
