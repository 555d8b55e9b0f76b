/**
 * Whoever knows both sequence numbers of a live connection can inject into it, so raw ISNs never leave the agent:
 * records carry SipHash-2-4 of them, under keys made from the cluster's secret. All agents of a cluster share the
 * secret, so the same connection gets the same hashes on every node; without the secret 2^32 guesses do not help.
 * Distinct keys keep client, server and pair hashes unrelated. Agents must agree on all of this: another way of hashing
 * needs other labels, and joins nothing while old and new agents run side by side.
 */
import { createHmac } from 'node:crypto';
import { SipHash } from './sipHash.ts';

const LABELS = {
  client: 'hoptrace/v2/client-isn',
  server: 'hoptrace/v2/server-isn',
  pair: 'hoptrace/v2/isn-pair',
} as const;

const KEY_BYTES = 16;
/**
 * One connection is hashed once for all its taps, mostly; this many are remembered. With more of them the garbage
 * collector works longer than the hashing takes.
 */
const CACHE_ENTRIES = 1_024;

/**
 * Keyed hashes of one connection. As numbers they are two words each, in the order of their hex digits,
 * signed: V8 makes an object of each number above 2^31.
 */
export class ConnectionHashes {
  readonly serverIsn: number | null;
  readonly clientHigh: number;
  readonly clientLow: number;
  readonly serverHigh: number;
  readonly serverLow: number;
  readonly pairHigh: number;
  readonly pairLow: number;

  constructor(
    keyed: Readonly<Record<keyof typeof LABELS, SipHash>>,
    client: number,
    server: number | null,
  ) {
    this.serverIsn = server;
    keyed.client.hash(client, null);
    this.clientHigh = keyed.client.high;
    this.clientLow = nonZeroLow(keyed.client);
    if (server === null) {
      this.serverHigh = this.serverLow = this.pairHigh = this.pairLow = 0;
      return;
    }
    keyed.server.hash(server, null);
    this.serverHigh = keyed.server.high;
    this.serverLow = nonZeroLow(keyed.server);
    keyed.pair.hash(client, server);
    this.pairHigh = keyed.pair.high;
    this.pairLow = nonZeroLow(keyed.pair);
  }

  /** 16 hex digits, never all zeroes (which mean null on the wire). */
  get client(): string {
    return hex64(this.clientHigh, this.clientLow);
  }

  /** Null while the server's ISN is unknown; so is the pair's. */
  get server(): string | null {
    return this.serverIsn === null ? null : hex64(this.serverHigh, this.serverLow);
  }

  get pair(): string | null {
    return this.serverIsn === null ? null : hex64(this.pairHigh, this.pairLow);
  }
}

export class IsnHasher {
  readonly #keyed: Readonly<Record<keyof typeof LABELS, SipHash>>;
  /** By client ISN, signed. */
  readonly #connections = new Map<number, ConnectionHashes>();

  constructor(secret: Uint8Array) {
    this.#keyed = {
      client: keyedBy(secret, LABELS.client),
      server: keyedBy(secret, LABELS.server),
      pair: keyedBy(secret, LABELS.pair),
    };
  }

  /** 16 hex digits. ISNs are host-order u32. */
  client(clientIsn: number): string {
    return this.connection(clientIsn, null).client;
  }

  server(serverIsn: number): string {
    return this.connection(0, serverIsn).server ?? '';
  }

  pair(clientIsn: number, serverIsn: number): string {
    return this.connection(clientIsn, serverIsn).pair ?? '';
  }

  connection(clientIsn: number, serverIsn: number | null): ConnectionHashes {
    const known = this.#connections.get(clientIsn | 0);
    if (known !== undefined && known.serverIsn === serverIsn) return known;
    const hashes = new ConnectionHashes(this.#keyed, clientIsn, serverIsn);
    if (this.#connections.size >= CACHE_ENTRIES) this.#connections.clear();
    this.#connections.set(clientIsn | 0, hashes);
    return hashes;
  }
}

/** A key of its own for each label, so that one secret serves all. */
function keyedBy(secret: Uint8Array, label: string): SipHash {
  return new SipHash(createHmac('sha256', secret).update(label).digest().subarray(0, KEY_BYTES));
}

function nonZeroLow({ high, low }: SipHash): number {
  return high === 0 && low === 0 ? 1 : low;
}

function hex64(high: number, low: number): string {
  const hex32 = (word: number) => (word >>> 0).toString(16).padStart(8, '0');
  return hex32(high) + hex32(low);
}
