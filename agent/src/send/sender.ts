/**
 * Brings records to the collector. A batch is freed when the collector has stored it; until then it is sent again on
 * every new connection (the collector drops repetitions by cluster, node, bootId, seq).
 *
 *   push ─► RecordQueue ─► Outbox (spool on disk, or memory) ─► window (≤ 8 and the credit) ─► durable ─► stored
 *
 * With a spool batches are cut and written whether or not anybody takes them. Without one the window holds them back,
 * the queue fills, and what is dropped is counted.
 */
import { encodeBatch, joinBatch, writeRecord } from '@hoptrace/domain/wire/binary.ts';
import {
  type Envelope,
  type RecordKind,
  SCHEMA_VERSION,
  type WireRecord,
} from '@hoptrace/domain/wire/v1.ts';
import { Pace } from '../pace.ts';
import { type CutBatch, leftIn, oldestCutAtMs } from '../spool/outbox.ts';
import { type Answer, type FieldProblem, parseAnswer } from './answers.ts';
import { ClockOffset, nowUs } from './clockOffset.ts';
import { Heartbeat } from './heartbeat.ts';
import { postBatch } from './postRoad.ts';
import { RecordQueue, type WriteRecord } from './recordQueue.ts';
import { Refusals } from './refusals.ts';
import type { SenderGauges, SenderOptions } from './senderOptions.ts';
import { SendWindow } from './sendWindow.ts';
import { StreamRoad } from './streamRoad.ts';
import { Watermark } from './watermark.ts';

const TIDY_EVERY_MS = 60_000;

