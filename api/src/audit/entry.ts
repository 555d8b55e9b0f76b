/** From a request that asked for a change to its entry in the audit log. */
import { randomUUID } from 'node:crypto';
import type { AuditEntry } from '@hoptrace/domain/rest/audit.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What a handler changed. Documents as REST shows them. */
export interface Change {
  readonly subject: string;
  /** What it is about; empty: all clusters. */
  readonly clusters: readonly string[];
  readonly before: object | null;
  readonly after: object | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by whoever changes something. */
    change: Change | null;
    /** Code of the problem that the request is answered with. */
    problemCode: string | null;
  }
}

const HIDDEN = '(not kept)';
const SECRET_NAME = /token|secret|passw|credential|authorization|api-?key/i;
const MAX_DEPTH = 10;

/** True where the request asks for a change at an address that there is. */
export function asksForChange({ method, routeOptions }: FastifyRequest): boolean {
  return method !== 'GET' && method !== 'HEAD' && routeOptions.url !== undefined;
}

/**
 * Null for whom nobody knows (401) or who asks too often (429): a stranger shall not fill the store. These are in the
 * log of the process. Bodies of what was refused may hold anything and stay out.
 */
export function entryOf(
  request: FastifyRequest,
  reply: Pick<FastifyReply, 'statusCode'>,
  nowUs: number,
): AuditEntry | null {
  const { grant, change, problemCode, routeOptions } = request;
  const status = reply.statusCode;
  if (status === 401 || status === 429) return null;
  const isDone = status < 400;
  return {
    ...{ entryId: randomUUID(), atUs: nowUs, address: request.ip, requestId: request.id },
    caller: grant?.name ?? null,
    role: grant?.role ?? null,
    tenant: grant?.tenant ?? null,
    clusters: [...((isDone ? change?.clusters : null) ?? grant?.clusters ?? [])],
    action: routeOptions.schema?.operationId ?? `${request.method} ${routeOptions.url}`,
    subject: (isDone ? change?.subject : null) ?? firstOf(request.params),
    outcome: isDone ? 'done' : status < 500 ? 'refused' : 'failed',
    ...{ status, code: isDone ? null : problemCode },
    before: isDone ? withoutSecrets(change?.before ?? null) : null,
    after: isDone ? withoutSecrets(change?.after ?? null) : null,
  };
}

function firstOf(params: unknown): string | null {
  const [first] = Object.values(Object(params));
  return typeof first === 'string' && first !== '' ? first : null;
}

/** Values under names that speak of secrets are left out, at any depth. */
export function withoutSecrets(document: object | null): Record<string, unknown> | null {
  if (document === null) return null;
  return Object.fromEntries(
    Object.entries(document).map(([name, value]) => [name, hidden(name, value, 0)]),
  );
}

function hidden(name: string, value: unknown, depth: number): unknown {
  if (SECRET_NAME.test(name) || depth > MAX_DEPTH) return HIDDEN;
  if (Array.isArray(value)) return value.map((each) => hidden('', each, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, hidden(key, each, depth + 1)]),
  );
}
