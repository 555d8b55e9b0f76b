/** Taps as records carry them: few, and the same objects for all legs. */
import type { Tap } from '@hoptrace/domain/wire/v1.ts';
import type { TapDirection } from '../frames/layout.ts';
import { type Place, roleOfPlace, type TapTable } from '../taps.ts';

/** More than a node has; beyond it objects are made anew. */
const CACHE_ENTRIES = 16_384;

export class TapCache {
  #table: TapTable | null = null;
  #taps = new Map<number, Map<number, Tap | null>>();

  /** Null where that is no tap (loopback, bridge). */
  of(table: TapTable, place: Place, direction: TapDirection): Tap | null {
    if (table !== this.#table || this.#taps.size > CACHE_ENTRIES) {
      this.#table = table;
      this.#taps = new Map();
    }
    const { netns, ifindex } = place;
    const ofNetns = this.#taps.get(netns) ?? new Map<number, Tap | null>();
    const key = ifindex * 2 + (direction === 'rx' ? 0 : 1);
    const known = ofNetns.get(key);
    if (known !== undefined) return known;
    const role = roleOfPlace(table, place);
    const tap = role === null ? null : { netns, ifindex, role, synDirection: direction };
    if (ofNetns.size < CACHE_ENTRIES) this.#taps.set(netns, ofNetns.set(key, tap));
    return tap;
  }
}
