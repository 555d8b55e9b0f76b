/**
 * Whoever knows both sequence numbers of a live connection can inject into it, so raw ISNs never leave the agent:
 * records carry HMAC-SHA256(cluster secret, label, ISN as u32 big endian …) cut to 64 bits. All agents of a cluster
 * share the secret, so the same connection gets the same hashes on every node; without the secret 2^32 guesses
 * do not help. Distinct labels keep client, server and pair hashes unrelated.
 */
import { createHash } from 'node:crypto';
import { ShortHmac } from './hmac.ts';

const LABELS = {
  client: 'hoptrace/v1/client-isn',
  server: 'hoptrace/v1/server-isn',
  pair: 'hoptrace/v1/isn-pair',
} as const;

const MAX_KEY_BYTES = 64;
/** One connection is hashed once for all its taps and revisions; this many are remembered. */
const CACHE_ENTRIES = 8_192;

export interface ConnectionHashes {
  readonly serverIsn: number | null;
  readonly client: string;
  readonly server: string | null;
  readonly pair: string | null;
}

export class IsnHasher {
  readonly #hmac: ShortHmac;
  readonly #messages: Readonly<Record<keyof typeof LABELS, Uint8Array>>;
  /** By client ISN. */
  readonly #connections = new Map<number, ConnectionHashes>();

  constructor(secret: Uint8Array) {
    const isLong = secret.length > MAX_KEY_BYTES;
    this.#hmac = new ShortHmac(isLong ? createHash('sha256').update(secret).digest() : secret);
    this.#messages = {
      client: messageOf(LABELS.client, 1),
      server: messageOf(LABELS.server, 1),
      pair: messageOf(LABELS.pair, 2),
    };
  }

  /** 16 hex digits, never all zeroes (which mean null on the wire). ISNs are host-order u32. */
  client(clientIsn: number): string {
    return this.#hash('client', clientIsn);
  }

  server(serverIsn: number): string {
    return this.#hash('server', serverIsn);
  }

  pair(clientIsn: number, serverIsn: number): string {
    return this.connection(clientIsn, serverIsn).pair ?? '';
  }

  /** All three of a connection; null for those that take the server's ISN while it is unknown. */
  connection(clientIsn: number, serverIsn: number | null): ConnectionHashes {
    const known = this.#connections.get(clientIsn);
    if (known !== undefined && known.serverIsn === serverIsn) return known;
    const hashes = {
      serverIsn,
      client: known?.client ?? this.client(clientIsn),
      server: serverIsn === null ? null : this.server(serverIsn),
      pair: serverIsn === null ? null : this.#hash('pair', clientIsn, serverIsn),
    };
    if (this.#connections.size >= CACHE_ENTRIES) this.#connections.clear();
    this.#connections.set(clientIsn, hashes);
    return hashes;
  }

  #hash(label: keyof typeof LABELS, first: number, second?: number): string {
    const message = this.#messages[label];
    const view = new DataView(message.buffer);
    const at = LABELS[label].length + 1;
    view.setUint32(at, first);
    if (second !== undefined) view.setUint32(at + 4, second);
    return nonZero(this.#hmac.hex64(message));
  }
}

/** Label, zero byte, and place for the numbers. */
function messageOf(label: string, numbers: number): Uint8Array {
  const message = new Uint8Array(label.length + 1 + 4 * numbers);
  message.set(new TextEncoder().encode(label));
  return message;
}

function nonZero(hash: string): string {
  return hash === '0000000000000000' ? '0000000000000001' : hash;
}