export class Sender {
  readonly #options: SenderOptions;
  readonly #queue: RecordQueue;
  readonly #window: SendWindow;
  readonly #road: StreamRoad;
  readonly #clock = new ClockOffset();
  readonly #heartbeat = new Heartbeat();
  readonly #refusals: Refusals;
  #nextSeq: number;
  readonly #pace: Pace;
  #isClosing = false;
  #isPosting = false;
  readonly #watermark = new Watermark();
  #isUrgent = false;
  #lastHeartbeatAtMs = 0;
  #lastTidyAtMs = 0;
  #lastPostAtMs = 0;
  #lostAtMs: number | null = null; // null while there is a connection

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#nextSeq = (options.seqBase ?? 0) + 1;
    this.#queue = new RecordQueue(options.limits.maxQueuedRecords);
    this.#refusals = new Refusals(options);
    this.#window = new SendWindow(options.outbox);
    this.#pace = new Pace({
      tick: () => this.#tick(),
      isQuiet: () => this.#road.isOpen && !this.#hasWork(),
    });
    this.#road = new StreamRoad({
      ...options,
      onOpen: () => this.#opened(),
      onClose: () => this.#closed(),
      onText: (text) => this.#heard(text),
    });
  }

  start(): void {
    this.#lastHeartbeatAtMs = this.#lostAtMs = performance.now();
    this.#road.connect();
    this.#pace.start();
  }

  /** Never blocks for long and never throws; what does not fit is dropped and counted. */
  push(record: WireRecord): void {
    this.pushWritten(record.kind, (view, at) => writeRecord(view, at, record));
  }

  /** The same for a record that its maker writes himself, but for its seq. */
  pushWritten(kind: RecordKind, write: WriteRecord): void {
    const { metrics, limits } = this.#options;
    if (this.#queue.size === 0) this.#watermark.queueBegins(performance.now());
    this.#pace.wake();
    // Somebody waits for the reason: with the next tick, whatever the age of the batch.
    this.#isUrgent ||= kind === 'refusal';
    metrics.unsentRecordsTotal += this.#queue.push(kind, write);
    metrics.recordsTotal++;
    if (this.#options.onGauges === undefined) metrics.queuedRecords = this.#queue.size;
    if (this.#queue.size < limits.maxBatchRecords) return;
    this.#flush(false);
    this.#measure();
  }

  /** For how long the collector has not been heard, neither by WebSocket nor by POST, in milliseconds. */
  get lostForMs(): number {
    return this.#lostAtMs === null ? 0 : performance.now() - this.#lostAtMs;
  }

  /**
   * Hands what this collector never acknowledged to another's sender, `most` batches at once, as they are: the same
   * seqs, so that whoever has seen one knows it again. What it acknowledged stays its own. Throws where the other's
   * spool cannot be written. Answers how many batches went.
   */
  giveTo(heir: Sender, most: number): number {
    if (this.#road.isOpen || this.#isPosting) return 0;
    const { outbox } = this.#options;
    while (this.#queue.size > 0) this.#cut();
    let given = 0;
    for (const batch of [...outbox.batches].filter(({ isAcknowledged }) => !isAcknowledged)) {
      if (given === most) break;
      const bytes = outbox.bytesOf(batch);
      if (bytes === null) continue;
      heir.#adopt({ ...batch, bytes }, this.#watermark);
      this.#window.free(batch);
      given += 1;
    }
    return given;
  }

  #adopt(batch: CutBatch, watermark: Watermark): void {
    this.#watermark.takeOver(watermark);
    this.#window.wait(this.#options.outbox.add(batch));
  }

  /** Sends what is queued and waits for answers, at most `timeoutMs`. What is left then stays in the spool, or is lost. */
  async close(timeoutMs: number): Promise<void> {
    const { outbox, metrics, log } = this.#options;
    const endMs = performance.now() + timeoutMs;
    this.#flush(true);
    while (this.#road.isOpen && this.#hasWork() && performance.now() < endMs) {
      this.#flush(true);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    this.#isClosing = true;
    this.#pace.stop();
    const { lost, safe } = leftIn(outbox);
    const left = this.#queue.size + lost;
    metrics.unsentRecordsTotal += left;
    if (left > 0) log('warn', 'records unsent at close', { records: left });
    if (outbox.isSpool && safe > 0) log('info', 'records wait in the spool', { records: safe });
    outbox.close();
    this.#road.close();
  }

  #hasWork(): boolean {
    return this.#queue.size > 0 || this.#options.outbox.batches.size > 0;
  }

  /** All that is not stored is sent again: the answers to it went to the connection before. */
  #opened(): void {
    this.#lostAtMs = null;
    const { metrics, outbox } = this.#options;
    metrics.resentBatchesTotal += [...outbox.batches].filter(({ sentAtMs }) => sentAtMs > 0).length;
    this.#window.reset();
    this.#flush(false);
    this.#measure();
  }

  /** Nobody answers a heartbeat any more; what it told of losses the next envelope tells. */
  #closed(): void {
    this.#lostAtMs ??= performance.now();
    this.#window.reset();
    const losses = this.#heartbeat.lost();
    if (losses !== null) this.#options.giveBackLosses(losses);
    this.#measure();
  }

  #heard(text: string): void {
    const answer = parseAnswer(text);
    if (answer === null) {
      this.#options.log('warn', 'unknown message from collector', { text: text.slice(0, 200) });
      return;
    }
    if (answer.type === 'credit') {
      this.#window.setCredit(answer.bytes);
      this.#heartbeat.learn(answer.knows);
    }
    if (answer.type === 'durable') this.#durable(answer);
    else if (answer.type === 'stored') this.#stored(answer);
    else if (answer.type === 'refused') this.#refused(answer.firstSeq, answer.problems);
    this.#flush(false);
    this.#measure();
  }

  #durable(answer: Extract<Answer, { type: 'durable' }>): void {
    const { bootId = this.#options.bootId, firstSeq, count } = answer;
    const batch = this.#window.find(bootId, firstSeq, count);
    const sentAtUs = count === 0 ? this.#heartbeat.sentAtUs : batch?.sentAtUs;
    if (sentAtUs !== undefined) this.#clock.note({ ...answer, sentAtUs, heardAtUs: nowUs() });
    if (batch === null) return;
    if (batch.state === 'sent') this.#refusals.notePart(batch, answer.refused);
    this.#window.markDurable(batch);
  }

  #stored(answer: Extract<Answer, { type: 'stored' }>): void {
    const { bootId = this.#options.bootId, firstSeq, count, refused } = answer;
    const batch = this.#window.find(bootId, firstSeq, count);
    if (count === 0) this.#heartbeat.answered();
    if (batch === null) return;
    this.#options.metrics.storedRecordsTotal += batch.count;
    // With a log they came with `durable`.
    if (batch.state !== 'durable') this.#refusals.notePart(batch, refused);
    this.#window.free(batch);
  }

  #refused(firstSeq: number | null, problems: readonly FieldProblem[]): void {
    const batch = this.#window.findRefused(firstSeq);
    if (batch === null) return;
    this.#refusals.noteWhole(batch, problems);
    this.#window.free(batch);
  }

  #tick(): void {
    const { limits, outbox } = this.#options;
    if (this.#isClosing) return;
    const nowMs = performance.now();
    this.#road.tick(this.#window.isUnansweredSince(nowMs - limits.ackTimeoutMs));
    this.#flush(this.#isUrgent || this.#watermark.isAsOld(nowMs - limits.maxBatchAgeMs));
    // Also while batches are sent: how far they reach is told here alone.
    const isTime = nowMs - this.#lastHeartbeatAtMs >= limits.heartbeatEveryMs;
    const { facts, health } = this.#options;
    const isDue = isTime || this.#heartbeat.hasNews(facts(), health?.() ?? null);
    if (isDue && this.#road.isOpen && !this.#heartbeat.isPending) this.#sendHeartbeat();
    if (nowMs - this.#lastTidyAtMs >= TIDY_EVERY_MS) {
      this.#lastTidyAtMs = nowMs;
      outbox.tidy();
    }
    void this.#post(nowMs);
    this.#measure();
  }

  /** Cuts full batches, and with `isDue` also a part-filled one; sends what the window allows. */
  #flush(isDue: boolean): void {
    const { limits, outbox } = this.#options;
    const need = isDue ? 1 : limits.maxBatchRecords;
    const canCut = () => outbox.isSpool || (this.#road.isOpen && this.#window.hasRoom);
    while (this.#queue.size >= need && canCut()) {
      this.#cut();
      this.#sendWaiting();
    }
    this.#sendWaiting();
  }

  /** Gives the oldest records their seq, which are contiguous within (node, bootId) whatever was dropped before. */
  #cut(): void {
    const { bootId, limits, outbox, metrics, log } = this.#options;
    const firstSeq = this.#nextSeq;
    this.#watermark.cut(performance.now(), outbox.batches.size === 0);
    const { count, parts } = this.#queue.take(limits.maxBatchRecords, firstSeq);
    this.#nextSeq += count;
    this.#isUrgent &&= this.#queue.size > 0;
    const envelope = this.#envelope(firstSeq, count);
    const bytes = joinBatch(envelope, parts);
    try {
      this.#window.wait(outbox.add({ bootId, firstSeq, count, losses: envelope.losses, bytes }));
    } catch (error) {
      metrics.unsentRecordsTotal += count;
      log('error', 'the spool cannot be written; records are lost', { problem: String(error) });
    }
  }

  #sendWaiting(): void {
    while (this.#road.isOpen) {
      const batch = this.#window.takeNext();
      if (batch === null) return;
      const bytes = this.#options.outbox.bytesOf(batch);
      if (bytes === null) continue;
      this.#window.markSent(batch, nowUs());
      this.#road.send(bytes);
    }
  }

  #sendHeartbeat(): void {
    this.#lastHeartbeatAtMs = performance.now();
    const envelope = this.#envelope(this.#nextSeq, 0);
    // An older collector refuses what it does not know.
    const whole = this.#window.hasCredit ? { ...envelope, ...this.#moreOf() } : envelope;
    this.#heartbeat.sent(whole);
    this.#road.send(encodeBatch(whole, []));
  }

  /** What collectors know that give credit. */
  #moreOf(): Partial<Envelope> {
    const { outbox, facts, exchangesSinceUs, health } = this.#options;
    const watermarkUs = this.#watermark.untilUs({
      ...{ nowMs: performance.now(), wallMs: Date.now(), isQueueEmpty: this.#queue.size === 0 },
      oldestCutAtMs: oldestCutAtMs(outbox.batches),
    });
    const sinceUs = exchangesSinceUs();
    return this.#heartbeat.moreOf({
      watermarkUs,
      clock: this.#clock.best,
      facts: facts(),
      sinceUs,
      health: health?.() ?? null,
      ringRefusals: this.#options.metrics.ringLostRefusalsTotal,
    });
  }

  #envelope(firstSeq: number, count: number): Envelope {
    const { cluster, node, bootId, addresses, takeLosses } = this.#options;
    const losses = takeLosses();
    const from = { cluster, node, bootId, addresses: [...addresses()] };
    return { schemaVersion: SCHEMA_VERSION, ...from, firstSeq, count, sentAtUs: nowUs(), losses };
  }

  /** While no WebSocket can be had: the oldest batch that is due, by HTTP. */
  async #post(nowMs: number): Promise<void> {
    const { limits, outbox, metrics } = this.#options;
    const isDue = nowMs - this.#lastPostAtMs >= limits.postEveryMs;
    if (this.#isPosting || !isDue || this.#road.failures < limits.failuresBeforePost) return;
    if (this.#road.isOpen) return;
    if (!outbox.isSpool && this.#queue.size > 0 && this.#window.hasRoom) this.#cut();
    const batch = this.#window.takeNext() ?? this.#window.oldestDurable(nowMs - limits.postEveryMs);
    const bytes = batch === null ? null : outbox.bytesOf(batch);
    if (batch === null || bytes === null) return;
    this.#isPosting = true;
    this.#window.markSent(batch, nowUs());
    metrics.postsTotal++;
    const result = await postBatch(bytes, { ...this.#options, timeoutMs: limits.ackTimeoutMs });
    this.#isPosting = false;
    if (result.type !== 'failed' && this.#lostAtMs !== null) this.#lostAtMs = performance.now();
    if (result.type === 'stored') {
      metrics.storedRecordsTotal += batch.count;
      this.#window.free(batch);
    } else if (result.type === 'durable') this.#window.markDurable(batch);
    else if (result.type === 'refused') {
      this.#refusals.noteWhole(batch, [{ field: 'batch', text: result.text, remedy: '' }]);
      this.#window.free(batch);
    } else {
      this.#window.putBack(batch);
      this.#lastPostAtMs = performance.now();
    }
    if (result.type === 'durable' && this.#window.isEmpty) this.#lastPostAtMs = performance.now();
  }

  #measure(): void {
    const { metrics, outbox, onGauges } = this.#options;
    const gauges: SenderGauges = {
      queuedRecords: this.#queue.size,
      inFlightBatches: this.#window.inFlight,
      spoolBatches: outbox.batches.size,
      spoolBytes: outbox.isSpool ? outbox.sizeBytes : 0,
      isConnected: this.#road.isOpen ? 1 : 0,
    };
    if (onGauges === undefined) Object.assign(metrics, gauges);
    else onGauges(gauges);
  }
}
