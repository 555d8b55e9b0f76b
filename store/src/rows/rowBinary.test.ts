import { expect, test } from '@jest/globals';
import { type Column, RowBinary } from './rowBinary.ts';

const written = (write: (out: RowBinary) => void) => {
  const out = new RowBinary();
  write(out);
  return [...out.bytes()];
};

test('integers are little-endian, and a time beyond 2^32 keeps its high part', () => {
  expect(written((out) => out.u16(0x1234))).toEqual([0x34, 0x12]);
  expect(written((out) => out.u32(0xfffffffe))).toEqual([0xfe, 0xff, 0xff, 0xff]);
  expect(written((out) => out.u64(0x1_0203_0405))).toEqual([5, 4, 3, 2, 1, 0, 0, 0]);
  expect(written((out) => out.nullableU64(null))).toEqual([1]);
  expect(written((out) => out.nullableU64(7))).toEqual([0, 7, 0, 0, 0, 0, 0, 0, 0]);
});

test('a hash is the number that its digits say', () => {
  expect(written((out) => out.hash('0102030405060708'))).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
  expect(written((out) => out.hash(null))).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
});

test('texts have their length in UTF-8 before them', () => {
  expect(written((out) => out.text('é'))).toEqual([2, 0xc3, 0xa9]);
  const long = written((out) => out.text('x'.repeat(200_000)));
  expect(long.slice(0, 3)).toEqual([0xc0, 0x9a, 0x0c]);
  expect(long).toHaveLength(200_003);
});

test('an IPv4 address is mapped', () => {
  expect(written((out) => out.ip('192.0.2.1')).slice(10)).toEqual([0xff, 0xff, 192, 0, 2, 1]);
});

test('it grows, and what was written stays', () => {
  const columns: Column<number>[] = [['n', (out, n) => out.u32(n)]];
  const out = new RowBinary();
  for (let n = 0; n < 100_000; n++) out.row(columns, n);
  const bytes = out.bytes();
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  expect(out.length).toBe(400_000);
  expect([0, 1, 77_777, 99_999].map((n) => view.getUint32(n * 4, true))).toEqual([
    0, 1, 77_777, 99_999,
  ]);
});

test.each<[string, (out: RowBinary) => void]>([
  ['negative', (out) => out.u32(-1)],
  ['too large', (out) => out.u16(65_536)],
  ['a fraction', (out) => out.u8(1.5)],
  ['above 2^53', (out) => out.u64(2 ** 53)],
  ['no number', (out) => out.u32(Number.NaN)],
  ['a short hash', (out) => out.hash('12')],
  ['no address', (out) => out.ip('shop.example')],
  ['no such name', (out) => out.enum8(['a', 'b'], 'c' as 'a')],
])('%s is refused under the name of its column', (_, write) => {
  const columns: Column<null>[] = [
    ['good', (out) => out.u8(1)],
    ['bad', write],
  ];
  expect(() => new RowBinary().row(columns, null)).toThrow(
    expect.objectContaining({ code: 'HOP_STORE_ROW', field: 'bad', isRetryable: false }),
  );
});
