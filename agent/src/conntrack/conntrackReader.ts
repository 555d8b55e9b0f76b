/** Everything that the netlink interface of conntrack tells, and which use is made of it beside which source. */
import { reverseTuple, type Tuple, tupleKey } from '@hoptrace/domain/model/tuple.ts';
import type { ConntrackFrame, ConntrackStatsFrame, LegFrame } from '../frames/frame.ts';
import type { Hello } from '../frames/hello.ts';
import type { Metrics } from '../metrics.ts';
import { EMPTY_TAPS, type TapTable } from '../taps.ts';
import { ConntrackLegs, type ConntrackLegsOptions } from './conntrackLegs.ts';
import { ConntrackTuples } from './conntrackTuples.ts';

export interface ConntrackReaderOptions extends ConntrackLegsOptions {
  readonly metrics: Metrics;
}

export class ConntrackReader {
  readonly #metrics: Metrics;
  readonly #legs: ConntrackLegs;
  readonly #tuples = new ConntrackTuples();
  /** Of legs of the loader before this one, which told of them: the table of this one holds nothing new of them. */
  #known: ReadonlySet<string> = new Set();
  #isOnlySource = false;
  #isCompleting = false;
  #lastStats: ConntrackStatsFrame | null = null;

  constructor(options: ConntrackReaderOptions) {
    this.#metrics = options.metrics;
    this.#legs = new ConntrackLegs(EMPTY_TAPS, options);
  }

  /** eBPF tells legs without tuples, which are known here. */
  get isCompleting(): boolean {
    return this.#isCompleting;
  }

  get openLegs(): number {
    return this.#legs.size;
  }

  get evictedLegs(): number {
    return this.#legs.evicted;
  }

  hello(hello: Hello, taps: TapTable): void {
    this.#legs.taps = taps;
    this.#isOnlySource = hello.source === 'conntrack';
    this.#isCompleting = !this.#isOnlySource && hello.features.conntrack === false;
    this.#metrics.isDegraded = this.#isOnlySource ? 1 : 0;
  }

  push(frame: ConntrackFrame): void {
    if (this.#isCompleting && frame.event !== 'destroy') this.#tuples.add(frame);
    // Beside eBPF, which sees what begins, only what was there before is told from here, and its end.
    const isNews = this.#isOnlySource || frame.event === 'old' || frame.event === 'destroy';
    if (isNews && !(frame.event === 'old' && this.#isKnown(frame))) this.#legs.push(frame);
  }

  complete(frame: LegFrame): LegFrame {
    return this.#isCompleting ? this.#tuples.complete(frame) : frame;
  }

  tick(nowNs: bigint): void {
    this.#legs.tick(nowNs);
  }

  readStats(stats: ConntrackStatsFrame): void {
    const before = this.#lastStats;
    const metrics = this.#metrics;
    metrics.conntrackEventsTotal += stats.eventsRead - (before?.eventsRead ?? 0);
    metrics.conntrackOverrunsTotal += stats.overruns - (before?.overruns ?? 0);
    metrics.conntrackOldTotal += stats.oldFound - (before?.oldFound ?? 0);
    metrics.badFramesTotal += stats.unreadable - (before?.unreadable ?? 0);
    this.#lastStats = stats;
  }

  /** `open`: what the loader that ended had told of, as LegAssembler.openTuples. */
  noteBreak(open: ReadonlySet<string>): void {
    this.#known = open;
    this.#lastStats = null;
    this.#legs.noteBreak();
    this.#tuples.clear();
  }

  #isKnown({ netns, original, reply }: ConntrackFrame): boolean {
    const isKnown = (tuple: Tuple) => this.#known.has(`${netns} ${tupleKey(tuple)}`);
    return isKnown(original) || isKnown(reverseTuple(reply));
  }
}
