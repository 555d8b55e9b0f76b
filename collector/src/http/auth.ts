/** Who may talk to the collector: bearer tokens, and no browsers. */

import { AppError } from '../errors.ts';
import type { NodeName } from '../ingest/receipt.ts';
import type { TokenBook } from './tokenBook.ts';
import { ANYONE, type Identity } from './tokens.ts';

export type Authenticate = (headers: {
  readonly authorization?: string | undefined;
  readonly origin?: string | undefined;
}) => Identity;

const REFUSALS = {
  unknown: { detail: 'the token is wrong', text: 'holds a token that is not known here' },
  revoked: { detail: 'the token is revoked', text: 'holds a token that was revoked' },
  expired: { detail: 'the token has expired', text: 'holds a token whose time is over' },
} as const;

/**
 * The check of one request; throws AppError HOP_UNAUTHORIZED or HOP_ORIGIN_REFUSED. Also where no token is asked
 * for, web pages are refused: a page of any site can open a WebSocket to loopback, and only its Origin header gives
 * it away.
 */
export function createAuthenticate(book: TokenBook): Authenticate {
  return ({ authorization, origin }) => {
    if (origin !== undefined) {
      const detail = `requests from web pages (Origin "${origin.slice(0, 100)}") are refused; agents send no Origin header`;
      throw new AppError('HOP_ORIGIN_REFUSED', detail);
    }
    if (book.isOpen) return ANYONE;
    const given = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    if (given === undefined)
      throw unauthorized(withoutToken(authorization), 'holds no bearer token');
    const found = book.identify(given);
    if ('identity' in found) return found.identity;
    const { detail, text } = REFUSALS[found.refusal];
    throw unauthorized(detail, text);
  };
}

/** What a token may not say is refused, whoever signed the rest. Null where it may. */
export function forbidden(identity: Identity, { cluster, node }: NodeName): AppError | null {
  const field =
    identity.cluster !== null && identity.cluster !== cluster
      ? 'cluster'
      : identity.node !== null && identity.node !== node
        ? 'node'
        : null;
  if (field === null) return null;
  const text = `${field === 'cluster' ? cluster : `${cluster}/${node}`}, but the token is another ${field}'s`;
  const remedy = 'use the token of this node, or correct the line of the token';
  return new AppError('HOP_FORBIDDEN', `the token may not speak for ${cluster}/${node}`, {
    problems: [{ field, text, remedy }],
  });
}

function withoutToken(header: string | undefined): string {
  return header === undefined
    ? 'this collector requires a bearer token'
    : 'the authorization header is no bearer token';
}

function unauthorized(detail: string, text: string): AppError {
  const remedy = "send 'Authorization: Bearer TOKEN' with a token of HOPTRACE_COLLECTOR_TOKEN";
  return new AppError('HOP_UNAUTHORIZED', detail, {
    problems: [{ field: 'authorization', text, remedy }],
  });
}
