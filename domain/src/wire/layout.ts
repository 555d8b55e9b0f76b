/**
 * A fixed-size little-endian record described once, from which encoder, decoder and size follow.
 * null is a sentinel that no real value can take; each field type names its own.
 */
import { formatIp, parseIp } from '../model/ip.ts';
import type { Tuple } from '../model/tuple.ts';

export interface FieldType<T> {
  readonly sizeBytes: number;
  write(view: DataView, offset: number, value: T): void;
  /** Throws a WireValueError when the bytes hold no valid value. */
  read(view: DataView, offset: number): T;
}

/** A field whose bytes are no legal value. The codec adds the field's name. */
export class WireValueError extends Error {}

export const u8: FieldType<number> = {
  sizeBytes: 1,
  write: (view, offset, value) => view.setUint8(offset, value),
  read: (view, offset) => view.getUint8(offset),
};
export const u16: FieldType<number> = {
  sizeBytes: 2,
  write: (view, offset, value) => view.setUint16(offset, value, true),
  read: (view, offset) => view.getUint16(offset, true),
};
export const u32: FieldType<number> = {
  sizeBytes: 4,
  write: (view, offset, value) => view.setUint32(offset, value, true),
  read: (view, offset) => view.getUint32(offset, true),
};

const TWO_32 = 0x1_0000_0000;

/** Unsigned 64 bits, of which only the safe-integer range is legal. */
export const u64: FieldType<number> = {
  sizeBytes: 8,
  write: (view, offset, value) => {
    view.setUint32(offset, value % TWO_32, true);
    view.setUint32(offset + 4, Math.floor(value / TWO_32), true);
  },
  read: (view, offset) => {
    const value = view.getUint32(offset + 4, true) * TWO_32 + view.getUint32(offset, true);
    if (!Number.isSafeInteger(value)) throw new WireValueError(`${value} is above 2^53`);
    return value;
  },
};

/** u64 or null; null is all ones. */
export const optionalU64: FieldType<number | null> = {
  sizeBytes: 8,
  write: (view, offset, value) => {
    if (value !== null) return u64.write(view, offset, value);
    view.setUint32(offset, 0xffff_ffff, true);
    view.setUint32(offset + 4, 0xffff_ffff, true);
  },
  read: (view, offset) => {
    const isNull =
      view.getUint32(offset, true) === 0xffff_ffff &&
      view.getUint32(offset + 4, true) === 0xffff_ffff;
    return isNull ? null : u64.read(view, offset);
  },
};

const ZERO_HASH = '0'.repeat(16);
const HEX16 = Array.from({ length: 0x1_0000 }, (_, value) => value.toString(16).padStart(4, '0'));

function writeHash(view: DataView, offset: number, value: string): void {
  view.setUint32(offset, Number.parseInt(value.slice(0, 8), 16));
  view.setUint32(offset + 4, Number.parseInt(value.slice(8), 16));
}

function readHash(view: DataView, offset: number): string {
  const high = view.getUint32(offset);
  const low = view.getUint32(offset + 4);
  return `${HEX16[high >>> 16]}${HEX16[high & 0xffff]}${HEX16[low >>> 16]}${HEX16[low & 0xffff]}`;
}

function areZero(view: DataView, offset: number, sizeBytes: number): boolean {
  let at = offset;
  for (; at + 4 <= offset + sizeBytes; at += 4) if (view.getUint32(at) !== 0) return false;
  for (; at < offset + sizeBytes; at++) if (view.getUint8(at) !== 0) return false;
  return true;
}

/** 8 opaque bytes as 16 hex digits, in memory order; agents never emit all zeroes as a hash. */
export const hash64: FieldType<string> = {
  sizeBytes: 8,
  write: writeHash,
  read: (view, offset) => {
    const value = readHash(view, offset);
    if (value === ZERO_HASH) throw new WireValueError('is all zeroes, which is no hash');
    return value;
  },
};

/** hash64 or null; null is all zeroes. */
export const optionalHash64: FieldType<string | null> = {
  sizeBytes: 8,
  write: (view, offset, value) => writeHash(view, offset, value ?? ZERO_HASH),
  read: (view, offset) => (areZero(view, offset, 8) ? null : readHash(view, offset)),
};

/** src ip, dst ip (16 bytes each), src port, dst port. */
export const tuple: FieldType<Tuple> = {
  sizeBytes: 36,
  write: (view, offset, value) => {
    writeIp(view, offset, value.src.ip);
    writeIp(view, offset + 16, value.dst.ip);
    u16.write(view, offset + 32, value.src.port);
    u16.write(view, offset + 34, value.dst.port);
  },
  read: (view, offset) => ({
    src: { ip: readIp(view, offset), port: u16.read(view, offset + 32) },
    dst: { ip: readIp(view, offset + 16), port: u16.read(view, offset + 34) },
  }),
};

/** Addresses come again and again: each is parsed once. When there are too many, all are forgotten. */
const IP_CACHE_ENTRIES = 4_096;
const bytesByIp = new Map<string, Uint8Array>();

