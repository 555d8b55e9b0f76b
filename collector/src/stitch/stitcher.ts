/**
 * Gathers records that may belong to one path and says when it is time to reconstruct them.
 * Time is a parameter of every call; nothing here waits, reads a clock or touches the store.
 *
 *   add ──► group (dirty) ──quiet or long enough──► takeDue ──► changes     group stays for late records
 *                                                                 └─ keepMs without a new one ──► forgotten
 */
import { type ClockBounds, NO_CLOCKS, observe } from '@hoptrace/domain/clock/clocks.ts';
import { FailedAttemptBook } from '@hoptrace/domain/loss/failedAttempts.ts';
import type { Context, Evidence } from '@hoptrace/domain/reconstruct/evidence.ts';
import { remember } from '@hoptrace/domain/reconstruct/proxyHistory.ts';
import { settledRules } from '@hoptrace/domain/reconstruct/proxyRules.ts';
import type { ProxyHistory } from '@hoptrace/domain/reconstruct/ruleScores.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import type { PathChanges } from '../collectorStore.ts';
import { changesOf } from './emission.ts';
import {
  evidenceOf,
  type Group,
  hasOpenLeg,
  newGroup,
  putRecord,
  recordKey,
  startOf,
} from './group.ts';
import { isForeign, stitchKeys } from './stitchKeys.ts';

/** A pooled group has thousands of legs; the newest are plenty for a bound, at about a microsecond each. */
const MAX_CLOCK_LEGS = 64;

/**
 * A request id that many records carry is no id: one client that sends a fixed one must not make a single group
 * of everybody's connections. A true one is seen at the taps of a client's and an upstream's connection.
 */
const MAX_RECORDS_OF_ID = 64;

export interface StitcherOptions {
  readonly quietMs: number;
  readonly maxDelayMs: number;
  readonly keepMs: number;
  /** Instead of keepMs while a connection of the group is open. */
  readonly keepOpenMs: number;
  readonly maxRecords: number;
  /** A group that grows beyond is reconstructed a last time and closed. */
  readonly maxGroupRecords: number;
  /** Bound of the changes that evicted and closed groups leave behind until the next takeDue. */
  readonly maxLeftChanges: number;
  readonly reconstruct: (evidence: Evidence, context: Context) => Path[];
  /** `atUs`: when the connections began; names and policies are those of that time. */
  readonly contextOf: (cluster: string, atUs: number) => Context;
  readonly onError: (error: unknown) => void;
}

/** Grow only; metrics read the differences. */
export interface StitchCounts {
  evictedRecords: number;
  closedGroups: number;
  orphanRevisions: number;
  failedGroups: number;
  droppedChanges: number;
}

export interface Due extends PathChanges {
  readonly hasMore: boolean;
}

export class Stitcher {
  readonly counts: StitchCounts = {
    evictedRecords: 0,
    closedGroups: 0,
    orphanRevisions: 0,
    failedGroups: 0,
    droppedChanges: 0,
  };
  readonly #options: StitcherOptions;
  /** In the order of their last record: the first is the one to evict. */
  readonly #groups = new Set<Group>();
  /** In the order of their oldest unseen record. */
  readonly #dirty = new Set<Group>();
  readonly #groupByKey = new Map<string, Group>();
  /** By cluster; agents of one collector come from few. */
  readonly #clocks = new Map<string, ClockBounds>();
  /** Records by request id or first flight; forgotten with the group that holds the key. */
  readonly #countByForeignKey = new Map<string, number>();
  readonly #proxies = new Map<string, ProxyHistory>();
  readonly #failedAttempts = new Map<string, FailedAttemptBook>();
  /** `cluster|ip` of Pods that dialled in vain since the last takeDue. */
  readonly #failedSince = new Set<string>();
  #left: PathChanges[] = [];
  #leftCount = 0;
  #records = 0;

  constructor(options: StitcherOptions) {
    this.#options = options;
  }

  get recordCount(): number {
    return this.#records;
  }

  get groupCount(): number {
    return this.#groups.size;
  }

