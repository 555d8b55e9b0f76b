/**
 * A server with the wire form of the Kubernetes API: list with pages and resourceVersion, watch as lines of JSON in
 * chunks, bookmarks, 410 in both its forms. It keeps everything that ever happened, which is what a watcher is
 * judged by. Faults are asked for by tests; nothing below HTTP is replaced.
 */
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface ApiObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly [more: string]: unknown;
  };
  readonly [more: string]: unknown;
}

export interface Happening {
  readonly revision: number;
  readonly atMs: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly key: string;
  readonly object: ApiObject;
}

/** How the next request of a kind fails. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Record<string, string> }
  /** 410 as the first event of a watch. */
  | { readonly kind: 'goneEvent' }
  /** After so many bytes the connection is cut, wherever that is. */
  | { readonly kind: 'cutAfter'; readonly bytes: number }
  /** Nothing is ever sent, not even an answer's head, or nothing after it. */
  | { readonly kind: 'silent'; readonly withHead: boolean }
  | { readonly kind: 'garbage'; readonly text: string };

interface Watcher {
  readonly plural: string;
  readonly isMeant: (object: ApiObject) => boolean;
  readonly response: http.ServerResponse;
  bytesLeft: number;
}

const PLURALS: Readonly<Record<string, string>> = {
  Node: '/api/v1/nodes',
  Pod: '/api/v1/pods',
  Service: '/api/v1/services',
  EndpointSlice: '/apis/discovery.k8s.io/v1/endpointslices',
  Ingress: '/apis/networking.k8s.io/v1/ingresses',
  Gateway: '/apis/gateway.networking.k8s.io/v1/gateways',
  HTTPRoute: '/apis/gateway.networking.k8s.io/v1/httproutes',
  ConfigMap: '/api/v1/configmaps',
};

/** What is asked for: a kind, perhaps in one namespace, perhaps one object of it. */
function askedOf(url: URL) {
  const [, version = '', namespace, plural = ''] =
    /^(\/api\/v1)\/namespaces\/([^/]+)(\/[^/]+)$/.exec(url.pathname) ?? [];
  const name = /^metadata\.name=(.+)$/.exec(url.searchParams.get('fieldSelector') ?? '')?.[1];
  return {
    plural: namespace === undefined ? url.pathname : `${version}${plural}`,
    isMeant: ({ metadata }: ApiObject) =>
      (namespace === undefined || metadata.namespace === namespace) &&
      (name === undefined || metadata.name === name),
  };
}

export class ApiServer {
  readonly history: Happening[] = [];
  readonly requests: { readonly path: string; readonly query: URLSearchParams }[] = [];
  /** Requests without this token are answered 401; null: none is needed. */
  token: string | null = null;
  bookmarkMs = 200;
  /** Kinds that this cluster does not serve: their definitions are not installed. */
  readonly absentKinds = new Set<string>();
  /** Kinds that no role lets anybody read. */
  readonly forbiddenKinds = new Set<string>();
  readonly #objects = new Map<string, { readonly plural: string; readonly object: ApiObject }>();
  readonly #faults = new Map<string, Fault[]>();
  /** By path and revision: what lists that are not finished show. */
  readonly #states = new Map<string, readonly object[]>();
  readonly #watchers = new Set<Watcher>();
  readonly #sockets = new Set<Socket>();
  readonly #server = http.createServer((request, response) => this.#answer(request, response));
  #revision = 1000;
  #compactedBelow = 0;
  #bookmarks: NodeJS.Timeout | null = null;

