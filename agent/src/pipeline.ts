/** Frames in, records out: everything between source and sender, without any I/O. */
import type { NodeAddress, WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { ConntrackReader } from './conntrack/conntrackReader.ts';
import { DirectRecords, type EmitWritten, tsNsOf } from './direct/directRecords.ts';
import { ContentIndex } from './exchanges/contentIndex.ts';
import { ExchangeReader } from './exchanges/exchangeRecords.ts';
import { parseRaw } from './frames/decoder.ts';
import type {
  ClockFrame,
  ConntrackStatsFrame,
  Frame,
  HelloFrame,
  LinkFrame,
  ProxyHeaderFrame,
  RawFrame,
  StatsFrame,
} from './frames/frame.ts';
import { type Hello, missingFeatures } from './frames/hello.ts';
import type { STATS_FIELDS } from './frames/layout.ts';
import { IsnHasher } from './isnHash.ts';
import { KernelClock, StreamClock } from './kernelClock.ts';
import { LegAssembler } from './legs/assembler.ts';
import type { Metrics } from './metrics.ts';
import { proxyHeaderRecord, proxyLinkRecord } from './proxy/proxyRecords.ts';
import { EMPTY_TAPS, tapTable } from './taps.ts';

/** Loader and agent read the same clock. */
const MAX_AHEAD_NS = 1_000_000_000n;

type EventFrame = Exclude<Frame, HelloFrame | ClockFrame | StatsFrame | ConntrackStatsFrame>;

export interface PipelineOptions {
  readonly secret: Uint8Array;
  readonly maxOpenLegs: number;
  readonly metrics: Metrics;
  readonly emit: (record: WireRecord) => void;
  /** Absent: all records come as objects. */
  readonly emitWritten?: EmitWritten;
}

export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #hasher: IsnHasher;
  readonly #clock = new KernelClock();
  readonly #stream = new StreamClock();
  readonly #assembler: LegAssembler;
  readonly #direct: DirectRecords | null;
  readonly #exchanges: ExchangeReader;
  readonly #contents: ContentIndex;
  readonly #conntrack: ConntrackReader;
  #addresses: readonly NodeAddress[] = [];
  #hello: Hello | null = null;
  #lastStats: StatsFrame | null = null;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#hasher = new IsnHasher(options.secret);
    this.#assembler = new LegAssembler(EMPTY_TAPS, {
      maxOpenLegs: options.maxOpenLegs,
      hasher: this.#hasher,
      clock: this.#clock,
      emit: options.emit,
    });
    const parts = { assembler: this.#assembler, clock: this.#clock, hasher: this.#hasher };
    const emit = options.emitWritten;
    this.#direct = emit === undefined ? null : new DirectRecords({ ...parts, emit });
    this.#contents = new ContentIndex(options.secret);
    this.#conntrack = new ConntrackReader({
      maxEntries: options.maxOpenLegs,
      metrics: options.metrics,
      clock: this.#clock,
      emit: options.emit,
    });
    this.#exchanges = new ExchangeReader(EMPTY_TAPS, {
      hasher: this.#hasher,
      clock: this.#clock,
      contents: this.#contents,
      emit: options.emit,
    });
  }

  /** Addresses of the node's host namespace, as of the last hello. */
  get addresses(): readonly NodeAddress[] {
    return this.#addresses;
  }

  /** What the loader said about itself, null before it did. */
  get hello(): Hello | null {
    return this.#hello;
  }

  /** `wallNs`: CLOCK_MONOTONIC when the frames were read. */
  read(frames: readonly (Frame | RawFrame)[], wallNs: bigint): void {
    this.#stream.sawBytes(wallNs);
    for (const frame of frames) this.#readFrame(frame, wallNs);
    this.#options.metrics.framesTotal += frames.length;
    this.#measure();
  }

  /** Nothing waits for time to pass but what can wait a quarter of a second longer. */
  get isQuiet(): boolean {
    return this.#assembler.isQuiet && this.#conntrack.openLegs === 0;
  }

  /** Call every 50 ms or so, less often while it is quiet; verdicts and time limits depend on it. */
  tick(wallNs: bigint): void {
    const nowNs = this.#stream.tick(wallNs);
    this.#assembler.tick(nowNs);
    this.#conntrack.tick(nowNs);
    this.#measure();
  }

  /** The source broke off: what it would have told meanwhile is lost. */
  noteBreak(): void {
    this.#lastStats = null;
    // How many events the gap holds nobody knows; one says that there is one.
    this.#options.metrics.ringLostTotal++;
    this.#conntrack.noteBreak(this.#assembler.openTuples());
    this.#assembler.noteBreak(this.#stream.nowNs);
    this.#exchanges.noteBreak();
  }

  #readFrame(frame: Frame | RawFrame, wallNs: bigint): void {
    if (frame.kind === 'raw') this.#readRaw(frame, wallNs);
    else if (frame.kind === 'hello') this.#readHello(frame.hello);
    else if (frame.kind === 'clock') this.#clock.update(frame);
    else if (frame.kind === 'stats') this.#readStats(frame);
    else if (frame.kind === 'conntrackStats') this.#conntrack.readStats(frame);
    else this.#readEvent(frame, wallNs);
  }

  #readRaw(raw: RawFrame, wallNs: bigint): void {
    const tsNs = tsNsOf(raw);
    const isComplete = !this.#conntrack.isCompleting;
    const isTimely = isComplete && this.#clock.isSet && tsNs <= wallNs + MAX_AHEAD_NS;
    if (isTimely && this.#direct?.take(raw) === true) {
      this.#stream.sawEvent(tsNs);
      return;
    }
    const frame = parseRaw(raw);
    if (frame === null) this.#options.metrics.badFramesTotal++;
    else this.#readFrame(frame, wallNs);
  }

  #readEvent(frame: EventFrame, wallNs: bigint): void {
    if (!this.#clock.isSet) {
      this.#options.metrics.unclockedFramesTotal++;
      return;
    }
    // A stamp from the future is a broken frame; believed, it would end every wait at once.
    if (frame.tsNs > wallNs + MAX_AHEAD_NS) {
      this.#options.metrics.badFramesTotal++;
      return;
    }
    this.#stream.sawEvent(frame.tsNs);
    if (frame.kind === 'leg') this.#assembler.push(this.#conntrack.complete(frame));
    else if (frame.kind === 'packet') this.#assembler.push(frame);
    else if (frame.kind === 'conntrack') this.#conntrack.push(frame);
    else if (frame.kind === 'exchange') this.#exchanges.push(frame);
    else if (frame.kind === 'flight') this.#contents.addFlight(frame);
    else if (frame.kind === 'head') this.#contents.addHead(frame);
    else if (frame.kind === 'link') this.#readLink(frame);
    else this.#readProxyHeader(frame);
  }

  #readHello(hello: Hello): void {
    const taps = tapTable(hello);
    this.#hello = hello;
    this.#options.metrics.missingFeatures = missingFeatures(hello).length;
    this.#addresses = taps.addresses;
    this.#assembler.taps = taps;
    this.#conntrack.hello(hello, taps);
    this.#exchanges.taps = taps;
    this.#assembler.dropReasons = hello.dropReasons;
  }

  #readStats(stats: StatsFrame): void {
    const { metrics } = this.#options;
    const since = (name: (typeof STATS_FIELDS)[number]) =>
      grown(stats[name], this.#lastStats?.[name]);
    const lost = since('ringLost') + since('checksLost');
    metrics.ringLostTotal += lost;
    metrics.ringLostRefusalsTotal += since('lostRefusals');
    const lostLegs = since('lostLegs');
    metrics.ringLostLegsTotal += lostLegs;
    metrics.ringLostExchangesTotal += since('lostExchanges');
    metrics.ringLostLinksTotal += since('lostLinks');
    metrics.mapFullTotal += since('mapFull');
    metrics.synsTotal += since('synsSeen');
    metrics.droppedSynsTotal += since('dropsSeen');
    const shed = since('legsShed');
    metrics.shedLegsTotal += shed;
    if (shed + lostLegs > 0) this.#assembler.noteShedding(this.#stream.nowNs);
    if (lost > 0) this.#assembler.noteLoss(this.#stream.nowNs);
    this.#lastStats = stats;
  }

  #readLink(frame: LinkFrame): void {
    const record = proxyLinkRecord(frame, this.#clock, this.#hasher);
    if (record === null) this.#options.metrics.unkeyedProxyLinksTotal++;
    else this.#options.emit(record);
  }

  #readProxyHeader(frame: ProxyHeaderFrame): void {
    const record = proxyHeaderRecord(frame, this.#clock, this.#hasher);
    if (record === null) this.#options.metrics.badProxyHeadersTotal++;
    else this.#options.emit(record);
  }

  #measure(): void {
    const { metrics } = this.#options;
    const { counters } = this.#assembler;
    metrics.leftOutExchangesTotal = this.#exchanges.leftOut;
    metrics.openLegs = this.#assembler.openLegs + this.#conntrack.openLegs;
    metrics.strayPacketsTotal = counters.strayPackets;
    metrics.evictedLegsTotal = counters.evictedLegs + this.#conntrack.evictedLegs;
    metrics.forgottenLegsTotal = counters.forgottenLegs;
    metrics.unjudgedAttemptsTotal = counters.unjudgedAttempts;
  }
}

/** A total that went back belongs to a new loader. */
function grown(total: number, before: number | undefined): number {
  return before === undefined || total < before ? total : total - before;
}
