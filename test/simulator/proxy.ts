/**
 * A proxy's threads: which sockets they read, in which order they act on what they read, and what the kernel
 * says about it.
 *
 *   lastRead   nginx: reads one client, acts for it, reads the next
 *   oldest     HAProxy: reads all that is ready, then acts in the order of the reads
 *   mixed      Go: reads and acts where and when the scheduler likes
 */

import type { SimConnection } from './connection.ts';
import { delayLastByte, type SimRequest } from './exchange.ts';
import type { FrameRoad } from './frameRoad.ts';
import { KernelThread, type Link, ProxySocket } from './kernelLinks.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';
import type { Respond } from './server.ts';

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
  /** HTTP/2: what came of several requests is read at once. */
  readonly isMultiplexed: boolean;
}

/** One request that the proxy has to answer. */
export interface Call {
  readonly client: Downstream;
  readonly request: SimRequest;
  /** The response leaves the proxy. */
  readonly respond: Respond;
}

export interface Upstream {
  readonly connection: SimConnection;
  readonly socket: ProxySocket;
  /** HTTP/2; null: one request after the other. */
  readonly road: FrameRoad | null;
  /** Requests that it carries now. */
  streams: number;
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
  /** Sends one request on; `answered` when the response can be read. */
  send(
    call: Call,
    upstream: Upstream,
    atNs: number,
    answered: (atNs: number, bytes: number) => void,
  ): void;
  /** The two ends of an HTTP/2 connection introduce themselves; `came` when the backend's SETTINGS can be read. */
  greet(upstream: Upstream, atNs: number, came: () => void): void;
  close(upstream: Upstream, atNs: number): void;
  link(link: Link, thread: number, atNs: number): void;
}

type Ready =
  | { readonly kind: 'request' | 'body' | 'frame' | 'failed'; readonly call: Call }
  | {
      readonly kind: 'connected' | 'settings';
      readonly call: Call;
      readonly upstream: Upstream;
    }
  | {
      readonly kind: 'response';
      readonly call: Call;
      readonly upstream: Upstream;
      readonly bytes: number;
    };

/** What came from a client, not from an upstream. */
const FROM_CLIENT: ReadonlySet<Ready['kind']> = new Set(['request', 'body', 'frame']);

const THREADS = 2;
/** Requests at once on one HTTP/2 connection to a backend. */
const MAX_STREAMS = 8;
const BODY_DELAY_NS = 3_000_000;
/** What it adds to a response, what it answers itself, and its SETTINGS. */
const HEADER_BYTES = 24;
const OWN_ANSWER_BYTES = 153;
const SETTINGS_BYTES = 40;

export class IngressProxy {
  readonly #random: Random;
  readonly #schedule: Schedule;
  readonly #plan: ProxyPlan;
  readonly #backend: Backend;
  readonly #kernel: readonly KernelThread[];
  readonly #ready: Ready[][];
  readonly #idle: Upstream[][];
  /** HTTP/2 connections, in use or not. */
  readonly #shared: Upstream[][];
  /** Requests that were refused by one backend. */
  readonly #retried = new Set<Call>();