  /** Takes a stored record in. Repetitions and older revisions change nothing. */
  add(record: Sourced, nowMs: number): void {
    const keys = stitchKeys(record).filter((key) => !this.#isCrowded(key));
    if (this.#isOrphan(record, nowMs)) {
      this.counts.orphanRevisions += 1;
      return;
    }
    const group = this.#groupFor(keys, record.cluster, nowMs);
    for (const key of keys) {
      group.keys.add(key);
      this.#groupByKey.set(key, group);
    }
    this.#noteFailure(record);
    const before = group.records.size;
    const isNew = putRecord(group, recordKey(record), record);
    this.#records += group.records.size - before;
    this.#touch(group, nowMs, isNew);
    if (group.records.size > this.#options.maxGroupRecords) {
      this.counts.closedGroups += 1;
      this.#leave(group);
    }
    this.#evict();
  }

  /**
   * Reconstructs up to `limit` groups that are due and answers what to write; `hasMore` says that
   * others are due as well. `isFinal` takes every group with news, due or not (orderly end).
   */
  takeDue(nowMs: number, limit: number, isFinal = false): Due {
    this.#doubtAnswers();
    const changes = this.#left;
    this.#left = [];
    this.#leftCount = 0;
    const due: Group[] = [];
    let hasMore = false;
    for (const group of this.#dirty) {
      if (!isFinal && !this.#isDue(group, nowMs)) continue;
      hasMore = due.length >= limit;
      if (hasMore) break;
      due.push(group);
    }
    for (const group of due) changes.push(this.#reconstruct(group));
    const paths = changes.flatMap((each) => each.paths);
    const withdrawals = changes.flatMap((each) => each.withdrawals);
    return { paths, withdrawals, hasMore };
  }

  /** Forgets groups that had their time. Call about once a second. */
  expire(nowMs: number): void {
    const { keepMs, keepOpenMs } = this.#options;
    for (const group of this.#groups) {
      const ageMs = nowMs - group.lastRecordMs;
      // Sorted by age: from the first young one on, all are young.
      if (ageMs < keepMs) return;
      if (group.dirtySinceMs !== null) continue;
      if (ageMs >= keepOpenMs || !hasOpenLeg(group)) this.#forget(group);
    }
  }

  /**
   * A late revision of a leg that nobody here remembers. Alone it would look like a path of its own, so it
   * stays in the store only. Young ones are taken: the rest of their connection is on its way.
   */
  #isOrphan(record: Sourced, nowMs: number): boolean {
    if (record.kind !== 'leg' || record.revision === 0) return false;
    if (nowMs - record.startUs / 1000 < this.#options.keepMs) return false;
    return !this.#groupByKey.has(`${record.cluster}|${recordKey(record)}`);
  }

  #isCrowded(key: string): boolean {
    if (!isForeign(key)) return false;
    const count = (this.#countByForeignKey.get(key) ?? 0) + 1;
    // Above the limit the count need not go on; below it the record's group holds the key.
    if (count <= MAX_RECORDS_OF_ID) this.#countByForeignKey.set(key, count);
    return count > MAX_RECORDS_OF_ID;
  }

  #isDue(group: Group, nowMs: number): boolean {
    const { quietMs, maxDelayMs } = this.#options;
    if (group.dirtySinceMs === null) return false;
    return nowMs - group.lastRecordMs >= quietMs || nowMs - group.dirtySinceMs >= maxDelayMs;
  }

  /** The group of these keys; several become one (the smaller is moved into the larger). */
  #groupFor(keys: readonly string[], cluster: string, nowMs: number): Group {
    const found = new Set(keys.flatMap((key) => this.#groupByKey.get(key) ?? []));
    const [largest, ...others] = [...found].sort((a, b) => b.records.size - a.records.size);
    if (largest === undefined) {
      const group = newGroup(cluster, nowMs);
      this.#groups.add(group);
      return group;
    }
    for (const other of others) this.#merge(largest, other);
    return largest;
  }

  #merge(target: Group, source: Group): void {
    this.#forget(source);
    for (const key of source.keys) {
      target.keys.add(key);
      this.#groupByKey.set(key, target);
    }
    const before = target.records.size;
    for (const [key, record] of source.records) putRecord(target, key, record);
    this.#records += target.records.size - before;
    for (const [pathId, emitted] of source.emitted) target.emitted.set(pathId, emitted);
    target.scored = [...target.scored, ...source.scored];
    if (source.dirtySinceMs === null) return;
    target.dirtySinceMs = Math.min(
      target.dirtySinceMs ?? Number.POSITIVE_INFINITY,
      source.dirtySinceMs,
    );
  }

  #touch(group: Group, nowMs: number, isNew: boolean): void {
    this.#groups.delete(group);
    this.#groups.add(group);
    group.lastRecordMs = nowMs;
    if (isNew) group.dirtySinceMs ??= nowMs;
    if (group.dirtySinceMs !== null) this.#dirty.add(group);
  }

  #evict(): void {
    for (const group of this.#groups) {
      if (this.#records <= this.#options.maxRecords) return;
      this.counts.evictedRecords += group.records.size;
      this.#leave(group);
    }
  }

  /** Lets a group go before its time. What it has to say is said first, as far as there is room for it. */
  #leave(group: Group): void {
    if (group.dirtySinceMs !== null) this.#leaveBehind(this.#reconstruct(group));
    this.#forget(group);
  }

