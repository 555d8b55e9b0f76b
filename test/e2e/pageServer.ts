/** Serves the built page with canned API answers, under the same content security policy as the API. */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const POLICY =
  "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'";

export interface Canned {
  readonly status: number;
  readonly body: unknown;
  /** Never answers. */
  readonly hangs?: boolean;
}

/** Decides on an API call; null is answered 404. */
export type Answerer = (url: URL) => Canned | null;

export interface PageServer {
  readonly origin: string;
  /** API calls so far, newest last: pathname and search. */
  readonly calls: string[];
  setAnswerer(answerer: Answerer): void;
  close(): Promise<void>;
}

export async function startPageServer(root: string): Promise<PageServer> {
  let answerer: Answerer = () => null;
  const calls: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://page');
    if (!url.pathname.startsWith('/api/')) return void sendFile(root, url, response);
    calls.push(url.pathname + url.search);
    sendCanned(answerer(url), request, response);
  });
  const port = await listen(server);
  return {
    origin: `http://127.0.0.1:${port}`,
    calls,
    setAnswerer: (next) => {
      answerer = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function sendCanned(canned: Canned | null, _: IncomingMessage, response: ServerResponse): void {
  if (canned?.hangs === true) return;
  const { status, body } = canned ?? { status: 404, body: notFound };
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'content-type': type });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

const notFound = {
  type: 'about:blank',
  title: 'Not found',
  status: 404,
  code: 'HOP_NOT_FOUND',
  detail: 'There is nothing here.',
};

async function sendFile(root: string, url: URL, response: ServerResponse): Promise<void> {
  const isRoute = extname(url.pathname) === '';
  const name = isRoute ? '/index.html' : url.pathname;
  const content = await readFile(join(root, name)).catch(() => null);
  if (content === null) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {
    'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
    'content-security-policy': POLICY,
  });
  response.end(content);
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('no port'));
      else resolve(address.port);
    });
  });
}
