/**
 * What sockets of this machine read and wrote at the beginning of bursts, until the exchange comes that began so.
 * Both carry the sequence number of the burst's first byte, and what its sender had received by then.
 */
import { createHmac } from 'node:crypto';
import type { ExchangeRecord } from '@hoptrace/domain/wire/v1.ts';
import type { ExchangeFrame, FlightFrame, HeadFrame } from '../frames/frame.ts';
import { parseHttpHead } from './httpHead.ts';

export type Content = Pick<
  ExchangeRecord,
  'method' | 'status' | 'requestIdHash' | 'traceIdHash' | 'protocol' | 'firstFlightHash'
>;

const NOTHING: Content = {
  method: '',
  status: 0,
  requestIdHash: null,
  traceIdHash: null,
  protocol: 'raw',
  firstFlightHash: null,
};
/** A second of 5,000 requests at three sockets. When there are more, the oldest go. */
const MAX_ENTRIES = 16_384;
const HASH_HEX_DIGITS = 16;
const NO_HASH = '0'.repeat(HASH_HEX_DIGITS);

interface Entry {
  readonly ack: number;
  readonly content: Partial<Content>;
}

export class ContentIndex {
  readonly #secret: Uint8Array;
  /** By the sequence number of the first byte; requests, which clients send, and responses, which servers do. */
  readonly #requests = new Map<number, Entry>();
  readonly #responses = new Map<number, Entry>();

  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  addFlight({ seq, ack, random }: FlightFrame): void {
    const firstFlightHash = this.#hash('client-hello', random);
    keep(this.#requests, seq, { ack, content: { protocol: 'tls', firstFlightHash } });
  }

  addHead({ seq, ack, bytes }: HeadFrame): void {
    const head = parseHttpHead(bytes);
    if (head === null) return;
    if (head.kind === 'response') {
      const { protocol, status } = head;
      keep(this.#responses, seq, { ack, content: { protocol, status } });
      return;
    }
    const { protocol, method, requestId, traceId } = head;
    const content = {
      protocol,
      method,
      requestIdHash: requestId === null ? null : this.#hash('request-id', Buffer.from(requestId)),
      traceIdHash: traceId === null ? null : this.#hash('trace-id', Buffer.from(traceId, 'hex')),
    };
    keep(this.#requests, seq, { ack, content });
  }

  /** What is known of the exchange, which stays known: other taps have it too. */
  of(exchange: ExchangeFrame): Content {
    if (this.#requests.size === 0 && this.#responses.size === 0) return NOTHING;
    const request = (exchange.clientIsn + 1 + exchange.requestOffset) >>> 0;
    const response = (exchange.serverIsn + 1 + exchange.responseOffset) >>> 0;
    const asked = this.#requests.get(request);
    const answered = this.#responses.get(response);
    return {
      ...NOTHING,
      // The client had received all before this response, and the server part of this request at least.
      ...(answered !== undefined && isWithin(answered.ack, request, exchange.requestBytes)
        ? answered.content
        : {}),
      ...(asked?.ack === response ? asked.content : {}),
    };
  }

  #hash(label: string, bytes: Uint8Array): string {
    const hmac = createHmac('sha256', this.#secret).update(`hoptrace/v1/${label}\0`).update(bytes);
    const hash = hmac.digest('hex').slice(0, HASH_HEX_DIGITS);
    return hash === NO_HASH ? `${NO_HASH.slice(1)}1` : hash;
  }
}

/** Sequence numbers wrap. The byte behind the last one counts. */
function isWithin(seq: number, start: number, bytes: number): boolean {
  const offset = (seq - start) >>> 0;
  return offset > 0 && offset <= bytes;
}

function keep(entries: Map<number, Entry>, seq: number, entry: Entry): void {
  entries.delete(seq);
  entries.set(seq, entry);
  if (entries.size <= MAX_ENTRIES) return;
  const [oldest] = entries.keys();
  if (oldest !== undefined) entries.delete(oldest);
}
