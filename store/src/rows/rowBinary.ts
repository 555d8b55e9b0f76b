/**
 * Rows in ClickHouse's RowBinary: values one after the other in the order of the columns, integers little-endian,
 * texts with a varint length before them, Nullable with a byte (1: NULL) before the value.
 */
import { parseIp } from '@hoptrace/domain/model/ip.ts';
import { StoreError } from '../errors.ts';

/** A column and how a record's value for it is written; the order of a table's columns is that of the row. */
export type Column<R> = readonly [name: string, write: (out: RowBinary, record: R) => void];

const START_BYTES = 64 * 1024;
/** A row's fixed parts are below 400 bytes; texts make room for themselves. */
const ROOM_BYTES = 1024;
const U32 = 0x1_0000_0000;
/** Few addresses occur very often; beyond this many they are forgotten together. */
const MAX_KNOWN_IPS = 65_536;

const knownIps = new Map<string, Uint8Array>();
const texts = new TextEncoder();

/** Grows as it is written. Values that do not fit their column throw HOP_STORE_ROW, naming it: nothing wraps around. */
export class RowBinary {
  #bytes = new Uint8Array(START_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  get length(): number {
    return this.#at;
  }

  /** A view of what was written so far, valid until the next write. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  row<R>(columns: readonly Column<R>[], record: R): void {
    this.#need(ROOM_BYTES);
    let column = '';
    try {
      for (const [name, write] of columns) {
        column = name;
        write(this, record);
      }
    } catch (error) {
      if (error instanceof RangeError) throw badValue(column, error);
      throw error;
    }
  }

  u8(value: number): void {
    if ((value & 0xff) !== value) throw outOfRange(value, 'UInt8');
    this.#bytes[this.#at++] = value;
  }

  bool(value: boolean): void {
    this.#bytes[this.#at++] = value ? 1 : 0;
  }

  /** The value's place in `names`, and `first` more: the number that the DDL gives it. */
  enum8<T extends string>(names: readonly T[], value: T, first = 0): void {
    const place = names.indexOf(value);
    if (place < 0) throw outOfRange(value, `one of ${names.join(', ')}`);
    this.#bytes[this.#at++] = place + first;
  }

  u16(value: number): void {
    if ((value & 0xffff) !== value) throw outOfRange(value, 'UInt16');
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
  }

  u32(value: number): void {
    if (value >>> 0 !== value) throw outOfRange(value, 'UInt32');
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  u64(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw outOfRange(value, 'UInt64 below 2^53');
    this.#view.setUint32(this.#at, value % U32, true);
    this.#view.setUint32(this.#at + 4, Math.floor(value / U32), true);
    this.#at += 8;
  }

  nullableU64(value: number | null): void {
    this.bool(value === null);
    if (value !== null) this.u64(value);
  }

  /** 16 hex digits; null as 0, which agents never emit as a hash. */
  hash(value: string | null): void {
    if (value !== null && !/^[0-9a-f]{16}$/.test(value)) throw outOfRange(value, '16 hex digits');
    this.#view.setUint32(this.#at, value === null ? 0 : Number.parseInt(value.slice(8), 16), true);
    this.#view.setUint32(
      this.#at + 4,
      value === null ? 0 : Number.parseInt(value.slice(0, 8), 16),
      true,
    );
    this.#at += 8;
  }

  ip(text: string): void {
    this.#bytes.set(ipBytes(text), this.#at);
    this.#at += 16;
  }

  text(value: string): void {
    const bytes = texts.encode(value);
    this.#need(bytes.length + ROOM_BYTES);
    for (let left = bytes.length; ; left >>>= 7) {
      this.#bytes[this.#at++] = left < 0x80 ? left : (left & 0x7f) | 0x80;
      if (left < 0x80) break;
    }
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Room for so many bytes more. */
  #need(more: number): void {
    if (this.#at + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + more));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

function ipBytes(text: string): Uint8Array {
  const known = knownIps.get(text);
  if (known !== undefined) return known;
  const bytes = parseIp(text);
  if (bytes === null) throw outOfRange(text, 'an IP address');
  if (knownIps.size >= MAX_KNOWN_IPS) knownIps.clear();
  knownIps.set(text, bytes);
  return bytes;
}

function outOfRange(value: unknown, wanted: string): RangeError {
  return new RangeError(`${JSON.stringify(value)} is not ${wanted}`);
}

function badValue(column: string, cause: RangeError): StoreError {
  return new StoreError('HOP_STORE_ROW', `${column}: ${cause.message}`, {
    field: column,
    remedy: 'Refuse such records where they come in: the table has no place for them.',
    cause,
  });
}
