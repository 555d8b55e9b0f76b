/** Who may ask: bearer token, and the Host check that keeps DNS rebinding away from a loopback listener. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { AppError } from './errors.ts';

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

export interface AccessRules {
  /** Empty: no token is asked for, which config.ts allows on loopback only. Several while one is being rotated. */
  readonly tokens: readonly string[];
  /** null: any Host is served, because a token protects what matters. */
  readonly hosts: ReadonlySet<string> | null;
}

/** A page that a browser loaded from elsewhere can reach loopback through a name of its own; it cannot choose these. */
export function allowedHosts(listenHost: string, extra: readonly string[]): ReadonlySet<string> {
  const own = listenHost.includes(':') ? `[${listenHost}]` : listenHost;
  return new Set([...LOOPBACK_NAMES, own, ...extra].map((name) => name.toLowerCase()));
}

/** Throws HOP_HOST_REFUSED or HOP_UNAUTHORIZED. */
export function requireAccess(request: FastifyRequest, rules: AccessRules): void {
  requireHost(request.headers.host, rules.hosts);
  if (rules.tokens.length > 0 && isProtected(request)) {
    requireToken(request.headers.authorization, rules.tokens);
  }
}

function requireHost(header: string | undefined, hosts: AccessRules['hosts']): void {
  if (hosts === null) return;
  const name = (header ?? '').replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase();
  if (hosts.has(name)) return;
  throw new AppError(
    'HOP_HOST_REFUSED',
    `This listener does not serve the host ${JSON.stringify((header ?? '').slice(0, 80))}. ` +
      `Use ${LOOPBACK_NAMES.join(', ')}, or add the name to HOPTRACE_API_ALLOWED_HOSTS.`,
  );
}

/** Goes by the matched route: the raw URL may spell `/api` in other ways (`/%61pi`). */
function isProtected(request: FastifyRequest): boolean {
  const route = request.routeOptions.url ?? '';
  return isUnder('/api', route) || isUnder('/api', request.url) || route === '/metrics';
}

function isUnder(prefix: string, url: string): boolean {
  return url === prefix || url.startsWith(`${prefix}/`) || url.startsWith(`${prefix}?`);
}

function requireToken(header: string | undefined, tokens: readonly string[]): void {
  const given = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
  if (given !== undefined && tokens.some((token) => isSameSecret(given, token))) return;
  const what = given === undefined ? 'No bearer token was sent.' : 'The bearer token is wrong.';
  throw new AppError(
    'HOP_UNAUTHORIZED',
    `${what} Send "Authorization: Bearer …" with the token of HOPTRACE_API_TOKEN.`,
  );
}

/** Hashing first makes both sides equally long, so that neither length nor content shows in the time. */
function isSameSecret(given: string, expected: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}
