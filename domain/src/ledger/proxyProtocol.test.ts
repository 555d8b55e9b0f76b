import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { crc32c } from './crc32c.ts';
import { parseProxyProtocol } from './proxyProtocol.ts';

const text = (value: string) => new TextEncoder().encode(value);
const SIGNATURE = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10];
const V4 = [203, 0, 113, 10, 203, 0, 113, 2, 0xc8, 0x22, 0x01, 0xbb];
const CLAIMED = {
  src: { ip: '203.0.113.10', port: 51234 },
  dst: { ip: '203.0.113.2', port: 443 },
};
const tlv = (type: number, ...value: number[]) => [
  type,
  value.length >> 8,
  value.length & 0xff,
  ...value,
];
/** Version, command, family and a body whose length is announced as it is. */
function v2(command: number, family: number, ...body: number[]): Uint8Array {
  return Uint8Array.from([
    ...SIGNATURE,
    command,
    family,
    body.length >> 8,
    body.length & 0xff,
    ...body,
  ]);
}
/** Ends with a CRC32C field that is right. */
function withChecksum(...tlvs: number[]): Uint8Array {
  const bytes = v2(0x21, 0x11, ...V4, ...tlvs, ...tlv(3, 0, 0, 0, 0));
  new DataView(bytes.buffer).setUint32(bytes.length - 4, crc32c(bytes));
  return bytes;
}
const header = (bytes: Uint8Array, extent: 'whole' | 'prefix' = 'whole') => {
  const parsed = parseProxyProtocol(bytes, extent);
  return parsed.ok ? parsed.header : parsed.problem;
};

test('CRC-32C of the check string and of RFC 3720 B.4', () => {
  expect(crc32c(text('123456789'))).toBe(0xe306_9283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a91_36aa);
});

test('v1 ends at its CR LF; the payload is left alone', () => {
  const line = 'PROXY TCP4 203.0.113.10 203.0.113.2 51234 443\r\n';
  expect(header(text(`${line}GET / HTTP/1.1\r\n`))).toEqual({
    version: 1,
    command: 'proxy',
    family: 'inet',
    claimed: CLAIMED,
    tlvs: [],
    headerBytes: line.length,
    isWhole: true,
  });
});

test('v1 with IPv6, and UNKNOWN with anything behind it', () => {
  expect(header(text('PROXY TCP6 2001:DB8::A ::1 1 65535\r\n'))).toMatchObject({
    family: 'inet6',
    claimed: { src: { ip: '2001:db8::a', port: 1 }, dst: { ip: '::1', port: 65535 } },
  });
  const longest = `PROXY UNKNOWN ${'f'.repeat(107 - 16)}\r\n`;
  expect(longest).toHaveLength(107);
  expect(header(text(longest))).toMatchObject({
    family: 'unspec',
    claimed: null,
    headerBytes: 107,
  });
  expect(header(text(longest.replace('\r\n', 'f\r\n')))).toMatchObject({ field: 'line' });
});

test.each([
  ['PROXY TCP4 203.0.113.10 203.0.113.2 51234 65536\r\n', 'destination port', '65536'],
  ['PROXY TCP4 203.0.113.10 203.0.113.2 051 443\r\n', 'source port', '051'],
  ['PROXY TCP4 203.0.113.300 203.0.113.2 1 2\r\n', 'source address', '203.0.113.300'],
  ['PROXY TCP4 203.0.113.3 ::1 1 2\r\n', 'destination address', '::1'],
  ['PROXY TCP6 1.2.3.4 ::1 1 2\r\n', 'source address', '1.2.3.4'],
  ['PROXY TCP5 1.2.3.4 1.2.3.5 1 2\r\n', 'protocol', 'TCP5'],
  ['PROXY toString 1.2.3.4 1.2.3.5 1 2\r\n', 'protocol', 'toString'],
  ['PROXY TCP4  1.2.3.4 1.2.3.5 1 2\r\n', 'line', 'PROXY TCP4  1.2.3.4 1.2.3.5 1 2'],
  ['PROXY TCP4 1.2.3.4 1.2.3.5 1 2', 'line', 'PROXY TCP4 1.2.3.4 1.2.3.5 1 2'],
  ['GET / HTTP/1.1\r\n', 'signature', '474554202f20485454502f31'],
  ['', 'signature', ''],
])('v1 %j: problem in %s', (line, field, value) => {
  expect(header(text(line))).toMatchObject({ field, value });
});

