/** struct hop_tuple to a tuple. Addresses come again and again: each is formatted once. */
import { formatIp } from '@hoptrace/domain/model/ip.ts';
import type { Tuple } from '@hoptrace/domain/model/tuple.ts';

/** Kept addresses; when there are more, all are forgotten. About 100 bytes each. */
const CACHE_ENTRIES = 8_192;
const MAPPED_WORD = 0xffff_0000;

const ipv4 = new Map<number, string>();
const ipv6 = new Map<string, string>();

export function tupleAt(view: DataView, offset: number): Tuple {
  return {
    src: { ip: ipAt(view, offset), port: view.getUint16(offset + 32, true) },
    dst: { ip: ipAt(view, offset + 16), port: view.getUint16(offset + 34, true) },
  };
}

function ipAt(view: DataView, offset: number): string {
  const isMapped =
    view.getUint32(offset + 8, true) === MAPPED_WORD &&
    view.getUint32(offset, true) === 0 &&
    view.getUint32(offset + 4, true) === 0;
  return isMapped
    ? remembered(ipv4, view.getUint32(offset + 12, true), view, offset)
    : remembered(ipv6, wordsAt(view, offset), view, offset);
}

function wordsAt(view: DataView, offset: number): string {
  const word = (at: number) => view.getUint32(offset + at, true);
  return `${word(0)} ${word(4)} ${word(8)} ${word(12)}`;
}

function remembered<K>(cache: Map<K, string>, key: K, view: DataView, offset: number): string {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const text = formatIp(new Uint8Array(view.buffer, view.byteOffset + offset, 16));
  if (cache.size >= CACHE_ENTRIES) cache.clear();
  cache.set(key, text);
  return text;
}