  /** `isExact`: see KernelThread. */
  constructor(
    random: Random,
    schedule: Schedule,
    plan: ProxyPlan,
    backend: Backend,
    isExact = false,
  ) {
    this.#random = random;
    this.#schedule = schedule;
    this.#plan = plan;
    this.#backend = backend;
    const threads = Array.from({ length: THREADS }, (_, thread) => thread);
    this.#kernel = threads.map(
      (thread) => new KernelThread((link) => backend.link(link, thread, schedule.nowNs), isExact),
    );
    this.#ready = threads.map(() => []);
    this.#idle = threads.map(() => []);
    this.#shared = threads.map(() => []);
  }

  accept(connection: SimConnection, isMultiplexed: boolean): Downstream {
    const socket = new ProxySocket(connection.pairHash);
    return { connection, socket, thread: this.#random.below(THREADS), isMultiplexed };
  }

  /** A request can be read. */
  take(call: Call): void {
    this.#wake({ kind: call.request.frame === undefined ? 'request' : 'frame', call });
  }

  /** Idle connections are closed. */
  shutDown(atNs: number): void {
    for (const upstream of this.#idle.flat()) this.#backend.close(upstream, atNs);
  }

  #wake(event: Ready): void {
    const { thread } = event.call.client;
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
    const read = new Set<Downstream>();
    for (const event of this.#gathered(batch)) {
      const reader = this.#isMixed() ? this.#random.below(THREADS) : thread;
      const { client } = event.call;
      const isRead = FROM_CLIENT.has(event.kind) && read.has(client);
      if (!isRead) this.#read(event, reader);
      if (FROM_CLIENT.has(event.kind) && client.isMultiplexed) read.add(client);
      const isAtOnce = this.#isMixed() ? this.#random.chance(0.8) : this.#plan.model === 'lastRead';
      const actor =
        this.#isMixed() && this.#random.chance(0.2) ? this.#random.below(THREADS) : reader;
      if (isAtOnce || event.kind === 'frame') this.#act(event, actor);
      else later.push(() => this.#act(event, actor));
    }
    for (const act of later) act();
  }

  /**
   * One read brings all that a multiplexed client sent. nginx writes its SETTINGS once it has acted on that; HAProxy
   * and Go before.
   */
  #gathered(batch: readonly Ready[]): readonly Ready[] {
    const isOne = (event: Ready) => FROM_CLIENT.has(event.kind) && event.call.client.isMultiplexed;
    if (!batch.some(isOne)) return batch;
    const groups = new Map<Downstream | Ready, Ready[]>();
    for (const event of batch) {
      const key = isOne(event) ? event.call.client : event;
      groups.set(key, [...(groups.get(key) ?? []), event]);
    }
    return [...groups.values()].flatMap((events) => {
      const frames = events.filter(({ kind }) => kind === 'frame');
      const others = events.filter(({ kind }) => kind !== 'frame');
      return this.#plan.model === 'lastRead' ? [...others, ...frames] : [...frames, ...others];
    });
  }

  /** A body that comes later is read on its own. nginx waits for it; the others go on without it. */
  #awaitsBody(call: Call): boolean {
    if (!this.#random.chance(this.#plan.slowBodyShare)) return false;
    const delayNs = this.#random.exponential(BODY_DELAY_NS);
    const atNs = this.#schedule.nowNs + delayNs;
    delayLastByte(call.client.connection, delayNs);
    this.#schedule.at(atNs, () => this.#wake({ kind: 'body', call }));
    return this.#plan.model === 'lastRead';
  }

  #isMixed(): boolean {
    return this.#plan.model === 'mixed';
  }

  #read(event: Ready, thread: number): void {
    const { socket, isMultiplexed } = event.call.client;
    // Answered before the rest of the body came: what is left is thrown away.
    if (event.kind === 'body' && !isMultiplexed && socket.direction === 'write') return;
    if (event.kind === 'response' || event.kind === 'settings')
      this.#kernel[thread]?.readUpstream(event.upstream.socket);
    else if (FROM_CLIENT.has(event.kind) && event.call.request.frame !== 'end')
      this.#kernel[thread]?.readClient(socket);
  }

  #act(event: Ready, thread: number): void {
    const { call } = event;
    if (event.kind === 'request' && this.#awaitsBody(call)) return;
    if (event.kind === 'body' && this.#plan.model !== 'lastRead') return;
    if (event.kind === 'frame') {
      if (call.request.frame === 'preface') this.#answer(call, thread, SETTINGS_BYTES);
      if (call.request.frame === 'end') this.#kernel[thread]?.end(call.client.socket);
    } else if (event.kind === 'settings') {
      this.#kernel[thread]?.writeUpstream(event.upstream.socket);
    } else if (event.kind === 'failed') {
      this.#tryAgain(call, thread);
    } else if (event.kind === 'connected') {
      this.#share(call, event.upstream);
      this.#pass(call, event.upstream, thread);
    } else if (event.kind === 'response') {
      this.#answer(call, thread, event.bytes + HEADER_BYTES);
      this.#putAway(event.upstream, call.client.thread);
    } else if (this.#random.chance(this.#plan.localShare)) {
      this.#answer(call, thread, OWN_ANSWER_BYTES);
    } else {
      this.#forward(call, thread);
    }
  }

  #forward(call: Call, thread: number): void {
    const { client } = call;
    const idle = this.#idle[client.thread]?.pop();
    const open = idle ?? this.#shared[client.thread]?.find((each) => each.streams < MAX_STREAMS);
    if (open !== undefined) {
      this.#pass(call, open, thread);
      return;
    }
    const upstream = this.#backend.open(
      client.connection,
      this.#schedule.nowNs,
      (opened) => this.#wake({ kind: 'connected', call, upstream: opened }),
      () => this.#wake({ kind: 'failed', call }),
    );
    this.#kernel[thread]?.connect(upstream.socket);
  }

  /** Another backend, once for each request; then 502. */
  #tryAgain(call: Call, thread: number): void {
    if (this.#retried.has(call)) {
      this.#answer(call, thread, OWN_ANSWER_BYTES);
      return;
    }
    this.#retried.add(call);
    this.#forward(call, thread);
  }

  /** HTTP/2: others may use it from now on, too. The backend tells of itself first. */
  #share(call: Call, upstream: Upstream): void {
    if (upstream.road === null) return;
    this.#shared[call.client.thread]?.push(upstream);
    this.#backend.greet(upstream, this.#schedule.nowNs, () =>
      this.#wake({ kind: 'settings', call, upstream }),
    );
  }

  #pass(call: Call, upstream: Upstream, thread: number): void {
    upstream.streams++;
    this.#kernel[thread]?.writeUpstream(upstream.socket);
    this.#backend.send(call, upstream, this.#schedule.nowNs, (atNs, bytes) =>
      this.#schedule.at(atNs, () => this.#wake({ kind: 'response', call, upstream, bytes })),
    );
  }

  #answer(call: Call, thread: number, bytes: number): void {
    this.#retried.delete(call);
    this.#kernel[thread]?.writeClient(call.client.socket);
    call.respond(this.#schedule.nowNs, bytes);
  }

  #putAway(upstream: Upstream, thread: number): void {
    upstream.streams--;
    if (this.#plan.keepsUpstreams) {
      if (upstream.road === null) this.#idle[thread]?.push(upstream);
      return;
    }
    if (upstream.streams > 0) return;
    this.#shared[thread] = (this.#shared[thread] ?? []).filter((each) => each !== upstream);
    this.#kernel[thread]?.end(upstream.socket);
    this.#backend.close(upstream, this.#schedule.nowNs);
  }
}
