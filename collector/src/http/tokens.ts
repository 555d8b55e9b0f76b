/**
 * The tokens that open the collector, and what each of them may speak for. One a line:
 *
 *   TOKEN [tenant=NAME] [cluster=NAME] [node=NAME] [expires=2027-01-31T00:00:00Z]     # a comment
 *
 * Lines without blanks may hold several tokens, separated by commas.
 */
import { createHash } from 'node:crypto';

export const MIN_TOKEN_LENGTH = 16;
export const DEFAULT_TENANT = 'default';

/** Who sends. `cluster` and `node` null: may speak for any. */
export interface Identity {
  readonly tenant: string;
  readonly cluster: string | null;
  readonly node: string | null;
  readonly expiresMs: number;
  /** SHA-256 of the token, hex; empty where no token is needed. */
  readonly digest: string;
}

/** Of everybody, on a collector without tokens (loopback only). */
export const ANYONE: Identity = {
  ...{ tenant: DEFAULT_TENANT, cluster: null, node: null, digest: '' },
  expiresMs: Number.POSITIVE_INFINITY,
};

export class TokenLineError extends Error {}

/** Throws TokenLineError naming the line, never the token. */
export function parseTokens(text: string): Identity[] {
  return linesOf(text).flatMap(({ words, place }) => {
    const [first = '', ...claims] = words;
    const tokens = claims.length === 0 ? first.split(',').filter((each) => each !== '') : [first];
    return tokens.map((token) => identityOf(token, claims, place));
  });
}

/** Tokens, or `sha256:HEX` of them, one a line. Throws TokenLineError. */
export function parseRevoked(text: string): Set<string> {
  const digests = linesOf(text).map(({ words: [word = '', more], place }) => {
    if (more !== undefined) throw new TokenLineError(`${place} holds more than a token`);
    const [, hex] = /^sha256:([0-9a-f]{64})$/i.exec(word) ?? [];
    if (hex !== undefined) return hex.toLowerCase();
    if (word.startsWith('sha256:') || word.length < MIN_TOKEN_LENGTH)
      throw new TokenLineError(`${place} is neither a token nor sha256: and 64 hex digits`);
    return digestOf(word);
  });
  return new Set(digests);
}

export function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function linesOf(text: string): { words: string[]; place: string }[] {
  return text.split('\n').flatMap((line, index) => {
    const words = line.replace(/(^|\s)#.*$/, '').match(/\S+/g) ?? [];
    return words.length === 0 ? [] : [{ words: [...words], place: `line ${index + 1}` }];
  });
}

function identityOf(token: string, claims: readonly string[], place: string): Identity {
  if (token.length < MIN_TOKEN_LENGTH)
    throw new TokenLineError(`${place}: each token needs at least ${MIN_TOKEN_LENGTH} characters`);
  const known = new Map<string, string>();
  for (const claim of claims) {
    const [, name = '', value = ''] = /^(tenant|cluster|node|expires)=(\S+)$/.exec(claim) ?? [];
    if (name === '' || known.has(name)) {
      // Not the word itself: it may be a second token.
      const remedy = 'write tenant=, cluster=, node= or expires= once each';
      throw new TokenLineError(`${place}: what follows the token is not known; ${remedy}`);
    }
    known.set(name, value);
  }
  const expires = known.get('expires');
  const expiresMs = expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires);
  if (Number.isNaN(expiresMs))
    throw new TokenLineError(`${place}: expires= needs a time such as 2027-01-31T00:00:00Z`);
  return {
    tenant: known.get('tenant') ?? DEFAULT_TENANT,
    cluster: known.get('cluster') ?? null,
    node: known.get('node') ?? null,
    expiresMs,
    digest: digestOf(token),
  };
}
