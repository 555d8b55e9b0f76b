/**
 * The part of a Grafana server that the plugin needs: its files, and the data proxy to the API.
 * The proxy does what Grafana's does (pkg/api/pluginproxy): it finds the route of plugin.json whose path the call
 * begins with, takes that path away, puts the route's URL in front and adds its headers, both filled from the
 * stored settings; cookies and the origin of the browser do not pass; 401 of the API becomes 400. An upgrade to a
 * WebSocket passes in the same way.
 */
import { readFile } from 'node:fs/promises';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { extname, join, normalize } from 'node:path';
import type { Duplex } from 'node:stream';
import { z } from 'zod';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};
const PAGE =
  '<!doctype html><html lang="en"><head><meta charset="utf-8"><base href="/"><title>stand-in host</title>' +
  '<link rel="icon" href="data:,"><link rel="stylesheet" href="/host/host.css"></head>' +
  '<body><div id="root"></div><script type="module" src="/host/host.js"></script></body></html>';
const PROXY = /^\/api\/datasources\/proxy\/uid\/[\w-]+\/(.*)$/;
const PROXY_TIMEOUT_MS = 30_000;

const routesSchema = z.object({
  routes: z.array(
    z.object({
      path: z.string(),
      url: z.string(),
      method: z.string(),
      headers: z.array(z.object({ name: z.string(), content: z.string() })),
    }),
  ),
});

/** What Grafana has stored of the data source. */
export interface StoredSettings {
  apiUrl: string;
  token: string;
}

export interface HostServer {
  readonly origin: string;
  /** May be changed between two pages. */
  readonly settings: StoredSettings;
  /** URLs that the proxy asked the API for, newest last. */
  readonly proxied: string[];
  close(): Promise<void>;
}

export interface HostServerOptions {
  /** The built app: what is in its archive. */
  readonly appFolder: string;
  /** The built host page. */
  readonly hostFolder: string;
  readonly settings: StoredSettings;
}

/** Folder of each plugin id below the app. */
const FOLDERS: Readonly<Record<string, string>> = {
  'hoptrace-hoptrace-app': '.',
  'hoptrace-hoptrace-datasource': 'datasource',
  'hoptrace-hoppath-panel': 'hoppath-panel',
  'hoptrace-pathgraph-panel': 'pathgraph-panel',
};

export async function startHostServer(options: HostServerOptions): Promise<HostServer> {
  const { appFolder, settings } = options;
  const manifest = await readFile(join(appFolder, 'datasource/plugin.json'), 'utf8');
  const { routes } = routesSchema.parse(JSON.parse(manifest));
  const proxied: string[] = [];
  /** null: no route of the plugin leads there. */
  const routed = ({ url: address, method }: IncomingMessage, proxyPath: string) => {
    const { search } = new URL(address ?? '/', 'http://host');
    const route = routes.find((each) => proxyPath.startsWith(each.path) && each.method === method);
    if (route === undefined) return null;
    const filled = (text: string) => fillIn(text, settings);
    const target = `${filled(route.url)}${proxyPath.slice(route.path.length)}${search}`;
    proxied.push(target);
    const headers = route.headers.map(({ name, content }) => [name, filled(content)] as const);
    return { target, headers };
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://host');
    const proxyPath = PROXY.exec(pathname)?.[1];
    if (proxyPath === undefined) return void sendFile(pathname, options, response);
    const found = routed(request, proxyPath);
    if (found === null) return void response.writeHead(403).end('{"message":"no route"}');
    void proxy(found.target, found.headers, request, response);
  });
  const upgraded = new Set<Duplex>();
  server.on('upgrade', (request, socket) => {
    const { pathname } = new URL(request.url ?? '/', 'http://host');
    const found = routed(request, PROXY.exec(pathname)?.[1] ?? '');
    upgraded.add(socket);
    socket.on('close', () => upgraded.delete(socket)).on('error', () => socket.destroy());
    if (found === null) socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    else proxyUpgrade(found.target, found.headers, request, socket);
  });
  const port = await listen(server);
  return {
    origin: `http://127.0.0.1:${port}`,
    settings,
    proxied,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        for (const socket of upgraded) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** The two templates of plugin.json that we use; anything else would be empty in Grafana as well. */
function fillIn(text: string, { apiUrl, token }: StoredSettings): string {
  return text
    .replaceAll('{{ .JsonData.apiUrl }}', apiUrl)
    .replaceAll('{{ .SecureJsonData.token }}', token);
}

async function proxy(
  target: string,
  headers: readonly (readonly [string, string])[],
  { method }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const answer = await fetch(target, {
      ...(method === undefined ? {} : { method }),
      headers: headers.map(([name, value]) => [name, value] as [string, string]),
      signal: AbortSignal.timeout(PROXY_TIMEOUT_MS),
    });
    const body = await answer.text();
    if (answer.status === 401) {
      response.writeHead(400).end('Authentication to data source failed');
      return;
    }
    const type = answer.headers.get('content-type') ?? 'application/octet-stream';
    response.writeHead(answer.status, { 'content-type': type }).end(body);
  } catch {
    response.writeHead(502).end();
  }
}

function proxyUpgrade(
  target: string,
  headers: readonly (readonly [string, string])[],
  { headers: given }: IncomingMessage,
  socket: Duplex,
): void {
  const { origin: _origin, cookie: _cookie, host: _host, ...passed } = given;
  const upstream = httpRequest(target, { headers: { ...passed, ...Object.fromEntries(headers) } });
  upstream.on('upgrade', ({ rawHeaders }, far, head) => {
    const lines = rawHeaders.flatMap((name, at) =>
      at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}`] : [],
    );
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
    socket.write(head);
    far.pipe(socket).pipe(far);
    far.on('error', () => socket.destroy());
    socket.on('close', () => far.destroy());
  });
  upstream.on('response', ({ statusCode }) => socket.end(`HTTP/1.1 ${statusCode} No\r\n\r\n`));
  upstream.on('error', () => socket.destroy());
  upstream.end();
}

async function sendFile(
  path: string,
  { appFolder, hostFolder }: HostServerOptions,
  response: ServerResponse,
): Promise<void> {
  if (path === '/')
    return void response.writeHead(200, { 'content-type': TYPES['.html'] }).end(PAGE);
  const [, id = '', rest = ''] = /^\/public\/plugins\/([^/]+)\/(.+)$/.exec(path) ?? [];
  const isPlugin = id in FOLDERS;
  const folder = isPlugin ? join(appFolder, FOLDERS[id] ?? '.') : hostFolder;
  const file = normalize(isPlugin ? rest : path.replace(/^\/host\//, ''));
  const content = file.startsWith('..')
    ? null
    : await readFile(join(folder, file)).catch(() => null);
  if (content === null) return void response.writeHead(404).end();
  const type = TYPES[extname(file)] ?? 'application/octet-stream';
  response.writeHead(200, { 'content-type': type }).end(content);
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
