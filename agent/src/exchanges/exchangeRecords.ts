/** Exchange frames to records, each state of an exchange once. */
import type { ExchangeRecord } from '@hoptrace/domain/wire/v1.ts';
import type { ExchangeFrame } from '../frames/frame.ts';
import type { IsnHasher } from '../isnHash.ts';
import type { KernelClock } from '../kernelClock.ts';
import { TapCache } from '../legs/tapCache.ts';
import type { TapTable } from '../taps.ts';
import type { ContentIndex } from './contentIndex.ts';

/** What was told early is remembered until the same exchange comes again; beyond this it is told twice. */
const MAX_EARLY = 16_384;

export interface ExchangeOptions {
  readonly hasher: IsnHasher;
  readonly clock: KernelClock;
  readonly contents: ContentIndex;
  readonly emit: (record: ExchangeRecord) => void;
}

interface Told {
  readonly burst: number;
  readonly bytes: number;
}

export class ExchangeReader {
  taps: TapTable;
  /** Exchanges that the kernel passed over: those of one connection were too many. */
  leftOut = 0;
  readonly #options: ExchangeOptions;
  readonly #taps = new TapCache();
  #leftOutSeen = 0;
  /** By leg, oldest first. */
  readonly #early = new Map<number, Told>();

  constructor(taps: TapTable, options: ExchangeOptions) {
    this.taps = taps;
    this.#options = options;
  }

  /** Another loader counts legs and what it leaves out anew. */
  noteBreak(): void {
    this.#early.clear();
    this.#leftOutSeen = 0;
  }

  /** Frames at interfaces that are no taps are passed over. */
  push(frame: ExchangeFrame): void {
    if (!frame.isEarly) this.#countLeftOut(frame.leftOut);
    if (this.#wasTold(frame)) return;
    const tap = this.#taps.of(this.taps, frame, frame.direction);
    if (tap === null) return;
    const { hasher, clock, contents } = this.#options;
    const { startUs, restNs } = clock.split(frame.startNs);
    this.#options.emit({
      kind: 'exchange',
      seq: 0,
      startUs,
      tap,
      isnPairHash: hasher.pair(frame.clientIsn, frame.serverIsn),
      burst: frame.burst,
      requestOffset: frame.requestOffset,
      responseOffset: frame.responseOffset,
      requestFirstNs: restNs,
      requestLastNs: restNs + frame.requestLastNs,
      responseFirstNs: restNs + frame.responseNs,
      responseLastNs: restNs + frame.responseLastNs,
      requestBytes: frame.requestBytes,
      responseBytes: frame.responseBytes,
      ...contents.of(frame),
    });
  }

  /** Two CPUs may tell in another order than they counted. */
  #countLeftOut(total: number): void {
    const grown = (total - this.#leftOutSeen) >>> 0;
    if (grown >= 2 ** 31) return;
    this.leftOut += grown;
    this.#leftOutSeen = total;
  }

  #wasTold({ legId, burst, requestBytes, responseBytes, isEarly }: ExchangeFrame): boolean {
    const bytes = requestBytes + responseBytes;
    const known = this.#early.get(legId);
    const isKnown = known?.burst === burst && known.bytes === bytes;
    if (known !== undefined) this.#early.delete(legId);
    if (isEarly || isKnown) this.#early.set(legId, { burst, bytes });
    if (this.#early.size > MAX_EARLY) {
      const [oldest] = this.#early.keys();
      if (oldest !== undefined) this.#early.delete(oldest);
    }
    return isKnown;
  }
}
