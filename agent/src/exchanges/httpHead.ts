/**
 * What may be kept of a captured HTTP head. Nothing is removed from a text here: the few fields below are taken out
 * of it, and the text is dropped. Paths, query strings, Authorization, Cookie, Set-Cookie and bodies are never read.
 */

export interface RequestHead {
  readonly kind: 'request';
  readonly protocol: 'http1' | 'http2';
  readonly method: string;
  /** As sent: to be hashed before it goes anywhere. */
  readonly requestId: string | null;
  /** Of the traceparent, 32 hex digits: to be hashed before it goes anywhere. */
  readonly traceId: string | null;
}

export interface ResponseHead {
  readonly kind: 'response';
  readonly protocol: 'http1';
  readonly status: number;
}

const REQUEST_LINE = /^([A-Z]{3,8}) \S+ HTTP\/1\.[01]\r\n/;
/** A request target may be longer than what was captured: then the line has no end, and no headers follow. */
const CUT_REQUEST_LINE = /^(GET|PUT|POST|HEAD|DELETE|PATCH|OPTIONS) \/\S*$/;
const STATUS_LINE = /^HTTP\/1\.[01] ([1-5]\d\d)[ \r]/;
const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const REQUEST_ID = /^[\x21-\x7e]{1,256}$/;
const TRACE_PARENT = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;
const decoder = new TextDecoder('latin1');

/** Null where the bytes begin no head. A header that the capture cut off is not read. */
export function parseHttpHead(bytes: Uint8Array): RequestHead | ResponseHead | null {
  const text = decoder.decode(bytes);
  const status = STATUS_LINE.exec(text)?.[1];
  if (status !== undefined) return { kind: 'response', protocol: 'http1', status: Number(status) };
  if (text.startsWith(HTTP2_PREFACE))
    return { kind: 'request', protocol: 'http2', method: '', requestId: null, traceId: null };
  const method = (REQUEST_LINE.exec(text) ?? CUT_REQUEST_LINE.exec(text))?.[1];
  if (method === undefined) return null;
  const end = text.indexOf('\r\n\r\n');
  // Without its end the last line may be cut; split leaves it last.
  const lines = text
    .slice(0, end < 0 ? undefined : end)
    .split('\r\n')
    .slice(1, end < 0 ? -1 : undefined);
  const requestId = only(lines, 'x-request-id');
  return {
    kind: 'request',
    protocol: 'http1',
    method,
    requestId: requestId !== null && REQUEST_ID.test(requestId) ? requestId : null,
    traceId: TRACE_PARENT.exec(only(lines, 'traceparent') ?? '')?.[1] ?? null,
  };
}

/** A header that comes twice says nothing: which of them the server believes is its own affair. */
function only(lines: readonly string[], name: string): string | null {
  const prefix = `${name}:`;
  const found = lines.filter((line) => line.slice(0, prefix.length).toLowerCase() === prefix);
  return found.length === 1 ? (found[0]?.slice(prefix.length).trim() ?? null) : null;
}
