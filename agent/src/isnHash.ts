/**
 * Whoever knows both sequence numbers of a live connection can inject into it, so raw ISNs never leave the agent:
 * records carry HMAC-SHA256(cluster secret, label, ISN as u32 big endian …) cut to 64 bits. All agents of a cluster
 * share the secret, so the same connection gets the same hashes on every node; without the secret 2^32 guesses
 * do not help. Distinct labels keep client, server and pair hashes unrelated.
 */
import { createHmac } from 'node:crypto';

const LABELS = {
  client: 'hoptrace/v1/client-isn',
  server: 'hoptrace/v1/server-isn',
  pair: 'hoptrace/v1/isn-pair',
} as const;

/** One connection is hashed once per tap and revision; this many answers are remembered. */
const CACHE_ENTRIES = 8_192;

export interface ConnectionHashes {
  readonly serverIsn: number | null;
  readonly client: string;
  readonly server: string | null;
  readonly pair: string | null;
}

export class IsnHasher {
  readonly #secret: Uint8Array;
  readonly #cache = new Map<string, string>();
  /** By client ISN. */
  readonly #connections = new Map<number, ConnectionHashes>();

  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  /** 16 hex digits, never all zeroes (which mean null on the wire). ISNs are host-order u32. */
  client(clientIsn: number): string {
    return this.#hash('client', [clientIsn]);
  }

  server(serverIsn: number): string {
    return this.#hash('server', [serverIsn]);
  }

  pair(clientIsn: number, serverIsn: number): string {
    return this.#hash('pair', [clientIsn, serverIsn]);
  }

  /** All three of a connection; null for those that take the server's ISN while it is unknown. */
  connection(clientIsn: number, serverIsn: number | null): ConnectionHashes {
    const known = this.#connections.get(clientIsn);
    if (known !== undefined && known.serverIsn === serverIsn) return known;
    const hashes = {
      serverIsn,
      client: this.client(clientIsn),
      server: serverIsn === null ? null : this.server(serverIsn),
      pair: serverIsn === null ? null : this.pair(clientIsn, serverIsn),
    };
    if (this.#connections.size >= CACHE_ENTRIES) this.#connections.clear();
    this.#connections.set(clientIsn, hashes);
    return hashes;
  }

  #hash(label: keyof typeof LABELS, isns: readonly number[]): string {
    const key = `${label} ${isns.join(' ')}`;
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    const input = new DataView(new ArrayBuffer(4 * isns.length));
    for (const [index, isn] of isns.entries()) input.setUint32(index * 4, isn);
    const digest = createHmac('sha256', this.#secret)
      .update(`${LABELS[label]}\0`)
      .update(new Uint8Array(input.buffer))
      .digest();
    const hash = nonZero(digest.subarray(0, 8).toString('hex'));
    if (this.#cache.size >= CACHE_ENTRIES) this.#cache.clear();
    this.#cache.set(key, hash);
    return hash;
  }
}

function nonZero(hash: string): string {
  return /^0+$/.test(hash) ? '0000000000000001' : hash;
}
