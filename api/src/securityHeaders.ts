/** Headers that every answer carries. */
import type { FastifyReply, FastifyRequest } from 'fastify';

const DATA_CSP = "default-src 'none'; frame-ancestors 'none'";
/** Everything from this origin; React sets styles through the object model, which needs no 'unsafe-inline'. */
const PAGE_CSP = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'self'",
].join('; ');
/** swagger-ui writes style attributes into its markup. */
const DOCS_CSP = `${PAGE_CSP}; style-src 'self' 'unsafe-inline'`;

/** Vite names files under assets/ by their content, so that they never change. */
const FOREVER = 'public, max-age=31536000, immutable';
const ASK_EVERY_TIME = 'no-cache';
const NEVER_KEEP = 'no-store';
/** One user's browser may keep it, and must ask whether it is still so (ETag). */
const ASK_IF_SAME = 'private, no-cache';

/** Chosen by matched route and kind of answer. */
export function setSecurityHeaders(request: FastifyRequest, reply: FastifyReply): void {
  const route = request.routeOptions.url ?? request.url;
  const isDocs = route === '/api/docs' || route.startsWith('/api/docs/');
  const isHtml = String(reply.getHeader('content-type') ?? '').startsWith('text/html');
  // The page's own routes match no route here. "Not modified" has no type, and browsers take its headers for the kept page.
  const isUnchangedPage = request.is404 && reply.statusCode === 304;
  const isPage = route === '/*' || isHtml || isUnchangedPage;
  reply.header('content-security-policy', isDocs ? DOCS_CSP : isPage ? PAGE_CSP : DATA_CSP);
  reply.header('x-content-type-options', 'nosniff');
  reply.header('referrer-policy', 'no-referrer');
  reply.header('cross-origin-resource-policy', 'same-origin');
  reply.header('cache-control', cacheControlOf(request, reply, { isDocs, isPage }));
  reply.header('x-request-id', request.id);
}

/** Data is of one user, and asked for again each time; so are files of the page. */
function cacheControlOf(
  request: FastifyRequest,
  reply: FastifyReply,
  { isDocs, isPage }: { readonly isDocs: boolean; readonly isPage: boolean },
): string {
  if (reply.statusCode >= 400) return NEVER_KEEP;
  if (!(isDocs || isPage)) return ASK_IF_SAME;
  return isPage && request.url.startsWith('/assets/') ? FOREVER : ASK_EVERY_TIME;
}
