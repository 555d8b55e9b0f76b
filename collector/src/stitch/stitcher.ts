/**
 * Gathers records that may belong to one path and says when it is time to reconstruct them.
 * Time is a parameter of every call; nothing here waits, reads a clock or touches the store.
 *
 *   add ──► group (dirty) ──quiet or long enough──► takeDue ──► changes     group stays for late records
 *                                                                 └─ keepMs without a new one ──► forgotten
 */
import type { Context, Evidence } from '@hoptrace/domain/reconstruct/evidence.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import type { PathChanges } from '../collectorStore.ts';
import { ClusterMemory } from './clusterMemory.ts';
import { CrowdedKeys } from './crowdedKeys.ts';
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
import type { Emission } from './journal.ts';
import { stitchKeys } from './stitchKeys.ts';

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
  /** The same changes by group, for the journal. */
  readonly emissions: readonly Emission[];
}

interface GroupChanges extends PathChanges {
  readonly emission: Emission | null;
}

/** Where a record comes from. `isNews: false`: its paths are written already (a start after a crash). */
export interface Origin {
  readonly lsn: number;
  readonly isNews: boolean;
}

const NO_LOG: Origin = { lsn: 0, isNews: true };

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
  readonly #crowd = new CrowdedKeys();
  readonly #memory = new ClusterMemory();
  #left: GroupChanges[] = [];
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

  /** The first batch whose paths are not all taken by takeDue; infinity when there is none. */
  get firstUntakenLsn(): number {
    if (this.#left.length > 0) return 0;
    let first = Number.POSITIVE_INFINITY;
    for (const group of this.#dirty) first = Math.min(first, group.dirtySinceLsn);
    return first;
  }

  /** Takes a stored record in. Repetitions and older revisions change nothing. */
  add(record: Sourced, nowMs: number, origin = NO_LOG): void {
    const keys = stitchKeys(record).filter((key) => !this.#crowd.isCrowded(key));
    if (this.#isOrphan(record, nowMs)) {
      this.counts.orphanRevisions += 1;
      return;
    }
    const group = this.#groupFor(keys, record.cluster, nowMs);
    for (const key of keys) {
      group.keys.add(key);
      this.#groupByKey.set(key, group);
    }
    this.#memory.noteFailure(record, (ip) =>
      this.#options.contextOf(record.cluster, record.startUs).topology.podByIp.has(ip),
    );
    const before = group.records.size;
    const isNew = putRecord(group, recordKey(record), record);
    this.#records += group.records.size - before;
    group.firstLsn = Math.min(group.firstLsn, origin.lsn);
    if (isNew && origin.isNews) group.dirtySinceLsn = Math.min(group.dirtySinceLsn, origin.lsn);
    this.#touch(group, nowMs, isNew && origin.isNews);
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
    const emissions = changes.flatMap((each) => each.emission ?? []);
    return { paths, withdrawals, emissions, hasMore };
  }

  /**
   * After the records of a log were added: what had been written about their groups, in the order in which it was.
   * A group of which records before `fromLsn` are gone is let go: half of it would only make wrong paths.
   */
  restore(emissions: readonly Emission[], fromLsn: number): void {
    const truncated = new Set<Group>();
    for (const { cluster, key, firstLsn, written, withdrawn } of emissions) {
      const group = this.#groupByKey.get(`${cluster}|${key}`);
      if (group === undefined) continue;
      if (firstLsn < fromLsn) truncated.add(group);
      // No digest: the insert may not have come to pass, so each is written (or withdrawn) again, one version higher.
      for (const [pathId, version] of [...written, ...withdrawn])
        group.emitted.set(pathId, { version, digest: '' });
    }
    for (const group of truncated) {
      this.counts.evictedRecords += group.records.size;
      this.#forget(group);
    }
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
    target.firstLsn = Math.min(target.firstLsn, source.firstLsn);
    target.dirtySinceLsn = Math.min(target.dirtySinceLsn, source.dirtySinceLsn);
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

  #leaveBehind(changes: GroupChanges): void {
    const count = changes.paths.length + changes.withdrawals.length;
    if (this.#leftCount + count > this.#options.maxLeftChanges) {
      this.counts.droppedChanges += count;
      return;
    }
    this.#left.push(changes);
    this.#leftCount += count;
  }

  #reconstruct(group: Group): GroupChanges {
    group.dirtySinceMs = null;
    group.dirtySinceLsn = Number.POSITIVE_INFINITY;
    this.#dirty.delete(group);
    const { reconstruct, contextOf, onError } = this.#options;
    try {
      const evidence = evidenceOf(group);
      const context = contextOf(group.cluster, startOf(group));
      const { known, isSettled } = this.#memory.learn(group, evidence, context);
      // What was left open for want of a rule is decided now.
      if (isSettled)
        this.#lookAgain(({ cluster, scored }) => cluster === group.cluster && scored.length > 0);
      const paths = reconstruct(evidence, { ...context, ...known });
      group.answeredAlone = new Set(paths.flatMap(answeredAlone));
      const changes = changesOf(group, paths);
      return { ...changes, emission: emissionOf(group, changes) };
    } catch (error) {
      // reconstruct() does not throw on data; if it does, that group alone must pay for the defect.
      this.counts.failedGroups += 1;
      onError(error);
      return { paths: [], withdrawals: [], emission: null };
    }
  }

  /** A proxy was said to have answered by itself, and now it is known that an upstream refused it around that time. */
  #doubtAnswers(): void {
    const hasFailed = this.#memory.takeFailed();
    if (hasFailed === null) return;
    this.#lookAgain(({ cluster, answeredAlone: ips }) =>
      [...ips].some((ip) => hasFailed(cluster, ip)),
    );
  }

  #lookAgain(isConcerned: (group: Group) => boolean): void {
    for (const group of this.#groups) {
      if (!isConcerned(group)) continue;
      group.dirtySinceMs ??= group.lastRecordMs;
      this.#dirty.add(group);
    }
  }

  #forget(group: Group): void {
    this.#groups.delete(group);
    this.#dirty.delete(group);
    this.#records -= group.records.size;
    for (const key of group.keys) {
      if (this.#groupByKey.get(key) !== group) continue;
      this.#groupByKey.delete(key);
      this.#crowd.forget(key);
    }
  }
}

function emissionOf(group: Group, { paths, withdrawals }: PathChanges): Emission | null {
  const [key] = group.records.keys();
  if (key === undefined || paths.length + withdrawals.length === 0) return null;
  return {
    cluster: group.cluster,
    key,
    firstLsn: group.firstLsn,
    written: paths.map(({ pathId, version }) => [pathId, version]),
    withdrawn: withdrawals.map(({ pathId, version }) => [pathId, version]),
  };
}

function answeredAlone({ hops, completeness }: Path): string[] {
  const end = hops.at(-1)?.to;
  const isProxy = end?.role === 'ingress' || end?.role === 'load-balancer';
  return end !== undefined && isProxy && completeness === 1 ? [end.ip] : [];
}
