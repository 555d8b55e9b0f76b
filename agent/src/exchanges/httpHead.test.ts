import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseHttpHead } from './httpHead.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const TRACE = '0af7651916cd43dd8448eb211c80319c';

test('method and both ids of a request are read, whatever the case of the names', () => {
  const head = `GET /a?token=s3cret HTTP/1.1\r\nHost: x\r\nx-request-ID:  abc-1 \r\nTraceParent: 00-${TRACE}-b7ad6b7169203331-01\r\n\r\nx-request-id: body`;
  expect(parseHttpHead(bytes(head))).toEqual({
    kind: 'request',
    protocol: 'http1',
    method: 'GET',
    requestId: 'abc-1',
    traceId: TRACE,
  });
});

test('nothing but these fields leaves the parser, whatever else was in the head', () => {
  const secrets = ['s3cret', 'hunter2', 'c00kie'];
  const head = `POST /login?password=s3cret HTTP/1.1\r\nAuthorization: Bearer hunter2\r\nCookie: c00kie\r\nX-Request-ID: 1\r\n\r\ns3cret`;
  const said = JSON.stringify(parseHttpHead(bytes(head)));
  expect(said).toContain('POST');
  for (const secret of secrets) expect(said).not.toContain(secret);
});

test('a header that the capture cut off is not read', () => {
  const cut = 'GET / HTTP/1.1\r\nHost: x\r\nX-Request-ID: abc';
  expect(parseHttpHead(bytes(cut))).toMatchObject({ method: 'GET', requestId: null });
  expect(parseHttpHead(bytes(`GET /${'a'.repeat(507)}`))).toMatchObject({ method: 'GET' });
});

test('an id that comes twice, or is none, is no id', () => {
  const idOf = (headers: string) => {
    const head = parseHttpHead(bytes(`GET / HTTP/1.1\r\n${headers}\r\n\r\n`));
    return head?.kind === 'request' ? [head.requestId, head.traceId] : null;
  };
  expect(idOf('X-Request-ID: a\r\nX-Request-ID: b')).toEqual([null, null]);
  expect(idOf('X-Request-ID: a b')).toEqual([null, null]);
  expect(idOf(`traceparent: 00-${'0'.repeat(32)}-b7ad6b7169203331-01`)).toEqual([null, null]);
});

test('status of a response; the preface of HTTP/2; anything else is no head', () => {
  const response = { kind: 'response', protocol: 'http1', status: 404 };
  expect(parseHttpHead(bytes('HTTP/1.1 404 Not Found\r\nSet-Cookie: a\r\n'))).toEqual(response);
  expect(parseHttpHead(bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'))).toMatchObject({
    protocol: 'http2',
  });
  expect(parseHttpHead(bytes('GETTING / things'))).toBeNull();
});

test('any bytes give a head or null', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 512 }), (any) => {
      for (const start of ['', 'GET / HTTP/1.1\r\n', 'HTTP/1.1 2'])
        parseHttpHead(Uint8Array.from([...bytes(start), ...any]));
    }),
  );
});
