/**
 * Who caused what in a proxy, as the agent's eBPF programs answer it (agent/bpf/proxy_rules.bpf.h): the last
 * burst that a thread read, and the oldest one that it has not yet passed on.
 */
import type { BurstRef, ProxyLinkRecord } from '@hoptrace/domain/wire/v1.ts';

/** A TLS server writes after them, too; the request may have come with the second. */
const HANDSHAKE_BURSTS = 2;
const QUEUE_LENGTH = 128;

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

interface WaitingResponse extends Waiting {
  /** By the oldest rule. */
  readonly cause: BurstRef | null;
  readonly isReused: boolean;
}

/** What a thread read and has not passed on. Once it ran over, nobody is named until it is empty. */
class Queue<T extends Waiting> {
  waiting: T[] = [];
  #hasRunOver = false;

  get hasRunOver(): boolean {
    this.#hasRunOver &&= this.waiting.length > 0;
    return this.#hasRunOver;
  }

  push(entry: T): void {
    this.waiting.push(entry);
    if (this.waiting.length <= QUEUE_LENGTH) return;
    this.waiting.shift();
    this.#hasRunOver = true;
  }

  remove(isGone: (entry: T) => boolean): void {
    this.waiting = this.waiting.filter((entry) => !isGone(entry));
  }
}

/** The client's burst that the thread works for, as far as its reads tell. */
interface LastRead {
  readonly ref: BurstRef;
  /** It caused something. */
  isUsed: boolean;
  /** It was answered behind that: it causes no more. */
  isOver: boolean;
  isAnswered: boolean;
  /** Its upstream was read just now: what is connected next is for it. */
  isResumed: boolean;
}

export class KernelThread {
  readonly #emit: (link: Link) => void;
  readonly #isExact: boolean;
  #client: LastRead | null = null;
  #upstream: BurstRef | null = null;
  readonly #requests = new Queue<Waiting>();
  readonly #responses = new Queue<WaitingResponse>();
  #isClientLast = false;

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
    const ref = client.ref();
    if (!isSame(this.#client?.ref ?? null, ref)) this.#client = lastReadOf(ref);
    if (this.#client !== null) this.#client.isResumed = false;
    this.#isClientLast = true;
    if (isNew) this.#requests.push({ socket: client, ref });
  }

  connect(upstream: ProxySocket): void {
    const isFresh = this.#client !== null && (!this.#client.isUsed || this.#client.isResumed);
    this.#takeCauses(upstream);
    upstream.cause = this.#isExact && !isFresh ? 'doubtful' : 'taken';
  }

  writeUpstream(upstream: ProxySocket): void {
    const isNew = upstream.direction !== 'write';
    upstream.direction = 'write';
    if (isNew) upstream.burst++;
    const isTold = this.#settleCause(upstream, isNew) || isNew;
    const { lastRead, oldest } = upstream;
    if (isTold && (lastRead !== null || oldest !== null))
      this.#tell('request', upstream, lastRead, oldest);
    if (this.#client !== null && isSame(lastRead, this.#client.ref)) this.#client.isUsed = true;
  }

  /** True: a doubtful cause gave way to a client that was read since and caused nothing yet. */
  #settleCause(upstream: ProxySocket, isNew: boolean): boolean {
    const client = this.#client;
    if (isNew && (upstream.cause === 'none' || upstream.burst > 1)) {
      this.#takeCauses(upstream);
      upstream.cause = 'none';
    } else if (upstream.cause === 'taken') {
      upstream.cause = 'none';
    } else if (upstream.cause === 'doubtful' && client !== null && !isSpent(client)) {
      upstream.lastRead = client.ref;
      upstream.cause = 'none';
      client.isUsed = true;
      return true;
    }
    return false;
  }

  readUpstream(upstream: ProxySocket): void {
    const isNew = upstream.direction !== 'read';
    this.#upstream = upstream.ref();
    this.#isClientLast = false;
    if (isNew) {
      upstream.direction = 'read';
      this.#responses.remove(({ socket }) => socket === upstream);
      const { oldest: cause, burst } = upstream;
      this.#responses.push({ socket: upstream, ref: upstream.ref(), cause, isReused: burst > 1 });
    }
    this.#resumeClient(upstream, isNew);
  }

  #resumeClient({ lastRead }: ProxySocket, isNew: boolean): void {
    if (lastRead === null) return;
    const wasResumed = this.#client?.isResumed === true && isSame(this.#client.ref, lastRead);
    const isResumed = isNew || wasResumed;
    this.#client = { ...lastReadOf(lastRead), isUsed: true, isResumed };
  }

  writeClient(client: ProxySocket): void {
    client.direction = 'write';
    if (!client.isUnanswered) return;
    client.isUnanswered = false;
    if (this.#client?.ref.isnPairHash === client.pairHash) {
      this.#client.isResumed = false;
      this.#client.isOver = this.#client.isUsed || client.burst > HANDSHAKE_BURSTS;
      this.#client.isAnswered = true;
    }
    this.#requests.remove(({ socket }) => socket === client);
    const oldest = this.#oldestResponse(client);
    const lastRead = this.#isClientLast ? null : this.#upstream;
    const isProxy = this.#upstream !== null && !this.#responses.hasRunOver;
    if (lastRead !== null || oldest !== null || isProxy)
      this.#tell('response', client, lastRead, oldest);
  }

  /** The one that the client's own request caused is taken, and the first of its group named. */
  #oldestResponse(client: ProxySocket): BurstRef | null {
    const { waiting, hasRunOver } = this.#responses;
    const ref = client.ref();
    const own = client.isTaken ? waiting.find(({ cause }) => isSame(cause, ref)) : undefined;
    const named =
      own === undefined ? waiting[0] : waiting.find(({ isReused }) => isReused === own.isReused);
    const taken = own ?? named;
    if (client.isTaken) this.#responses.remove((each) => each === taken);
    return hasRunOver ? null : (named?.ref ?? null);
  }

  /** Who goes away takes along what waits for it. */
  end(socket: ProxySocket): void {
    if (!this.#isExact) return;
    this.#requests.remove((each) => each.socket === socket);
    this.#responses.remove((each) => each.socket === socket);
  }

  #takeCauses(upstream: ProxySocket): void {
    upstream.lastRead = this.#client === null || this.#client.isOver ? null : this.#client.ref;
    if (this.#client !== null) this.#client.isUsed = true;
    const { hasRunOver } = this.#requests;
    const oldest = this.#requests.waiting.shift();
    upstream.oldest = hasRunOver ? null : (oldest?.ref ?? null);
    if (oldest !== undefined) oldest.socket.isTaken = true;
  }

  #tell(
    side: Link['side'],
    socket: ProxySocket,
    lastRead: BurstRef | null,
    oldest: BurstRef | null,
  ): void {
    this.#emit({ side, subject: socket.ref(), lastRead, oldest });
  }
}

function lastReadOf(ref: BurstRef): LastRead {
  return { ref, isUsed: false, isOver: false, isAnswered: false, isResumed: false };
}

function isSpent({ isUsed, isAnswered }: LastRead): boolean {
  return isUsed || isAnswered;
}

function isSame(a: BurstRef | null, b: BurstRef | null): boolean {
  return a !== null && b !== null && a.isnPairHash === b.isnPairHash && a.burst === b.burst;
}
