import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { tupleOf } from '../testPackets.ts';
import { parseProxyHeader } from './proxyHeader.ts';

const text = (value: string) => new TextEncoder().encode(value);
const SIGNATURE = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10];
const v2 = (...rest: number[]) => Uint8Array.from([...SIGNATURE, ...rest]);

test('v1 names client and dialled address', () => {
  expect(
    parseProxyHeader(text('PROXY TCP4 203.0.113.10 203.0.113.2 51234 443\r\nGET / HTTP/1.1')),
  ).toEqual({
    version: 1,
    command: 'proxy',
    claimed: tupleOf('203.0.113.10:51234>203.0.113.2:443'),
  });
  expect(parseProxyHeader(text('PROXY TCP6 2001:DB8::A 2001:db8::b 1 65535\r\n'))?.claimed).toEqual(
    tupleOf('2001:db8::a:1>2001:db8::b:65535'),
  );
});

test('v1 UNKNOWN claims nothing', () => {
  const unknown = { version: 1, command: 'proxy', claimed: null };
  expect(parseProxyHeader(text('PROXY UNKNOWN\r\n'))).toEqual(unknown);
  expect(parseProxyHeader(text('PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n'))).toEqual(unknown);
});

test.each([
  'PROXY TCP4 203.0.113.10 203.0.113.2 51234 443',
  'PROXY TCP4 203.0.113.10 203.0.113.2 51234 65536\r\n',
  'PROXY TCP4 203.0.113.10 203.0.113.2 051 443\r\n',
  'PROXY TCP4 ::1 ::2 1 2\r\n',
  'PROXY TCP6 1.2.3.4 1.2.3.5 1 2\r\n',
  'PROXY TCP4 203.0.113.300 203.0.113.2 1 2\r\n',
  'PROXY TCP5 1.2.3.4 1.2.3.5 1 2\r\n',
  `PROXY UNKNOWN ${'x'.repeat(100)}\r\n`,
  'GET / HTTP/1.1\r\n',
  '',
])('is no header: %j', (value) => {
  expect(parseProxyHeader(text(value))).toBeNull();
});

test('v2 over IPv4 and IPv6, TLVs announced but not captured', () => {
  expect(
    parseProxyHeader(
      v2(0x21, 0x11, 0, 30, 203, 0, 113, 10, 203, 0, 113, 2, 0xc8, 0x22, 0x01, 0xbb),
    ),
  ).toEqual({
    version: 2,
    command: 'proxy',
    claimed: tupleOf('203.0.113.10:51234>203.0.113.2:443'),
  });
  const ip6 = (last: number) => [0x20, 0x01, 0x0d, 0xb8, ...Array<number>(11).fill(0), last];
  expect(
    parseProxyHeader(v2(0x21, 0x21, 0, 36, ...ip6(1), ...ip6(2), 0, 80, 0, 81))?.claimed,
  ).toEqual(tupleOf('2001:db8::1:80>2001:db8::2:81'));
});

test('v2 LOCAL, UNSPEC and datagrams claim nothing', () => {
  expect(parseProxyHeader(v2(0x20, 0x00, 0, 0))).toEqual({
    version: 2,
    command: 'local',
    claimed: null,
  });
  expect(parseProxyHeader(v2(0x21, 0x00, 0, 0))?.claimed).toBeNull();
  expect(parseProxyHeader(v2(0x21, 0x12, 0, 12))?.claimed).toBeNull();
});

test('v2 of another version, an unknown command or cut addresses is no header', () => {
  expect(parseProxyHeader(v2(0x31, 0x11, 0, 12))).toBeNull();
  expect(parseProxyHeader(v2(0x22, 0x11, 0, 12))).toBeNull();
  expect(parseProxyHeader(v2(0x21, 0x11, 0, 12, 1, 2, 3))).toBeNull();
  expect(parseProxyHeader(v2(0x21, 0x11, 0, 11, ...Array<number>(12).fill(1)))).toBeNull();
});

test('never throws', () => {
  fc.assert(
    fc.property(
      fc.constantFrom([], SIGNATURE, [...text('PROXY TCP4 ')]),
      fc.uint8Array({ maxLength: 108 }),
      (head, rest) => {
        const header = parseProxyHeader(Uint8Array.from([...head, ...rest]));
        if (header !== null) expect([1, 2]).toContain(header.version);
      },
    ),
  );
});
