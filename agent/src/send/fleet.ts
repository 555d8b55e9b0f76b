/**
 * Several collectors: each record goes to the owner of its key (rendezvous.ts), by a sender of his own with an outbox
 * of his own. A collector that is away for takeoverMs has no keys meanwhile, and what it never acknowledged goes, as
 * it is, to the one that all agents take for its heir. What it acknowledged it stores when it is back.
 *
 *   push ─► key ─► owner ─► Sender of A │ Sender of B │ …        A away: outbox of A ─► outbox of its heir
 */
import { recordSizeBytes, writeRecord } from '@hoptrace/domain/wire/binary.ts';
import type { RecordKind, WireRecord } from '@hoptrace/domain/wire/v1.ts';
import type { CollectorKey } from '../config.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { keyOffset } from './connectionKey.ts';
import type { WriteRecord } from './recordQueue.ts';
import { type Collector, collectorOf, ownerOf } from './rendezvous.ts';
import type { Sender } from './sender.ts';
import type { SenderGauges } from './senderOptions.ts';

const LOOK_EVERY_MS = 250;
/** Each is read from one spool and written to the other; more would hold up this process. */
const MOVED_AT_ONCE = 32;
const MAX_RECORD_BYTES = 512;
/** Above every seq that a run will reach; SLOTS of them are below 2^53. */
export const SEQS_PER_SENDER = 2 ** 40;
const SLOTS = 8191;

export interface MemberOptions {
  readonly seqBase: number;
  readonly onGauges: (gauges: SenderGauges) => void;
}

export interface FleetOptions {
  readonly urls: readonly string[];
  readonly key: CollectorKey;
  readonly cluster: string;
  readonly takeoverMs: number;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly makeSender: (url: string, options: MemberOptions) => Sender;
}

interface Member {
  readonly url: string;
  readonly sender: Sender;
  gauges: SenderGauges;
  isThere: boolean;
}

const NO_GAUGES: SenderGauges = {
  ...{ queuedRecords: 0, inFlightBatches: 0, spoolBatches: 0, spoolBytes: 0, isConnected: 0 },
};

export class Fleet {
  readonly #options: FleetOptions;
  readonly #collectors: readonly Collector[];
  readonly #members: readonly Member[];
  readonly #clusterKey: number;
  readonly #scratch = new Uint8Array(MAX_RECORD_BYTES);
  readonly #view = new DataView(this.#scratch.buffer);
  #looker: NodeJS.Timeout | null = null;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#collectors = options.urls.map(collectorOf);
    this.#clusterKey = collectorOf(options.cluster).salt;
    const bases = seqBases(this.#collectors);
    this.#members = options.urls.map((url) => {
      const onGauges = (gauges: SenderGauges) => this.#measure(url, gauges);
      const sender = options.makeSender(url, { seqBase: bases.get(url) ?? 0, onGauges });
      return { url, sender, gauges: NO_GAUGES, isThere: true };
    });
  }

  start(): void {
    for (const { sender } of this.#members) sender.start();
    this.#looker = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  push(record: WireRecord): void {
    this.pushWritten(record.kind, (view, at) => writeRecord(view, at, record));
  }

  pushWritten(kind: RecordKind, write: WriteRecord): void {
    write(this.#view, 0);
    const bytes = this.#scratch.subarray(0, recordSizeBytes(kind));
    this.#ownerOf(kind)?.sender.pushWritten(kind, (view, at) => {
      new Uint8Array(view.buffer, view.byteOffset).set(bytes, at);
    });
  }

  async close(timeoutMs: number): Promise<void> {
    if (this.#looker !== null) clearInterval(this.#looker);
    await Promise.all(this.#members.map(({ sender }) => sender.close(timeoutMs)));
  }

  #ownerOf(kind: RecordKind): Member | undefined {
    const at = this.#options.key === 'cluster' ? -1 : keyOffset(kind, this.#view);
    const high = at < 0 ? this.#clusterKey : this.#view.getUint32(at);
    const low = at < 0 ? 0 : this.#view.getUint32(at + 4);
    return this.#memberOf(high, low);
  }

  #memberOf(high: number, low: number): Member | undefined {
    const isThere = (index: number) => this.#members[index]?.isThere === true;
    return this.#members[ownerOf(this.#collectors, high, low, isThere)];
  }

  #look(): void {
    const { takeoverMs, log } = this.#options;
    for (const member of this.#members) {
      const isThere = member.sender.lostForMs < takeoverMs;
      if (isThere !== member.isThere)
        log('warn', isThere ? 'collector is back' : 'collector lost: others take over', {
          collectorUrl: member.url,
        });
      member.isThere = isThere;
    }
    for (const [index, member] of this.#members.entries()) {
      // All agents name the same heir, so that legs of one connection meet again there.
      const heir = this.#memberOf(this.#collectors[index]?.salt ?? 0, 0);
      if (!member.isThere && heir !== undefined && heir.isThere) this.#hand(member, heir);
    }
  }

  #hand(lost: Member, heir: Member): void {
    const { metrics, log } = this.#options;
    try {
      metrics.movedBatchesTotal += lost.sender.giveTo(heir.sender, MOVED_AT_ONCE);
    } catch (error) {
      log('error', 'batches of a lost collector stay in its spool', { problem: String(error) });
    }
  }

  /** The gauges of all senders together; connected means to all. */
  #measure(url: string, gauges: SenderGauges): void {
    const { metrics } = this.#options;
    const own = this.#members?.find((each) => each.url === url);
    if (own !== undefined) own.gauges = gauges;
    const sum = (name: keyof SenderGauges) =>
      this.#members.reduce((total, each) => total + each.gauges[name], 0);
    metrics.queuedRecords = sum('queuedRecords');
    metrics.inFlightBatches = sum('inFlightBatches');
    metrics.spoolBatches = sum('spoolBatches');
    metrics.spoolBytes = sum('spoolBytes');
    metrics.isConnected = sum('isConnected') === this.#members.length ? 1 : 0;
  }
}

/** By the URL, not by its place in the list: batches that wait in a spool keep their numbers. */
function seqBases(collectors: readonly Collector[]): ReadonlyMap<string, number> {
  const taken = new Set<number>();
  const bases = new Map<string, number>();
  for (const { url, salt } of collectors.toSorted((a, b) => (a.url < b.url ? -1 : 1))) {
    let slot = salt % SLOTS;
    while (taken.has(slot)) slot = (slot + 1) % SLOTS;
    taken.add(slot);
    bases.set(url, slot * SEQS_PER_SENDER);
  }
  return bases;
}
