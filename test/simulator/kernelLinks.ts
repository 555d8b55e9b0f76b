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

export class KernelThread {
  readonly #emit: (link: Link) => void;
  #client: BurstRef | null = null;
  #upstream: BurstRef | null = null;
  #requests: Waiting[] = [];
  #responses: Waiting[] = [];

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
    this.#client = client.ref();
    const isWaiting = this.#requests.some((each) => each.socket === client);
    if (!isNew && !isWaiting) return;
    this.#requests = this.#requests.filter((each) => each.socket !== client);
    this.#requests.push({ socket: client, ref: client.ref() });
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
    this.#tell('request', upstream, upstream.lastRead, upstream.oldest);
  }

  readUpstream(upstream: ProxySocket): void {
    this.#upstream = upstream.ref();
    if (upstream.direction !== 'read') {
      upstream.direction = 'read';
      this.#responses = this.#responses.filter((each) => each.socket !== upstream);
      this.#responses.push({ socket: upstream, ref: upstream.ref() });
    }
    if (upstream.lastRead !== null) this.#client = upstream.lastRead;
  }

  writeClient(client: ProxySocket): void {
    client.direction = 'write';
    if (!client.isUnanswered) return;
    client.isUnanswered = false;
    this.#requests = this.#requests.filter((each) => each.socket !== client);
    const oldest = client.isTaken ? this.#responses.shift() : this.#responses[0];
    this.#tell('response', client, this.#upstream, oldest?.ref ?? null);
  }

  #takeCauses(upstream: ProxySocket): void {
    upstream.lastRead = this.#client;
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
