/**
 * Who caused what in a proxy, as the agent's eBPF programs answer it (agent/bpf/proxy_links.bpf.h): the last
 * burst that a thread read, and the oldest one that it has not yet passed on.
 */
import type { BurstRef, ProxyLinkRecord } from '@hoptrace/domain/wire/v1.ts';

/** A socket of the proxy, as the kernel knows it. */
export class ProxySocket {
  readonly pairHash: string;
  burst = 0;
  direction: 'none' | 'read' | 'write' = 'none';
  isUnanswered = false;
  /** The client's burst left the queue of requests for an upstream. */
  isTaken = false;
  /**
   * Of an upstream: a connect() named the causes already, and the first write only tells them. Doubtful: the client
   * that the thread had read last caused something else before (the second of several requests in one burst).
   */
  cause: 'none' | 'taken' | 'doubtful' = 'none';
  lastRead: BurstRef | null = null;
  oldest: BurstRef | null = null;

  constructor(pairHash: string) {
    this.pairHash = pairHash;
  }

  ref(): BurstRef {
    return { isnPairHash: this.pairHash, burst: this.burst };
  }
}

export type Link = Pick<ProxyLinkRecord, 'side' | 'subject' | 'lastRead' | 'oldest'>;

interface Waiting {
  readonly socket: ProxySocket;
  readonly ref: BurstRef;
}

const QUEUE_LENGTH = 64;

export class KernelThread {
  readonly #emit: (link: Link) => void;
  readonly #isExact: boolean;
  #client: BurstRef | null = null;
  /** The last burst read already caused something upstream. */
  #isUsed = false;
  #upstream: BurstRef | null = null;
  #requests: Waiting[] = [];
  #responses: Waiting[] = [];

  /**
   * `isExact`: with doubtful causes and sockets that take along what waits for them when they end, which matters where
   * a burst has several requests. Worlds of HTTP/1.1 alone are made without, as they were before there were others.
   */
  constructor(emit: (link: Link) => void, isExact = false) {
    this.#emit = emit;
    this.#isExact = isExact;
  }

  readClient(client: ProxySocket): void {
    const isNew = client.direction !== 'read';
    client.direction = 'read';
    if (isNew) {
      client.burst++;
      client.isUnanswered = true;
      client.isTaken = false;
    }
    this.#setClient(client.ref());
    const isWaiting = this.#requests.some((each) => each.socket === client);
    if (!isNew && !isWaiting) return;
    this.#requests = this.#requests.filter((each) => each.socket !== client);
    this.#requests.push({ socket: client, ref: client.ref() });
    if (this.#isExact && this.#requests.length > QUEUE_LENGTH) this.#requests.shift();
  }

  connect(upstream: ProxySocket): void {
    const isDoubtful = this.#isExact && (this.#client === null || this.#isUsed);
    this.#takeCauses(upstream);
    upstream.cause = isDoubtful ? 'doubtful' : 'taken';
  }

  writeUpstream(upstream: ProxySocket): void {
    const isNew = upstream.direction !== 'write';
    upstream.direction = 'write';
    if (isNew) upstream.burst++;
    const isTold = this.#settleCause(upstream, isNew) || isNew;
    if (isTold) this.#tell('request', upstream, upstream.lastRead, upstream.oldest);
    if (isSame(upstream.lastRead, this.#client)) this.#isUsed = true;
  }

  /** True: a doubtful cause gave way to a client that was read since and caused nothing yet. */
  #settleCause(upstream: ProxySocket, isNew: boolean): boolean {
    if (isNew && (upstream.cause === 'none' || upstream.burst > 1)) {
      this.#takeCauses(upstream);
      upstream.cause = 'none';
    } else if (upstream.cause === 'taken') {
      upstream.cause = 'none';
    } else if (upstream.cause === 'doubtful' && !this.#isUsed && this.#client !== null) {
      upstream.lastRead = this.#client;
      upstream.cause = 'none';
      this.#isUsed = true;
      return true;
    }
    return false;
  }

  readUpstream(upstream: ProxySocket): void {
    this.#upstream = upstream.ref();
    if (upstream.direction !== 'read') {
      upstream.direction = 'read';
      this.#responses = this.#responses.filter((each) => each.socket !== upstream);
      this.#responses.push({ socket: upstream, ref: upstream.ref() });
      if (this.#isExact && this.#responses.length > QUEUE_LENGTH) this.#responses.shift();
    }
    if (upstream.lastRead === null) return;
    this.#client = upstream.lastRead;
    this.#isUsed = true;
  }

  writeClient(client: ProxySocket): void {
    client.direction = 'write';
    if (!client.isUnanswered) return;
    client.isUnanswered = false;
    this.#requests = this.#requests.filter((each) => each.socket !== client);
    const oldest = client.isTaken ? this.#responses.shift() : this.#responses[0];
    this.#tell('response', client, this.#upstream, oldest?.ref ?? null);
  }

  /** Who goes away takes along what waits for it. */
  end(socket: ProxySocket): void {
    if (!this.#isExact) return;
    this.#requests = this.#requests.filter((each) => each.socket !== socket);
    this.#responses = this.#responses.filter((each) => each.socket !== socket);
  }

  #setClient(ref: BurstRef): void {
    if (!isSame(ref, this.#client)) this.#isUsed = false;
    this.#client = ref;
  }

  #takeCauses(upstream: ProxySocket): void {
    upstream.lastRead = this.#client;
    this.#isUsed = true;
    const oldest = this.#requests.shift();
    upstream.oldest = oldest?.ref ?? null;
    if (oldest !== undefined) oldest.socket.isTaken = true;
  }

  #tell(
    side: Link['side'],
    socket: ProxySocket,
    lastRead: BurstRef | null,
    oldest: BurstRef | null,
  ): void {
    if (lastRead !== null || oldest !== null)
      this.#emit({ side, subject: socket.ref(), lastRead, oldest });
  }
}

function isSame(a: BurstRef | null, b: BurstRef | null): boolean {
  return a !== null && b !== null && a.isnPairHash === b.isnPairHash && a.burst === b.burst;
}
