/**
 * The part of a Grafana server that the plugin needs: its files, and the data proxy to the API.
 * The proxy does what Grafana's does (pkg/api/pluginproxy): it finds the route of plugin.json whose path the call
 * begins with, takes that path away, puts the route's URL in front and adds its headers, both filled from the
 * stored settings; cookies and the origin of the browser do not pass; 401 of the API becomes 400.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
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
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://host');
    const proxyPath = PROXY.exec(url.pathname)?.[1];
    if (proxyPath === undefined) return void sendFile(url.pathname, options, response);
    const route = routes.find(
      ({ path, method }) => proxyPath.startsWith(path) && method === request.method,
    );
    if (route === undefined) return void response.writeHead(403).end('{"message":"no route"}');
    const filled = (text: string) => fillIn(text, settings);
    const target = `${filled(route.url)}${proxyPath.slice(route.path.length)}${url.search}`;
    proxied.push(target);
    const headers = route.headers.map(({ name, content }) => [name, filled(content)] as const);
    void proxy(target, headers, request, response);
  });
  const port = await listen(server);
  return {
    origin: `http://127.0.0.1:${port}`,
    settings,
    proxied,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
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
