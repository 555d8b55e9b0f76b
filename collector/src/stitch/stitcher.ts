/**
 * Gathers records that may belong to one path and says when it is time to reconstruct them.
 * Time is a parameter of every call; nothing here waits, reads a clock or touches the store.
 *
 *   add ──► group (dirty) ──quiet or long enough──► takeDue ──► changes     group stays for late records
 *                                                                 └─ keepMs without a new one ──► forgotten
 */
import type { Context, Evidence, InferredLink } from '@hoptrace/domain/reconstruct/evidence.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import type { PathChanges } from '../collectorStore.ts';
import { ClusterMemory } from './clusterMemory.ts';
import { changesOf, type GroupChanges, KEEPS_ALL, type Shedder, withEmission } from './emission.ts';
import { evidenceOf, type Group, hasOpenLeg, recordKey, startOf } from './group.ts';
import { GroupTable, type Origin } from './groupTable.ts';
import type { Emission } from './journal.ts';
import { LeftChanges } from './leftChanges.ts';
import type { Block } from './placeBlocks.ts';
import { PlaceWindows, type WindowCounts, type WindowOptions } from './placeWindows.ts';
import { restoreEmissions } from './restore.ts';
import { visitsOf } from './visits.ts';

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
  /** Absent: every path is kept. */
  readonly shedder?: Shedder;
  /** When times may tell what caused what. */
  readonly windows: Omit<WindowOptions, 'contextOf'>;
}

/** Grow only; metrics read the differences. */
export interface StitchCounts extends WindowCounts {
  evictedRecords: number;
  closedGroups: number;
  orphanRevisions: number;
  failedGroups: number;
  droppedChanges: number;
  /** Links from times that would have made a group too large. */
  droppedLinks: number;
}

export interface Due extends PathChanges {
  readonly hasMore: boolean;
  /** The same changes by group, for the journal. */
  readonly emissions: readonly Emission[];
}

/** The rest of an agent's batch. What other nodes have to add to a refusal comes as a later version of its path. */
const AWAITED_QUIET_MS = 50;
const NO_LOG: Origin = { lsn: 0, isNews: true };

export class Stitcher {
  readonly counts: StitchCounts;
  readonly #options: StitcherOptions;
  readonly #table: GroupTable;
  readonly #memory = new ClusterMemory();
  readonly #left: LeftChanges;
  readonly #windows: PlaceWindows;

