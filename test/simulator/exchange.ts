/** Requests and responses as bytes on a connection: what a tap can see of them. */
import type { Random } from './random.ts';

export interface ExchangePlan {
  /** Of response bodies: 0 to 2 kB, or all the same. */
  readonly sizes: 'uniform' | 'equal';
  /** Clients speak TLS up to the ingress; what is behind it is plain. */
  readonly isTls: boolean;
  /** `fixed`: some clients send one and the same id with every request, the others a new one. */
  readonly requestIds: 'none' | 'unique' | 'fixed';
}

export interface SimRequest {
  readonly bytes: number;
  readonly requestId: string | null;
  /** Hash of its first bytes: equal requests have equal ones. */
  readonly contentHash: string;
  /** Of HTTP/2, and no request: what the ends of a connection tell each other. */
  readonly frame?: 'preface' | 'ack' | 'end';
}

/** One request burst and the response burst to it. Times true, by tap. */
export interface SimExchange {
  readonly burst: number;
  readonly requestOffset: number;
  readonly requestBytes: number;
  readonly requestId: string | null;
  readonly requestNs: readonly number[];
  requestLastNs: readonly number[];
  responseOffset: number;
  responseBytes: number;
  responseNs: readonly number[];
  responseLastNs: readonly number[];
}

/** What a connection carries. */
export interface Carrier {
  readonly exchanges: SimExchange[];
  isTls: boolean;
  /** Of the ClientHello random, or of the first request. */
  firstFlightHash: string | null;
  /** Length of the PROXY header before the first request. */
  prefaceBytes: number;
}

/** 10 Gbit/s. */
const BYTE_NS = 0.8;
/** Header, type and tag of one TLS 1.3 record. */
const TLS_BYTES = 22;
const RESPONSE_HEAD_BYTES = 120;
const REQUEST_HEAD_BYTES = 180;
const URLS = 20;
const FIXED_ID = 'feedfacefeedface';

export function drawRequest(random: Random, plan: ExchangePlan): SimRequest {
  const url = random.below(URLS);
  const kind = plan.requestIds;
  const isFixed = kind === 'fixed' && random.chance(0.3);
  const ownId = kind === 'none' ? null : random.hash64();
  const content = (url + 1).toString(16).padStart(16, '0');
  return {
    bytes: REQUEST_HEAD_BYTES + url,
    requestId: isFixed ? FIXED_ID : ownId,
    // An id of its own makes the head a head of its own.
    contentHash: ownId === null || isFixed ? content : random.hash64(),
  };
}

export function drawResponseBytes(random: Random, plan: ExchangePlan): number {
  return RESPONSE_HEAD_BYTES + (plan.sizes === 'equal' ? 1000 : random.below(2000));
}

/** TLS up to the ingress: the ClientHello's random is the connection's own. */
export function secure(random: Random, plan: ExchangePlan, connection: Carrier): void {
  if (!plan.isTls) return;
  connection.isTls = true;
  connection.firstFlightHash = random.hash64();
}

/** As an HTTP proxy sends it on: with headers of its own, the id as it was. */
export function forwarded(request: SimRequest): SimRequest {
  const contentHash = `f${request.contentHash.slice(1)}`;
  return { ...request, bytes: request.bytes + 61, contentHash };
}

/** `passedNs`: when its first byte passed each tap. */
export function beginExchange(
  connection: Carrier,
  request: SimRequest,
  passedNs: readonly number[],
): void {
  const before = connection.exchanges.at(-1);
  const requestBytes = request.bytes + (connection.isTls ? TLS_BYTES : 0);
  if (before === undefined && !connection.isTls) connection.firstFlightHash ??= request.contentHash;
  connection.exchanges.push({
    burst: (before?.burst ?? 0) + 1,
    requestOffset:
      before === undefined ? connection.prefaceBytes : before.requestOffset + before.requestBytes,
    requestBytes,
    requestId: request.requestId,
    requestNs: passedNs,
    requestLastNs: passedNs.map((ns) => ns + Math.round(requestBytes * BYTE_NS)),
    responseOffset: before === undefined ? 0 : before.responseOffset + before.responseBytes,
    responseBytes: 0,
    responseNs: [],
    responseLastNs: [],
  });
}

export function answerExchange(
  connection: Carrier,
  bytes: number,
  passedNs: readonly number[],
): void {
  const exchange = connection.exchanges.at(-1);
  if (exchange === undefined || exchange.responseNs.length > 0) return;
  exchange.responseBytes = bytes + (connection.isTls ? TLS_BYTES : 0);
  exchange.responseNs = passedNs;
  exchange.responseLastNs = passedNs.map((ns) => ns + Math.round(exchange.responseBytes * BYTE_NS));
  // Answered before the rest of the request came: that is no part of this burst.
  const isEarly = exchange.requestLastNs.some((ns, index) => ns > (passedNs[index] ?? ns));
  if (isEarly) exchange.requestLastNs = exchange.requestNs;
}

/** The rest of the request comes later by so much. */
export function delayLastByte(connection: Carrier, byNs: number): void {
  const exchange = connection.exchanges.at(-1);
  if (exchange === undefined) return;
  exchange.requestLastNs = exchange.requestLastNs.map((ns) => ns + byNs);
}
