/** Who may ask: bearer tokens with roles, and the Host check that keeps DNS rebinding away from a loopback listener. */
import { timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { AppError } from './errors.ts';
import { type Grant, hashOf, includesRole, type TokenRole } from './grants.ts';

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

declare module 'fastify' {
  interface FastifyRequest {
    /** Name of the token that let the request in; null where none is asked for. */
    caller: string | null;
    /** The token's, also where it does not reach; null where none is asked for or none is known. */
    grant: Grant | null;
    /** What the caller may see; empty: all clusters. */
    clusters: readonly string[];
  }
  interface FastifyContextConfig {
    /** Least role; without: reader for GET, operator for everything else. */
    role?: TokenRole;
  }
}

export interface AccessRules {
  /** Empty: no token is asked for, which config.ts allows on loopback only. Several while one is being rotated. */
  readonly grants: readonly Grant[];
  /** null: any Host is served, because a token protects what matters. */
  readonly hosts: ReadonlySet<string> | null;
}

/** A page that a browser loaded from elsewhere can reach loopback through a name of its own; it cannot choose these. */
export function allowedHosts(listenHost: string, extra: readonly string[]): ReadonlySet<string> {
  const own = listenHost.includes(':') ? `[${listenHost}]` : listenHost;
  return new Set([...LOOPBACK_NAMES, own, ...extra].map((name) => name.toLowerCase()));
}

/** Notes the caller in the request. Throws HOP_HOST_REFUSED, HOP_UNAUTHORIZED or HOP_FORBIDDEN. */
export function requireAccess(request: FastifyRequest, rules: AccessRules): void {
  requireHost(request.headers.host, rules.hosts);
  if (rules.grants.length === 0 || !isProtected(request)) return;
  const grant = grantOf(request.headers.authorization, rules.grants);
  request.caller = grant.name;
  request.grant = grant;
  requireRole(request, grant);
  request.clusters = grant.clusters;
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
export function isProtected(request: FastifyRequest): boolean {
  const route = request.routeOptions.url ?? '';
  return isUnder('/api', route) || isUnder('/api', request.url) || route === '/metrics';
}

function isUnder(prefix: string, url: string): boolean {
  return url === prefix || url.startsWith(`${prefix}/`) || url.startsWith(`${prefix}?`);
}

function grantOf(header: string | undefined, grants: readonly Grant[]): Grant {
  const given = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
  const hash = hashOf(given ?? '');
  const grant = grants.find((each) => timingSafeEqual(each.hash, hash));
  if (given !== undefined && grant !== undefined) return grant;
  const what = given === undefined ? 'No bearer token was sent.' : 'The bearer token is wrong.';
  throw new AppError(
    'HOP_UNAUTHORIZED',
    `${what} Send "Authorization: Bearer …" with a token of HOPTRACE_API_TOKEN or HOPTRACE_API_TOKENS_FILE.`,
  );
}

function requireRole(request: FastifyRequest, { name, role }: Grant): void {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const needed = request.routeOptions.config?.role ?? (isRead ? 'reader' : 'operator');
  if (includesRole(role, needed)) return;
  throw new AppError(
    'HOP_FORBIDDEN',
    `The token "${name}" has the role ${role}; this needs ${needed}.`,
  );
}

/** Which clusters a question is about. Throws HOP_FORBIDDEN for one that the caller may not see. */
export function askedClusters(
  asked: string | undefined,
  { clusters, caller }: Pick<FastifyRequest, 'clusters' | 'caller'>,
): readonly string[] {
  if (asked === undefined) return clusters;
  if (clusters.length === 0 || clusters.includes(asked)) return [asked];
  throw new AppError(
    'HOP_FORBIDDEN',
    `The token "${caller}" does not cover the cluster ${JSON.stringify(asked.slice(0, 80))}.`,
  );
}
