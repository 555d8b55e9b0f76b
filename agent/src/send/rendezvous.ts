/**
 * Which of several collectors a key belongs to: the one with the highest hash of (collector, key). All agents agree
 * without talking, and where a collector goes or comes only the keys that are its own move.
 */
export interface Collector {
  readonly url: string;
  /** Hash of the URL. */
  readonly salt: number;
}

export function collectorOf(url: string): Collector {
  let hash = 0x811c_9dc5;
  for (let index = 0; index < url.length; index++)
    hash = Math.imul(hash ^ url.charCodeAt(index), 0x0100_0193);
  return { url, salt: finish(hash) };
}

/** Index of the owner of a key of 64 bits among those that `isThere`; among all where none is. */
export function ownerOf(
  collectors: readonly Collector[],
  high: number,
  low: number,
  isThere: (index: number) => boolean,
): number {
  let owner = -1;
  let most = -1;
  let fallback = 0;
  let mostOfAll = -1;
  for (const [index, { salt }] of collectors.entries()) {
    const weight = weightOf(salt, high, low);
    if (weight > mostOfAll) [fallback, mostOfAll] = [index, weight];
    if (weight > most && isThere(index)) [owner, most] = [index, weight];
  }
  return owner < 0 ? fallback : owner;
}

function weightOf(salt: number, high: number, low: number): number {
  return finish(Math.imul(finish(salt ^ high), 0x9e37_79b1) ^ low);
}

/** Murmur3's last mixing: every bit of the number reaches every bit of the answer. */
function finish(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