  async listen(): Promise<string> {
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.#bookmarks = setInterval(() => this.#sendBookmarks(), this.bookmarkMs).unref();
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    if (this.#bookmarks !== null) clearInterval(this.#bookmarks);
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get revision(): number {
    return this.#revision;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  objectsOf(kind: string): ApiObject[] {
    return [...this.#objects.values()]
      .filter(({ plural }) => plural === PLURALS[kind])
      .map(({ object }) => object);
  }

  put(object: ApiObject): void {
    const key = keyOf(object);
    this.#happen(this.#objects.has(key) ? 'MODIFIED' : 'ADDED', object);
  }

  remove(kind: string, name: string, namespace = ''): void {
    const known = this.#objects.get(`${kind} ${namespace}/${name}`);
    if (known !== undefined) this.#happen('DELETED', known.object);
  }

  /** Watches from before now are told that they come too late, as after a compaction of etcd. */
  compact(): void {
    this.#compactedBelow = this.#revision;
    this.#states.clear();
  }

  /** The next request for this kind fails so; several queue up. */
  failNext(kind: string, fault: Fault): void {
    const plural = PLURALS[kind] ?? '';
    this.#faults.set(plural, [...(this.#faults.get(plural) ?? []), fault]);
  }

  /** Cuts all watches of a kind after so many further bytes; 0: at once. */
  cutWatches(kind: string, afterBytes: number): void {
    for (const watcher of this.#watchers) {
      if (watcher.plural !== PLURALS[kind]) continue;
      watcher.bytesLeft = afterBytes;
      if (afterBytes === 0) watcher.response.socket?.destroy();
    }
  }

  /** An event that is sent and belongs to no object of this server. */
  sendRaw(kind: string, line: string): void {
    for (const watcher of this.#watchers)
      if (watcher.plural === PLURALS[kind]) this.#write(watcher, `${line}\n`);
  }

  #happen(type: Happening['type'], given: ApiObject): void {
    this.#revision += 1;
    const revision = String(this.#revision);
    const object = { ...given, metadata: { ...given.metadata, resourceVersion: revision } };
    const key = keyOf(object);
    const plural = PLURALS[object.kind] ?? '';
    if (type === 'DELETED') this.#objects.delete(key);
    else this.#objects.set(key, { plural, object });
    this.history.push({ revision: this.#revision, atMs: Date.now(), type, key, object });
    for (const watcher of this.#watchers)
      if (watcher.plural === plural && watcher.isMeant(object))
        this.#write(watcher, lineOf(type, object));
  }

  #answer(request: http.IncomingMessage, response: http.ServerResponse): unknown {
    const url = new URL(request.url ?? '/', 'http://api');
    this.requests.push({ path: url.pathname, query: url.searchParams });
    if (this.token !== null && request.headers.authorization !== `Bearer ${this.token}`)
      return sendStatus(response, 401, 'Unauthorized');
    const { plural } = askedOf(url);
    if ([...this.absentKinds].some((kind) => PLURALS[kind] === plural))
      return sendStatus(response, 404, 'page not found');
    if ([...this.forbiddenKinds].some((kind) => PLURALS[kind] === plural))
      return sendStatus(response, 403, 'is forbidden: User cannot list resource');
    const [fault, ...rest] = this.#faults.get(plural) ?? [];
    this.#faults.set(plural, rest);
    if (fault?.kind === 'status')
      return sendStatus(response, fault.status, `fault ${fault.status}`, fault.headers);
    if (fault?.kind === 'silent') {
      if (fault.withHead) response.writeHead(200).write(' ');
      return null;
    }
    if (url.searchParams.get('watch') === '1') return this.#watch(url, response, fault);
    if (fault?.kind === 'garbage') {
      return response.end(fault.text);
    }
    return this.#list(url, response, fault);
  }

  #list(url: URL, response: http.ServerResponse, fault: Fault | undefined): unknown {
    const limit = Number(url.searchParams.get('limit') ?? 500);
    const token = url.searchParams.get('continue') ?? '';
    const [askedRevision, start] =
      token === '' ? [this.#revision, 0] : token.split(':').map(Number);
    const revision = askedRevision ?? this.#revision;
    const kept = `${url.pathname}?${url.searchParams.get('fieldSelector') ?? ''} ${revision}`;
    const all = token === '' ? this.#stateOf(url) : this.#states.get(kept);
    if (all === undefined)
      return sendStatus(response, 410, 'The provided continue parameter is too old');
    // All pages belong to the state of the first one.
    this.#states.set(kept, all);
    const items = all.slice(start ?? 0, (start ?? 0) + limit);
    const end = (start ?? 0) + items.length;
    const metadata = {
      resourceVersion: String(revision),
      ...(end < all.length
        ? { continue: `${revision}:${end}`, remainingItemCount: all.length - end }
        : {}),
    };
    const text = JSON.stringify({ kind: 'List', apiVersion: 'v1', metadata, items });
    response.writeHead(200, { 'content-type': 'application/json' });
    if (fault?.kind !== 'cutAfter') {
      return response.end(text);
    }
    return response.write(text.slice(0, fault.bytes), () => response.socket?.destroy());
  }

  #stateOf(url: URL): readonly object[] {
    const { plural, isMeant } = askedOf(url);
    return [...this.#objects.values()]
      .filter((each) => each.plural === plural && isMeant(each.object))
      .map(({ object: { kind: _, ...object } }) => object);
  }

  #watch(url: URL, response: http.ServerResponse, fault: Fault | undefined): unknown {
    const asked = askedOf(url);
    const since = Number(url.searchParams.get('resourceVersion'));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (since < this.#compactedBelow || fault?.kind === 'goneEvent') {
      const message = `too old resource version: ${since} (${this.#compactedBelow})`;
      const status = { kind: 'Status', status: 'Failure', reason: 'Expired', code: 410, message };
      return response.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
    }
    const bytesLeft = fault?.kind === 'cutAfter' ? fault.bytes : Number.POSITIVE_INFINITY;
    const watcher: Watcher = { ...asked, response, bytesLeft };
    this.#watchers.add(watcher);
    response.on('close', () => this.#watchers.delete(watcher));
    if (fault?.kind === 'garbage') this.#write(watcher, fault.text);
    for (const { revision, type, object } of this.history)
      if (revision > since && PLURALS[object.kind] === asked.plural && asked.isMeant(object))
        this.#write(watcher, lineOf(type, object));
    return watcher;
  }

  #sendBookmarks(): void {
    const metadata = { resourceVersion: String(this.#revision) };
    for (const watcher of this.#watchers)
      this.#write(watcher, `${JSON.stringify({ type: 'BOOKMARK', object: { metadata } })}\n`);
  }

  #write(watcher: Watcher, text: string): void {
    const bytes = Buffer.from(text);
    const { response } = watcher;
    if (bytes.length <= watcher.bytesLeft) {
      watcher.bytesLeft -= bytes.length;
      response.write(bytes);
      return;
    }
    this.#watchers.delete(watcher);
    response.write(bytes.subarray(0, watcher.bytesLeft), () => response.socket?.destroy());
  }
}

function keyOf({ kind, metadata }: ApiObject): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}

function lineOf(type: string, object: ApiObject): string {
  return `${JSON.stringify({ type, object })}\n`;
}

function sendStatus(
  response: http.ServerResponse,
  status: number,
  message: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ kind: 'Status', status: 'Failure', message, code: status }));
}
