/** Who sent a leg and at which tap, as one number. Also holds the bases above which seq, legId and start are counted. */
import type { Tap } from '../wire/v1.ts';
import { TAP_DIRECTIONS, TAP_ROLES } from '../wire/v1.ts';
import { mixKey } from './keyIndex.ts';
import { AT, u53 } from './legRow.ts';

export interface Source {
  readonly cluster: string;
  readonly node: string;
  readonly bootId: string;
}

export interface TapOfSource {
  readonly source: Source;
  readonly tap: Tap;
}

const TWO_32 = 0x1_0000_0000;
/** Room below the first value seen: records arrive out of order. */
const HEADROOM = 0x8000_0000;

export class Taps {
  readonly list: TapOfSource[] = [];
  seqBase = new Float64Array(64);
  legIdBase = new Float64Array(64);
  startBase = new Float64Array(64);
  #words = new Uint32Array(64 * 4);
  #slots = new Uint32Array(256);
  readonly #sources = new Map<string, number>();
  readonly #sourceList: Source[] = [];

  get byteLength(): number {
    return this.#words.byteLength + this.#slots.byteLength + 3 * this.seqBase.byteLength;
  }

  sourceId(source: Source): number {
    const key = `${source.cluster}|${source.node}|${source.bootId}`;
    const known = this.#sources.get(key);
    if (known !== undefined) return known;
    this.#sources.set(key, this.#sourceList.length);
    return this.#sourceList.push(source) - 1;
  }

  /** The number of this record's tap, for which its seq, legId and start lie within 2^32 above the bases. */
  tapId(view: DataView, at: number, sourceId: number): number {
    const netns = view.getUint32(at + AT.netns, true);
    const ifindex = view.getUint32(at + AT.ifindex, true);
    const kind = view.getUint16(at + AT.role, true);
    const mask = this.#slots.length - 1;
    let slot = mixKey(netns, ifindex, (sourceId << 10) ^ kind) & mask;
    for (;;) {
      const found = (this.#slots[slot] as number) - 1;
      if (found < 0) break;
      const isSame =
        this.#words[found * 4] === netns &&
        this.#words[found * 4 + 1] === ifindex &&
        this.#words[found * 4 + 2] === kind &&
        this.#words[found * 4 + 3] === sourceId;
      if (isSame && this.#fits(view, at, found)) return found;
      slot = (slot + 1) & mask;
    }
    return this.#add(view, at, [netns, ifindex, kind, sourceId]);
  }

  #fits(view: DataView, at: number, tap: number): boolean {
    return (
      isAbove(u53(view, at + AT.seq), this.seqBase[tap] as number) &&
      isAbove(u53(view, at + AT.legId), this.legIdBase[tap] as number) &&
      isAbove(u53(view, at + AT.startUs), this.startBase[tap] as number)
    );
  }

  #add(view: DataView, at: number, words: readonly number[]): number {
    const id = this.list.length;
    if (id === this.seqBase.length) this.#grow();
    this.#words.set(words, id * 4);
    this.seqBase[id] = baseBelow(u53(view, at + AT.seq));
    this.legIdBase[id] = baseBelow(u53(view, at + AT.legId));
    this.startBase[id] = baseBelow(u53(view, at + AT.startUs));
    const [netns = 0, ifindex = 0, , sourceId = 0] = words;
    this.list.push({
      source: this.#sourceList[sourceId] as Source,
      tap: {
        netns,
        ifindex,
        role: TAP_ROLES[view.getUint8(at + AT.role)] ?? 'other',
        synDirection: TAP_DIRECTIONS[view.getUint8(at + AT.direction)] ?? 'rx',
      },
    });
    this.#place(id);
    return id;
  }

  #place(id: number): void {
    const at = id * 4;
    const mask = this.#slots.length - 1;
    const [netns = 0, ifindex = 0, kind = 0, sourceId = 0] = this.#words.subarray(at, at + 4);
    let slot = mixKey(netns, ifindex, (sourceId << 10) ^ kind) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = id + 1;
  }

  #grow(): void {
    const doubled = (old: Float64Array) => {
      const grown = new Float64Array(old.length * 2);
      grown.set(old);
      return grown;
    };
    this.seqBase = doubled(this.seqBase);
    this.legIdBase = doubled(this.legIdBase);
    this.startBase = doubled(this.startBase);
    const words = new Uint32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#words = words;
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let id = 0; id < this.list.length; id++) this.#place(id);
  }
}

function isAbove(value: number, base: number): boolean {
  return value >= base && value - base < TWO_32;
}

function baseBelow(value: number): number {
  return Math.max(0, value - HEADROOM);
}