function writeIp(view: DataView, offset: number, ip: string): void {
  let bytes = bytesByIp.get(ip) ?? null;
  if (bytes === null) {
    bytes = parseIp(ip);
    if (bytes === null) throw new WireValueError(`"${ip}" is no IP address`);
    if (bytesByIp.size >= IP_CACHE_ENTRIES) bytesByIp.clear();
    bytesByIp.set(ip, bytes);
  }
  for (let index = 0; index < 16; index++) view.setUint8(offset + index, bytes[index] as number);
}

/** Texts of IPv4 addresses, likewise. */
const textByIpv4 = new Map<number, string>();

function readIp(view: DataView, offset: number): string {
  const isMapped =
    view.getUint32(offset + 8) === 0xffff &&
    view.getUint32(offset) === 0 &&
    view.getUint32(offset + 4) === 0;
  if (!isMapped) return formatIp(new Uint8Array(view.buffer, view.byteOffset + offset, 16));
  const word = view.getUint32(offset + 12);
  const known = textByIpv4.get(word);
  if (known !== undefined) return known;
  if (textByIpv4.size >= IP_CACHE_ENTRIES) textByIpv4.clear();
  const text = formatIp(new Uint8Array(view.buffer, view.byteOffset + offset, 16));
  textByIpv4.set(word, text);
  return text;
}

/** tuple or null; null is 36 zero bytes. */
export const optionalTuple: FieldType<Tuple | null> = {
  sizeBytes: 36,
  write: (view, offset, value) => {
    if (value !== null) return tuple.write(view, offset, value);
    for (let at = offset; at < offset + 36; at += 4) view.setUint32(at, 0);
  },
  read: (view, offset) => (areZero(view, offset, 36) ? null : tuple.read(view, offset)),
};

/** One byte: the index in `names`. */
export function oneOf<const T extends readonly (string | number)[]>(
  names: T,
): FieldType<T[number]> {
  return {
    sizeBytes: 1,
    write: (view, offset, value) => view.setUint8(offset, names.indexOf(value)),
    read: (view, offset) => {
      const index = view.getUint8(offset);
      const name = names[index];
      if (name === undefined) throw new WireValueError(`${index} is not below ${names.length}`);
      return name;
    },
  };
}

/** Printable ASCII, padded with zero bytes. */
export function ascii(sizeBytes: number): FieldType<string> {
  return {
    sizeBytes,
    write: (view, offset, value) => {
      for (let index = 0; index < sizeBytes; index++) {
        view.setUint8(offset + index, index < value.length ? value.charCodeAt(index) : 0);
      }
    },
    read: (view, offset) => {
      let text = '';
      for (let index = 0; index < sizeBytes; index++) {
        const code = view.getUint8(offset + index);
        if (code === 0) break;
        if (code < 0x20 || code > 0x7e)
          throw new WireValueError(`byte ${index} is no printable ASCII`);
        text += String.fromCharCode(code);
      }
      return text;
    },
  };
}

/** Several fields as one nested object. */
export function group<T extends object>(fields: Fields<T>): FieldType<T> {
  const list = placeFields(fields);
  return {
    sizeBytes: sizeOf(fields),
    write: (view, offset, value) => {
      for (const field of list) field.type.write(view, offset + field.offset, value[field.name]);
    },
    read: (view, offset) => readFields(list, view, offset),
  };
}

/** A group or null; null is all zero bytes (so a legal group must not be). */
export function optional<T>(inner: FieldType<T>): FieldType<T | null> {
  return {
    sizeBytes: inner.sizeBytes,
    write: (view, offset, value) => {
      if (value !== null) return inner.write(view, offset, value);
      new Uint8Array(view.buffer, view.byteOffset + offset, inner.sizeBytes).fill(0);
    },
    read: (view, offset) =>
      areZero(view, offset, inner.sizeBytes) ? null : inner.read(view, offset),
  };
}

export type Fields<T extends object> = { readonly [K in keyof T]: FieldType<T[K]> };

interface PlacedField<T extends object> {
  readonly name: keyof T;
  readonly offset: number;
  readonly type: FieldType<T[keyof T]>;
}

export function sizeOf<T extends object>(fields: Fields<T>): number {
  return (Object.values(fields) as FieldType<unknown>[]).reduce(
    (sum, type) => sum + type.sizeBytes,
    0,
  );
}

/** Fields stand in the order in which they are written down. */
export function placeFields<T extends object>(fields: Fields<T>): PlacedField<T>[] {
  let offset = 0;
  return (Object.keys(fields) as (keyof T)[]).map((name) => {
    const placed = { name, offset, type: fields[name] as FieldType<T[keyof T]> };
    offset += placed.type.sizeBytes;
    return placed;
  });
}

export function readFields<T extends object>(
  fields: PlacedField<T>[],
  view: DataView,
  offset: number,
): T {
  const value: Partial<T> = {};
  for (const field of fields) {
    try {
      value[field.name] = field.type.read(view, offset + field.offset);
    } catch (error) {
      if (!(error instanceof WireValueError)) throw error;
      throw new WireValueError(`${String(field.name)}: ${error.message}`);
    }
  }
  return value as T;
}
