/**
 * A proxy's threads: which sockets they read, in which order they act on what they read, and what the kernel
 * says about it.
 *
 *   lastRead   nginx: reads one client, acts for it, reads the next
 *   oldest     HAProxy: reads all that is ready, then acts in the order of the reads
 *   mixed      Go: reads and acts where and when the scheduler likes
 */

import type { SimConnection } from './connection.ts';
import { delayLastByte } from './exchange.ts';
import { KernelThread, type Link, ProxySocket } from './kernelLinks.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';

export type ProxyModel = 'lastRead' | 'oldest' | 'mixed';

export interface ProxyPlan {
  readonly model: ProxyModel;
  /** Between two looks at the sockets; what became ready meanwhile is one batch. */
  readonly loopNs: number;
  readonly keepsUpstreams: boolean;
  /** Requests that the proxy answers itself. */
  readonly localShare: number;
  /** Requests whose body arrives later and is read on its own. */
  readonly slowBodyShare: number;
}

export interface Downstream {
  readonly connection: SimConnection;
  readonly socket: ProxySocket;
  readonly thread: number;
  /** The response leaves the proxy. */
  readonly respond: (atNs: number, bytes: number) => void;
}

export interface Upstream {
  readonly connection: SimConnection;
  readonly socket: ProxySocket;
}

/** What the proxy needs of the world. Times are those of the proxy's own stack. */
export interface Backend {
  /** Opens a connection to a backend for `client`; `ready` when the proxy may write, `failed` when it was refused. */
  open(
    client: SimConnection,
    atNs: number,
    ready: (upstream: Upstream) => void,
    failed: () => void,
  ): Upstream;
  /** Sends one request of `client`; `answered` when the response can be read. */
  send(
    client: SimConnection,
    upstream: Upstream,
    atNs: number,
    answered: (atNs: number, bytes: number) => void,
  ): void;
  close(upstream: Upstream, atNs: number): void;
  link(link: Link, thread: number, atNs: number): void;
}

type Ready =
  | { readonly kind: 'request' | 'body' | 'failed'; readonly client: Downstream }
  | { readonly kind: 'connected'; readonly client: Downstream; readonly upstream: Upstream }
  | {
      readonly kind: 'response';
      readonly client: Downstream;
      readonly upstream: Upstream;
      readonly bytes: number;
    };

const THREADS = 2;
const BODY_DELAY_NS = 3_000_000;
/** What it adds to a response, and what it answers itself. */
const HEADER_BYTES = 24;
const OWN_ANSWER_BYTES = 153;

export class IngressProxy {
  readonly #random: Random;
  readonly #schedule: Schedule;
  readonly #plan: ProxyPlan;
  readonly #backend: Backend;
  readonly #kernel: readonly KernelThread[];
  readonly #ready: Ready[][];
  readonly #idle: Upstream[][];
  /** Clients whose request was refused by one backend. */
  readonly #retried = new Set<Downstream>();