  #leaveBehind(changes: PathChanges): void {
    const count = changes.paths.length + changes.withdrawals.length;
    if (this.#leftCount + count > this.#options.maxLeftChanges) {
      this.counts.droppedChanges += count;
      return;
    }
    this.#left.push(changes);
    this.#leftCount += count;
  }

  #reconstruct(group: Group): PathChanges {
    group.dirtySinceMs = null;
    this.#dirty.delete(group);
    const { reconstruct, contextOf, onError } = this.#options;
    try {
      const evidence = evidenceOf(group);
      const clocks = this.#observeClocks(group.cluster, evidence);
      const proxyHistory = this.#learnProxies(group, evidence);
      const failedAttempts = this.#failuresOf(group.cluster);
      const context = {
        ...contextOf(group.cluster, startOf(group)),
        ...{ clocks, proxyHistory, failedAttempts },
      };
      const paths = reconstruct(evidence, context);
      group.answeredAlone = new Set(paths.flatMap(answeredAlone));
      return changesOf(group, paths);
    } catch (error) {
      // reconstruct() does not throw on data; if it does, that group alone must pay for the defect.
      this.counts.failedGroups += 1;
      onError(error);
      return { paths: [], withdrawals: [] };
    }
  }

  #noteFailure(record: Sourced): void {
    const { cluster, startUs } = record;
    const isPod = (ip: string) =>
      this.#options.contextOf(cluster, startUs).topology.podByIp.has(ip);
    const ip = this.#failuresOf(cluster).note(record, isPod);
    if (ip !== null) this.#failedSince.add(`${cluster}|${ip}`);
  }

  #failuresOf(cluster: string): FailedAttemptBook {
    const book = this.#failedAttempts.get(cluster) ?? new FailedAttemptBook();
    this.#failedAttempts.set(cluster, book);
    return book;
  }

  /** What connections that two agents saw tell of the offset between their clocks. */
  #observeClocks(cluster: string, { legs }: Evidence): ClockBounds {
    const before = this.#clocks.get(cluster) ?? NO_CLOCKS;
    const after = observe(before, legs.slice(-MAX_CLOCK_LEGS));
    this.#clocks.set(cluster, after);
    return after;
  }

  /** What the group's links show of the rules that its proxies obey, added to what all groups before it showed. */
  #learnProxies(group: Group, { proxyLinks }: Evidence): ProxyHistory {
    const before = this.#proxies.get(group.cluster) ?? new Map();
    if (proxyLinks.length === 0) return before;
    const { history, scored } = remember(before, proxyLinks, group.scored);
    group.scored = [scored];
    this.#proxies.set(group.cluster, history);
    if (settledRules(history) !== settledRules(before)) this.#lookAgain(group.cluster);
    return history;
  }

  /** What was left open for want of a rule is decided now. */
  #lookAgain(cluster: string): void {
    for (const group of this.#groups) {
      if (group.cluster === cluster && group.scored.length > 0) this.#markDirty(group);
    }
  }

  /** A proxy was said to have answered by itself, and now it is known that an upstream refused it around that time. */
  #doubtAnswers(): void {
    if (this.#failedSince.size === 0) return;
    for (const group of this.#groups) {
      const isDoubted = [...group.answeredAlone].some((ip) =>
        this.#failedSince.has(`${group.cluster}|${ip}`),
      );
      if (isDoubted) this.#markDirty(group);
    }
    this.#failedSince.clear();
  }

  #markDirty(group: Group): void {
    group.dirtySinceMs ??= group.lastRecordMs;
    this.#dirty.add(group);
  }

  #forget(group: Group): void {
    this.#groups.delete(group);
    this.#dirty.delete(group);
    this.#records -= group.records.size;
    for (const key of group.keys) {
      if (this.#groupByKey.get(key) !== group) continue;
      this.#groupByKey.delete(key);
      this.#countByForeignKey.delete(key);
    }
  }
}

function answeredAlone({ hops, completeness }: Path): string[] {
  const end = hops.at(-1)?.to;
  const isProxy = end?.role === 'ingress' || end?.role === 'load-balancer';
  return end !== undefined && isProxy && completeness === 1 ? [end.ip] : [];
}
