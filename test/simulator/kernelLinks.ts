/**
 * Who caused what in a proxy, as the agent's eBPF programs answer it (agent/bpf/proxy_rules.bpf.h): the last
 * burst that a thread read, and the oldest one that it has not yet passed on.
 */
import type { BurstRef, ProxyLinkRecord } from '@hoptrace/domain/wire/v1.ts';

/** A TLS server writes after them, too; the request may have come with the second. */
const HANDSHAKE_BURSTS = 2;

/** A socket of the proxy, as the kernel knows it. */
export class ProxySocket {
  readonly pairHash: string;
  burst = 0;
  direction: 'none' | 'read' | 'write' = 'none';
  isUnanswered = false;
  /** The client's burst left the queue of requests for an upstream. */
  isTaken = false;
  /** A connect() named the causes already; the first write only tells them. */
  hasCause = false;
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

export class KernelThread {
  readonly #emit: (link: Link) => void;
  #client: BurstRef | null = null;
  #upstream: BurstRef | null = null;
  #requests: Waiting[] = [];
  #responses: WaitingResponse[] = [];
  /** The client caused something. */
  #isUsed = false;
  /** It was answered: it causes no more. */
  #isOver = false;
  #isClientLast = false;

  constructor(emit: (link: Link) => void) {
    this.#emit = emit;
  }

  readClient(client: ProxySocket): void {
    const isNew = client.direction !== 'read';
    client.direction = 'read';
    if (isNew) {
      client.burst++;
      client.isUnanswered = true;
      client.isTaken = false;
    }
    if (this.#client === null || !isSame(this.#client, client.ref())) {
      this.#client = client.ref();
      this.#isUsed = false;
      this.#isOver = false;
    }
    this.#isClientLast = true;
    if (isNew) this.#requests.push({ socket: client, ref: client.ref() });
  }

  connect(upstream: ProxySocket): void {
    this.#takeCauses(upstream);
    upstream.hasCause = true;
  }

  writeUpstream(upstream: ProxySocket): void {
    const isNews = upstream.direction !== 'write';
    upstream.direction = 'write';
    if (!isNews) return;
    upstream.burst++;
    if (!upstream.hasCause) this.#takeCauses(upstream);
    upstream.hasCause = false;
    const { lastRead, oldest } = upstream;
    if (lastRead !== null || oldest !== null) this.#tell('request', upstream, lastRead, oldest);
  }

  readUpstream(upstream: ProxySocket): void {
    this.#upstream = upstream.ref();
    this.#isClientLast = false;
    if (upstream.direction !== 'read') {
      upstream.direction = 'read';
      this.#responses = this.#responses.filter((each) => each.socket !== upstream);
      const { oldest: cause, burst } = upstream;
      const isReused = burst > 1;
      this.#responses.push({ socket: upstream, ref: upstream.ref(), cause, isReused });
    }
    if (upstream.lastRead === null) return;
    this.#client = upstream.lastRead;
    this.#isUsed = true;
    this.#isOver = false;
  }

  writeClient(client: ProxySocket): void {
    client.direction = 'write';
    if (!client.isUnanswered) return;
    client.isUnanswered = false;
    if (this.#client?.isnPairHash === client.pairHash)
      this.#isOver = this.#isUsed || client.burst > HANDSHAKE_BURSTS;
    this.#requests = this.#requests.filter((each) => each.socket !== client);
    const oldest = this.#oldestResponse(client);
    const lastRead = this.#isClientLast ? null : this.#upstream;
    if (lastRead !== null || oldest !== null || this.#upstream !== null)
      this.#tell('response', client, lastRead, oldest);
  }

  /** The one that the client's own request caused is taken, and the first of its group named. */
  #oldestResponse(client: ProxySocket): BurstRef | null {
    if (!client.isTaken) return this.#responses[0]?.ref ?? null;
    const ref = client.ref();
    const own = this.#responses.find(({ cause }) => cause !== null && isSame(cause, ref));
    if (own === undefined) return this.#responses.shift()?.ref ?? null;
    const first = this.#responses.find(({ isReused }) => isReused === own.isReused);
    this.#responses = this.#responses.filter((each) => each !== own);
    return first?.ref ?? null;
  }

  #takeCauses(upstream: ProxySocket): void {
    upstream.lastRead = this.#isOver ? null : this.#client;
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
    this.#emit({ side, subject: socket.ref(), lastRead, oldest });
  }
}

function isSame(a: BurstRef, b: BurstRef): boolean {
  return a.isnPairHash === b.isnPairHash && a.burst === b.burst;
}