test('v2 over IPv4, with every kind of TLV kept', () => {
  const bytes = withChecksum(
    ...tlv(1, 0x68, 0x32),
    ...tlv(4),
    ...tlv(5, 7, 7),
    ...tlv(0xea, 1, 0x76),
    ...tlv(0x77),
  );
  const parsed = header(Uint8Array.from([...bytes, 0x16, 0x03]));
  expect(parsed).toMatchObject({
    version: 2,
    command: 'proxy',
    family: 'inet',
    claimed: CLAIMED,
    headerBytes: bytes.length,
    isWhole: true,
  });
  expect('tlvs' in parsed && parsed.tlvs.map((each) => [each.name, each.valueHex])).toEqual([
    ['ALPN', '6832'],
    ['NOOP', ''],
    ['UNIQUE_ID', '0707'],
    ['CUSTOM', '0176'],
    ['UNASSIGNED', ''],
    ['CRC32C', expect.stringMatching(/^[0-9a-f]{8}$/)],
  ]);
});

test('v2 over IPv6', () => {
  const ip6 = (last: number) => [0x20, 0x01, 0x0d, 0xb8, ...Array<number>(11).fill(0), last];
  expect(header(v2(0x21, 0x21, ...ip6(1), ...ip6(2), 0, 80, 0, 81))).toMatchObject({
    family: 'inet6',
    claimed: { src: { ip: '2001:db8::1', port: 80 }, dst: { ip: '2001:db8::2', port: 81 } },
  });
});

test('v2 over UNIX sockets and datagrams names no TCP client; its TLVs are kept', () => {
  expect(header(v2(0x21, 0x31, ...Array<number>(216).fill(0x2f), ...tlv(5, 9)))).toMatchObject({
    family: 'unix',
    claimed: null,
    tlvs: [{ name: 'UNIQUE_ID', valueHex: '09' }],
  });
  expect(header(v2(0x21, 0x12, ...V4))).toMatchObject({ family: 'inet', claimed: null });
});

test('v2 LOCAL and UNSPEC: all that follows is skipped, whatever it is', () => {
  expect(header(v2(0x20, 0xff, 1, 2, 3))).toMatchObject({
    command: 'local',
    claimed: null,
    headerBytes: 19,
  });
  expect(header(v2(0x21, 0x00, 3, 0))).toMatchObject({ command: 'proxy', family: 'unspec' });
});

test('SSL: flags, verification and the fields within', () => {
  const ssl = tlv(0x20, 0x05, 0, 0, 0, 0, ...tlv(0x21, 0x31), ...tlv(0x22, 0x61, 0x62));
  expect(header(v2(0x21, 0x11, ...V4, ...ssl))).toMatchObject({
    tlvs: [
      {
        name: 'SSL',
        ssl: {
          isTls: true,
          hasCertificate: true,
          isVerified: true,
          tlvs: [
            { name: 'SSL_VERSION', valueHex: '31' },
            { name: 'SSL_CN', valueHex: '6162' },
          ],
        },
      },
    ],
  });
  expect(header(v2(0x21, 0x11, ...V4, ...tlv(0x20, 0x05, 0, 0, 0, 1)))).toMatchObject({
    tlvs: [{ ssl: { hasCertificate: true, isVerified: false, tlvs: [] } }],
  });
});