  constructor(random: Random, schedule: Schedule, plan: ProxyPlan, backend: Backend) {
    this.#random = random;
    this.#schedule = schedule;
    this.#plan = plan;
    this.#backend = backend;
    const threads = Array.from({ length: THREADS }, (_, thread) => thread);
    this.#kernel = threads.map(
      (thread) => new KernelThread((link) => backend.link(link, thread, schedule.nowNs)),
    );
    this.#ready = threads.map(() => []);
    this.#idle = threads.map(() => []);
  }

  accept(connection: SimConnection, respond: Downstream['respond']): Downstream {
    const socket = new ProxySocket(connection.pairHash);
    return { connection, socket, thread: this.#random.below(THREADS), respond };
  }

  /** A request of this client can be read. */
  request(client: Downstream): void {
    this.#wake({ kind: 'request', client });
  }

  /** Idle connections are closed. */
  shutDown(atNs: number): void {
    for (const upstream of this.#idle.flat()) this.#backend.close(upstream, atNs);
  }

  #wake(event: Ready): void {
    const { thread } = event.client;
    const ready = this.#ready[thread] ?? [];
    ready.push(event);
    if (ready.length > 1) return;
    const inNs = Math.round(this.#random.unit() * this.#plan.loopNs);
    this.#schedule.at(this.#schedule.nowNs + inNs, () => this.#turn(thread));
  }

  #turn(thread: number): void {
    const batch = this.#ready[thread] ?? [];
    this.#ready[thread] = [];
    const later: (() => void)[] = [];
    for (const event of batch) {
      const reader = this.#isMixed() ? this.#random.below(THREADS) : thread;
      this.#read(event, reader);
      const isAtOnce = this.#isMixed() ? this.#random.chance(0.8) : this.#plan.model === 'lastRead';
      const actor =
        this.#isMixed() && this.#random.chance(0.2) ? this.#random.below(THREADS) : reader;
      if (isAtOnce) this.#act(event, actor);
      else later.push(() => this.#act(event, actor));
    }
    for (const act of later) act();
  }

  /** A body that comes later is read on its own. nginx waits for it; the others go on without it. */
  #awaitsBody(client: Downstream): boolean {
    if (!this.#random.chance(this.#plan.slowBodyShare)) return false;
    const delayNs = this.#random.exponential(BODY_DELAY_NS);
    const atNs = this.#schedule.nowNs + delayNs;
    delayLastByte(client.connection, delayNs);
    this.#schedule.at(atNs, () => this.#wake({ kind: 'body', client }));
    return this.#plan.model === 'lastRead';
  }

  #isMixed(): boolean {
    return this.#plan.model === 'mixed';
  }

  #read(event: Ready, thread: number): void {
    const { kind, client } = event;
    // Answered before the rest of the body came: what is left is thrown away.
    if (kind === 'body' && client.socket.direction === 'write') return;
    if (kind === 'response') this.#kernel[thread]?.readUpstream(event.upstream.socket);
    else if (kind === 'request' || kind === 'body')
      this.#kernel[thread]?.readClient(event.client.socket);
  }

  #act(event: Ready, thread: number): void {
    const { client } = event;
    if (event.kind === 'request' && this.#awaitsBody(client)) return;
    if (event.kind === 'body' && this.#plan.model !== 'lastRead') return;
    if (event.kind === 'failed') {
      this.#tryAgain(client, thread);
    } else if (event.kind === 'connected') {
      this.#pass(client, event.upstream, thread);
    } else if (event.kind === 'response') {
      this.#answer(client, thread, event.bytes + HEADER_BYTES);
      this.#putAway(event.upstream, client.thread);
    } else if (this.#random.chance(this.#plan.localShare)) {
      this.#answer(client, thread, OWN_ANSWER_BYTES);
    } else {
      this.#forward(client, thread);
    }
  }

  #forward(client: Downstream, thread: number): void {
    const idle = this.#idle[client.thread]?.pop();
    if (idle !== undefined) {
      this.#pass(client, idle, thread);
      return;
    }
    const upstream = this.#backend.open(
      client.connection,
      this.#schedule.nowNs,
      (opened) => this.#wake({ kind: 'connected', client, upstream: opened }),
      () => this.#wake({ kind: 'failed', client }),
    );
    this.#kernel[thread]?.connect(upstream.socket);
  }

  /** Another backend, once for each request; then 502. */
  #tryAgain(client: Downstream, thread: number): void {
    if (this.#retried.has(client)) {
      this.#answer(client, thread, OWN_ANSWER_BYTES);
      return;
    }
    this.#retried.add(client);
    this.#forward(client, thread);
  }

  #pass(client: Downstream, upstream: Upstream, thread: number): void {
    this.#kernel[thread]?.writeUpstream(upstream.socket);
    this.#backend.send(client.connection, upstream, this.#schedule.nowNs, (atNs, bytes) =>
      this.#schedule.at(atNs, () => this.#wake({ kind: 'response', client, upstream, bytes })),
    );
  }

  #answer(client: Downstream, thread: number, bytes: number): void {
    this.#retried.delete(client);
    this.#kernel[thread]?.writeClient(client.socket);
    client.respond(this.#schedule.nowNs, bytes);
  }

  #putAway(upstream: Upstream, thread: number): void {
    if (this.#plan.keepsUpstreams) this.#idle[thread]?.push(upstream);
    else this.#backend.close(upstream, this.#schedule.nowNs);
  }
}