  constructor(options: StitcherOptions) {
    this.#options = options;
    this.#left = new LeftChanges(options.maxLeftChanges);
    const contextOf = (cluster: string, atUs: number) => this.#contextOf(cluster, atUs);
    this.#windows = new PlaceWindows({ ...options.windows, contextOf });
    this.#table = new GroupTable(this.#windows.blocks);
    this.counts = Object.assign(this.#windows.counts, {
      evictedRecords: 0,
      closedGroups: 0,
      orphanRevisions: 0,
      failedGroups: 0,
      droppedChanges: 0,
      droppedLinks: 0,
    });
  }

  get recordCount(): number {
    return this.#table.recordCount;
  }

  get groupCount(): number {
    return this.#table.groupCount;
  }

  /** The first batch whose paths are not all taken by takeDue; infinity when there is none. */
  get firstUntakenLsn(): number {
    return this.#left.isEmpty ? this.#table.firstDirtyLsn : 0;
  }

  /** Used of the room for paths of groups that were let go, 0 to 1. */
  get leftShare(): number {
    return this.#left.share;
  }

  /** Groups with news, and paths of groups that were let go. */
  get waiting(): number {
    return this.#table.dirtyCount + this.#left.count;
  }

  /** How long the record that waits longest waits to be taken. Groups to be thought over again do not count. */
  lagMs(nowMs: number): number {
    let sinceMs = nowMs;
    for (const group of this.#table.dirty)
      sinceMs = Math.min(sinceMs, group.newsSinceMs ?? sinceMs);
    return nowMs - sinceMs;
  }

  /** Takes a stored record in. Repetitions and older revisions change nothing. */
  add(record: Sourced, nowMs: number, origin = NO_LOG): void {
    if (this.#isOrphan(record, nowMs)) {
      this.counts.orphanRevisions += 1;
      return;
    }
    const group = this.#table.add(record, nowMs, origin);
    this.#memory.noteFailure(record, (ip) =>
      this.#options.contextOf(record.cluster, record.startUs).topology.podByIp.has(ip),
    );
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
    if (!isFinal) this.#compareTimes(nowMs);
    const changes = this.#left.take(limit);
    const due: Group[] = [];
    // Small inserts: what a full house needs most is to see soon what helps.
    let hasMore = !this.#left.isEmpty;
    for (const group of hasMore ? [] : this.#table.dirty) {
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

  /** After the records of a log were added: what had been written about their groups; see restoreEmissions. */
  restore(emissions: readonly Emission[], fromLsn: number): void {
    this.counts.evictedRecords += restoreEmissions(this.#table, emissions, fromLsn);
  }

  /** Forgets groups that had their time. Call about once a second. */
  expire(nowMs: number): void {
    const { keepMs, keepOpenMs } = this.#options;
    for (const group of this.#table.groups) {
      const ageMs = nowMs - group.lastRecordMs;
      // Sorted by age: from the first young one on, all are young.
      if (ageMs < keepMs) return;
      if (group.dirtySinceMs !== null) continue;
      if (ageMs >= keepOpenMs || !hasOpenLeg(group)) this.#table.forget(group);
    }
  }

  /**
   * A late revision of a leg that nobody here remembers. Alone it would look like a path of its own, so it
   * stays in the store only. Young ones are taken: the rest of their connection is on its way.
   */
  #isOrphan(record: Sourced, nowMs: number): boolean {
    if (record.kind !== 'leg' || record.revision === 0) return false;
    if (nowMs - record.startUs / 1000 < this.#options.keepMs) return false;
    return this.#table.groupOf(record.cluster, recordKey(record)) === undefined;
  }

  #isDue(group: Group, nowMs: number): boolean {
    const { quietMs, maxDelayMs } = this.#options;
    if (group.dirtySinceMs === null) return false;
    const enoughMs = group.isAwaited ? Math.min(quietMs, AWAITED_QUIET_MS) : quietMs;
    return nowMs - group.lastRecordMs >= enoughMs || nowMs - group.dirtySinceMs >= maxDelayMs;
  }

  #evict(): void {
    for (const group of this.#table.groups) {
      if (this.#table.recordCount <= this.#options.maxRecords) return;
      this.counts.evictedRecords += group.records.size;
      this.#leave(group);
    }
  }

  /** Lets a group go before its time. What it has to say is said first, as far as there is room for it. */
  #leave(group: Group): void {
    if (group.dirtySinceMs !== null)
      this.counts.droppedChanges += this.#left.leave(this.#reconstruct(group));
    this.#table.forget(group);
  }

  #reconstruct(group: Group): GroupChanges {
    this.#table.markClean(group);
    const { reconstruct, onError, shedder = KEEPS_ALL } = this.#options;
    try {
      const evidence = evidenceOf(group);
      const now = this.#options.contextOf(group.cluster, startOf(group));
      const isSettled = this.#memory.learn(group, evidence, now);
      // What was left open for want of a rule is decided now.
      if (isSettled)
        this.#lookAgain(({ cluster, scored }) => cluster === group.cluster && scored.length > 0);
      const context = { ...now, ...this.#memory.known(group.cluster) };
      const paths = reconstruct(evidence, context);
      this.#windows.blocks.note(group, visitsOf(evidence, paths, context));
      group.answeredAlone = new Set(paths.flatMap(answeredAlone));
      return withEmission(group, changesOf(group, paths, shedder));
    } catch (error) {
      // reconstruct() does not throw on data; if it does, that group alone must pay for the defect.
      this.counts.failedGroups += 1;
      onError(error);
      return { paths: [], withdrawals: [], emission: null };
    }
  }

  #contextOf(cluster: string, atUs: number): Context {
    return { ...this.#options.contextOf(cluster, atUs), ...this.#memory.known(cluster) };
  }

  /** What the times of whole windows tell goes with the groups, and makes one of those that it links. */
  #compareTimes(nowMs: number): void {
    let dirtySinceMs = Number.POSITIVE_INFINITY;
    for (const group of this.#table.dirty)
      dirtySinceMs = Math.min(dirtySinceMs, group.dirtySinceMs ?? dirtySinceMs);
    for (const { block, before, links } of this.#windows.look(nowMs, dirtySinceMs)) {
      const { cluster } = block.place;
      for (const { inbound } of before) {
        const group = this.#table.groupOf(cluster, `p:${inbound.isnPairHash}`);
        if (group?.inferred.delete(block.id) === true) this.#table.markDirty(group);
      }
      for (const link of links) this.#linkByTimes(block, link);
    }
  }

  #linkByTimes({ id, place: { cluster } }: Block, link: InferredLink): void {
    const inbound = this.#table.groupOf(cluster, `p:${link.inbound.isnPairHash}`);
    const outbound = this.#table.groupOf(cluster, `p:${link.outbound.isnPairHash}`);
    if (inbound === undefined || outbound === undefined) return;
    const records = inbound.records.size + (inbound === outbound ? 0 : outbound.records.size);
    if (records > this.#options.maxGroupRecords) {
      this.counts.droppedLinks += 1;
      return;
    }
    const group = this.#table.join(inbound, outbound);
    group.inferred.set(id, [...(group.inferred.get(id) ?? []), link]);
    this.#table.markDirty(group);
  }

  /** A proxy was said to have answered by itself, and now it is known that an upstream refused it around that time. */
  #doubtAnswers(): void {
    const hasFailed = this.#memory.takeFailed();
    if (hasFailed === null) return;
    this.#lookAgain(({ cluster, answeredAlone: ips }) =>
      [...ips].some((ip) => hasFailed(cluster, ip)),
    );
  }

  /** Something else than records told news of these groups: they are due now. */
  reconsider(isConcerned: (group: Group) => boolean): void {
    this.#lookAgain(isConcerned);
  }

  #lookAgain(isConcerned: (group: Group) => boolean): void {
    for (const group of this.#table.groups) if (isConcerned(group)) this.#table.markDirty(group);
  }
}

function answeredAlone({ hops, completeness }: Path): string[] {
  const end = hops.at(-1)?.to;
  const isProxy = end?.role === 'ingress' || end?.role === 'load-balancer';
  return end !== undefined && isProxy && completeness === 1 ? [end.ip] : [];
}