test.each([
  ['version 3', v2(0x31, 0x11, ...V4), 'version', '3'],
  ['an unknown command', v2(0x22, 0x11, ...V4), 'command', '2'],
  ['an unknown family', v2(0x21, 0x13, ...V4), 'family', '0x13'],
  ['addresses longer than the length', v2(0x21, 0x11, ...V4.slice(1)), 'length', '11'],
  ['a length past the end', v2(0x21, 0x11, ...V4).subarray(0, 27), 'length', '12'],
  ['a cut TLV head', v2(0x21, 0x11, ...V4, 4, 0), 'TLV', '0400'],
  ['a TLV past the end', v2(0x21, 0x11, ...V4, 4, 0, 9, 1), 'TLV', '04000901'],
  ['a short checksum', v2(0x21, 0x11, ...V4, ...tlv(3, 1)), 'CRC32C', '01'],
  ['a wrong checksum', v2(0x21, 0x11, ...V4, ...tlv(3, 1, 2, 3, 4)), 'CRC32C', '01020304'],
  [
    'a long unique id',
    v2(0x21, 0x11, ...V4, ...tlv(5, ...Array(129).fill(1))),
    'UNIQUE_ID',
    '129 bytes',
  ],
  ['a short SSL field', v2(0x21, 0x11, ...V4, ...tlv(0x20, 1, 0)), 'SSL', '0100'],
  [
    'SSL fields past its end',
    v2(0x21, 0x11, ...V4, ...tlv(0x20, 1, 0, 0, 0, 0, 0x21, 0, 9)),
    'TLV',
    '210009',
  ],
  ['16 bytes not reached', Uint8Array.from(SIGNATURE), 'header', '0d0a0d0a000d0a515549540a'],
] as const)('v2 with %s: problem in its field', (_, bytes, field, value) => {
  expect(header(bytes)).toMatchObject({ field, value });
});

test('one changed bit anywhere breaks the checksum or another rule', () => {
  const bytes = withChecksum(...tlv(5, 1, 2, 3));
  for (let bit = 13 * 8; bit < bytes.length * 8; bit++) {
    const damaged = bytes.slice();
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const parsed = header(damaged);
    // Two flips take the checksum itself away: family UNSPEC and the type of the CRC32C field.
    const isUnchecked = !('field' in parsed) && !parsed.tlvs.some(({ name }) => name === 'CRC32C');
    if (!isUnchecked) expect(parsed).toHaveProperty('field');
  }
});

test('a capture that ends within the TLVs gives the addresses and says that it is cut', () => {
  const whole = withChecksum(...tlv(5, 1, 2, 3));
  expect(header(whole.subarray(0, 34), 'prefix')).toMatchObject({
    claimed: CLAIMED,
    tlvs: [{ name: 'UNIQUE_ID' }],
    headerBytes: whole.length,
    isWhole: false,
  });
  expect(header(whole.subarray(0, 27), 'prefix')).toMatchObject({ field: 'addresses' });
});

/** Bytes around the header that would show a read outside of it. */
function within(bytes: Uint8Array, fill: number): Uint8Array {
  const buffer = new Uint8Array(bytes.length + 64).fill(fill);
  buffer.set(bytes, 32);
  return buffer.subarray(32, 32 + bytes.length);
}

const anyHeader = fc
  .tuple(
    fc.constantFrom(
      [],
      SIGNATURE,
      [...text('PROXY ')],
      [...text('PROXY TCP4 1.2.3.4 ')],
      [...SIGNATURE, 0x21, 0x11, 0, 30, ...V4],
      [...SIGNATURE, 0x21, 0x21],
    ),
    fc.uint8Array({ maxLength: 300 }),
  )
  .map(([head, rest]) => Uint8Array.from([...head, ...rest]));

test('any bytes: no exception, no read outside, and the header lies within what was given', () => {
  fc.assert(
    fc.property(anyHeader, fc.constantFrom('whole', 'prefix'), (bytes, extent) => {
      const before = header(within(bytes, 0), extent);
      expect(header(within(bytes, 0xff), extent)).toEqual(before);
      if ('headerBytes' in before && before.isWhole)
        expect(before.headerBytes).toBeLessThanOrEqual(bytes.length);
    }),
    { numRuns: 2000 },
  );
});

test('what follows a whole header changes nothing, and every cut of it is a problem', () => {
  const bytes = withChecksum(...tlv(0x20, 1, 0, 0, 0, 0, ...tlv(0x21, 0x31)));
  const parsed = header(bytes);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (payload) => {
      expect(header(Uint8Array.from([...bytes, ...payload]))).toEqual(parsed);
    }),
  );
  for (let length = 0; length < bytes.length; length++)
    expect(header(bytes.subarray(0, length))).toHaveProperty('field');
});
