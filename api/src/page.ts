/** The built web page: files of one directory, index.html for client-side routes, or how to build it. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from './errors.ts';

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>hoptrace: the page is not built</title>
<h1>The page is not built yet</h1>
<p>The API works; only the web page is missing. Build it in the hoptrace checkout, then reload:</p>
<pre>npm ci
npm run build:web</pre>
<p>Meanwhile: <a href="/api/docs">the API's documentation</a>,
<a href="/api/v1/paths">recent paths</a>, <a href="/readyz">what is ready</a>.</p>
</html>
`;

/** Registers the files. The directory is looked at on each request, so a page that is built later appears. */
export async function registerPage(app: FastifyInstance, webRoot: string): Promise<void> {
  await app.register(fastifyStatic, {
    root: webRoot,
    // securityHeaders.ts decides, for all answers in one place.
    cacheControl: false,
    dotfiles: 'ignore',
  });
}

/** For the readiness check: whether index.html is there. */
export async function isPageBuilt(webRoot: string): Promise<boolean> {
  return access(join(webRoot, 'index.html'), constants.R_OK).then(
    () => true,
    () => false,
  );
}

/** Answers what no route and no file answered: the page for its own routes, else a problem. */
export async function answerUnmatched(
  request: FastifyRequest,
  reply: FastifyReply,
  webRoot: string,
): Promise<FastifyReply> {
  const path = request.url.split('?')[0] ?? '';
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    reply.header('allow', 'GET, HEAD');
    throw new AppError(
      'HOP_METHOD_NOT_ALLOWED',
      `${request.method} is not possible: this API only reads. Use GET.`,
    );
  }
  if (!isPageRoute(path)) {
    throw new AppError(
      'HOP_NOT_FOUND',
      `There is nothing at ${path.slice(0, 200)}. /api/docs lists every address.`,
    );
  }
  if (await isPageBuilt(webRoot)) return reply.sendFile('index.html');
  return reply.code(503).type('text/html; charset=utf-8').send(NOT_BUILT);
}

/** A missing file (its name has an extension) must not be answered with HTML, nor may anything under /api. */
function isPageRoute(path: string): boolean {
  if (path === '/api' || path.startsWith('/api/')) return false;
  return !/\.[a-z0-9]+$/i.test(path);
}
