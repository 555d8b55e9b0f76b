/** ETags for answers that are JSON, so that a page which asks every few seconds is sent only what is new. */
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

const HASH_LENGTH = 27;

/** An onSend hook: sets `etag`, and answers 304 where the caller has this very answer already. */
export async function answerUnchanged(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<unknown> {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (!isRead || reply.statusCode !== 200 || typeof payload !== 'string') return payload;
  if (!String(reply.getHeader('content-type') ?? '').startsWith('application/json')) return payload;
  const hash = createHash('sha256').update(payload).digest('base64url').slice(0, HASH_LENGTH);
  const etag = `"${hash}"`;
  reply.header('etag', etag);
  if (!isKnown(request.headers['if-none-match'], etag)) return payload;
  reply.code(304).removeHeader('content-type');
  reply.removeHeader('content-length');
  return '';
}

/** RFC 9110 13.1.2: compared weakly, so that a proxy which marked it weak does not spoil it. */
function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((each) => {
    const tag = each.trim();
    return tag === '*' || tag.replace(/^W\//, '') === etag;
  });
}
