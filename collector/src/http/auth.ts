/** Who may talk to the collector: bearer tokens, and no browsers. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { AppError } from '../errors.ts';

export type Authenticate = (headers: {
  readonly authorization?: string | undefined;
  readonly origin?: string | undefined;
}) => void;

/**
 * The check of one request; throws AppError HOP_UNAUTHORIZED or HOP_ORIGIN_REFUSED. Without tokens
 * (loopback only, config.ts sees to that) everybody on this machine may send, except web pages: a page of any
 * site can open a WebSocket to loopback, and only its Origin header gives it away.
 */
export function createAuthenticate(tokens: readonly string[]): Authenticate {
  const digests = tokens.map(digestOf);
  return ({ authorization, origin }) => {
    if (origin !== undefined) {
      const detail = `requests from web pages (Origin "${origin.slice(0, 100)}") are refused; agents send no Origin header`;
      throw new AppError('HOP_ORIGIN_REFUSED', detail);
    }
    if (digests.length === 0) return;
    const given = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    if (given !== undefined && matches(given, digests)) return;
    throw new AppError('HOP_UNAUTHORIZED', unauthorizedText(authorization, given), {
      problems: [
        {
          field: 'authorization',
          text:
            given === undefined ? 'holds no bearer token' : 'holds a token that is not known here',
          remedy: "send 'Authorization: Bearer TOKEN' with a token of HOPTRACE_COLLECTOR_TOKEN",
        },
      ],
    });
  };
}

function unauthorizedText(header: string | undefined, given: string | undefined): string {
  if (header === undefined) return 'this collector requires a bearer token';
  return given === undefined ? 'the authorization header is no bearer token' : 'the token is wrong';
}

/** Digests have one length, and all are compared: neither length nor position of a match shows in time. */
function matches(given: string, digests: readonly Buffer[]): boolean {
  const digest = digestOf(given);
  return digests.reduce((isFound, each) => timingSafeEqual(each, digest) || isFound, false);
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
