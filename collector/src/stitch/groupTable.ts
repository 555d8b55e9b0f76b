/**
 * The groups that the stitcher holds, by the keys of their records, by age and by whether they have news. It joins
 * and forgets; what a group means is not known here.
 */
import { TupleMeetings } from '@hoptrace/domain/reconstruct/tupleMeetings.ts';
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import { CrowdedKeys } from './crowdedKeys.ts';
import { type Group, newGroup, putRecord } from './group.ts';
import { type StitchKeys, stitchKeys, stitchTuple } from './stitchKeys.ts';

/** Where a record comes from. `isNews: false`: its paths are written already (a start after a crash). */
export interface Origin {
  readonly lsn: number;
  readonly isNews: boolean;
}

/** What else knows groups. */
export interface GroupWatcher {
  /** `source` is in `target` now, and gone. */
  merged(target: Group, source: Group): void;
  forgotten(group: Group): void;
}

export class GroupTable {
  readonly #watcher: GroupWatcher;
  /** In the order of their last record: the first is the one to evict. */
  readonly #groups = new Set<Group>();
  /** In the order of their oldest unseen record. */
  readonly #dirty = new Set<Group>();
  readonly #groupByKey = new Map<string, Group>();
  readonly #crowd = new CrowdedKeys();
  readonly #tuples = new TupleMeetings();
  #records = 0;

  constructor(watcher: GroupWatcher) {
    this.#watcher = watcher;
  }

  get recordCount(): number {
    return this.#records;
  }

  get groupCount(): number {
    return this.#groups.size;
  }

  get dirtyCount(): number {
    return this.#dirty.size;
  }

  /** In the order of their last record, the oldest first. */
  get groups(): Iterable<Group> {
    return this.#groups;
  }

  /** Those with news, in the order of their oldest. */
  get dirty(): Iterable<Group> {
    return this.#dirty;
  }

  /** The first batch with news that no reconstruction has seen; infinity when there is none. */
  get firstDirtyLsn(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const group of this.#dirty) first = Math.min(first, group.dirtySinceLsn);
    return first;
  }

  /** The group of a record, by its recordKey. */
  groupOf(cluster: string, key: string): Group | undefined {
    return this.#groupByKey.get(`${cluster}|${key}`);
  }

  /** Takes a record in and answers its group; repetitions and older revisions bring no news. */
  add(record: Sourced, nowMs: number, { lsn, isNews }: Origin): Group {
    const named = stitchKeys(record);
    const keys =
      record.kind === 'exchange'
        ? named.keys.filter((key) => !this.#crowd.isCrowded(key))
        : named.keys;
    const first = this.#groupFor(keys, record.cluster, nowMs);
    for (const key of keys) this.#point(key, first);
    const group = this.#meetByTuple(named, record.startUs, first);
    const before = group.records.size;
    const isNew = putRecord(group, named.own, record) && isNews;
    this.#records += group.records.size - before;
    group.firstLsn = Math.min(group.firstLsn, lsn);
    if (isNew) group.dirtySinceLsn = Math.min(group.dirtySinceLsn, lsn);
    if (isNew && record.kind === 'refusal') group.isAwaited = true;
    this.#touch(group, nowMs, isNew);
    return group;
  }

  /** Moves the smaller into the larger and answers that one: no key, but what times say joins them. */
  join(a: Group, b: Group): Group {
    if (a === b) return a;
    const [target, source] = a.records.size >= b.records.size ? [a, b] : [b, a];
    this.#merge(target, source);
    const [key] = source.records.keys();
    if (key !== undefined) target.joined = [...target.joined, key];
    const lastRecordMs = Math.max(a.lastRecordMs, b.lastRecordMs);
    this.#touch(target, lastRecordMs, false);
    return target;
  }

  /** What was said of a group has to be thought over. */
  markDirty(group: Group): void {
    group.dirtySinceMs ??= group.lastRecordMs;
    this.#dirty.add(group);
  }

  markClean(group: Group): void {
    group.dirtySinceMs = null;
    group.isAwaited = false;
    group.newsSinceMs = null;
    group.dirtySinceLsn = Number.POSITIVE_INFINITY;
    this.#dirty.delete(group);
  }

  forget(group: Group): void {
    for (const record of group.records.values()) {
      const tuple = stitchTuple(record);
      if (tuple !== null) this.#tuples.forget(tuple.use.key, tuple.holder, record.startUs);
    }
    this.#remove(group);
    this.#watcher.forgotten(group);
  }

  #remove(group: Group): void {
    this.#groups.delete(group);
    this.#dirty.delete(group);
    this.#records -= group.records.size;
    for (const key of group.keys) {
      if (this.#groupByKey.get(key) !== group) continue;
      this.#groupByKey.delete(key);
      this.#crowd.forget(key);
    }
  }

  /** The group of these keys; several become one. */
  #groupFor(keys: readonly string[], cluster: string, nowMs: number): Group {
    const known = this.#uniteAll(keys, null);
    if (known !== null) return known;
    const group = newGroup(cluster, nowMs);
    this.#groups.add(group);
    return group;
  }

  #meetByTuple({ tuple }: StitchKeys, startUs: number, group: Group): Group {
    if (tuple === null) return group;
    const others = this.#tuples.note(tuple.use, tuple.holder, startUs);
    return others.length === 0 ? group : (this.#uniteAll(others, group) ?? group);
  }

  /** All groups of these keys, and this one, in one: the smaller is moved into the larger. */
  #uniteAll(keys: readonly string[], first: Group | null): Group | null {
    let united = first;
    for (const key of keys) {
      const found = this.#groupByKey.get(key);
      if (found === undefined || found === united) continue;
      if (united === null) united = found;
      else {
        const [target, source] =
          united.records.size >= found.records.size ? [united, found] : [found, united];
        this.#merge(target, source);
        united = target;
      }
    }
    return united;
  }

  #merge(target: Group, source: Group): void {
    this.#remove(source);
    for (const key of source.keys) this.#point(key, target);
    const before = target.records.size;
    for (const [key, record] of source.records) putRecord(target, key, record);
    this.#records += target.records.size - before;
    for (const [pathId, emitted] of source.emitted)
      if (emitted.version > (target.emitted.get(pathId)?.version ?? -1))
        target.emitted.set(pathId, emitted);
    target.scored = [...target.scored, ...source.scored];
    target.firstLsn = Math.min(target.firstLsn, source.firstLsn);
    target.dirtySinceLsn = Math.min(target.dirtySinceLsn, source.dirtySinceLsn);
    for (const [block, links] of source.inferred)
      target.inferred.set(block, [...(target.inferred.get(block) ?? []), ...links]);
    target.joined = [...target.joined, ...source.joined];
    this.#watcher.merged(target, source);
    target.dirtySinceMs = earlier(target.dirtySinceMs, source.dirtySinceMs);
    target.newsSinceMs = earlier(target.newsSinceMs, source.newsSinceMs);
    target.isAwaited ||= source.isAwaited;
  }

  #point(key: string, group: Group): void {
    group.keys.add(key);
    this.#groupByKey.set(key, group);
  }

  #touch(group: Group, nowMs: number, isNew: boolean): void {
    this.#groups.delete(group);
    this.#groups.add(group);
    group.lastRecordMs = nowMs;
    if (isNew) {
      group.dirtySinceMs ??= nowMs;
      group.newsSinceMs ??= nowMs;
    }
    if (group.dirtySinceMs !== null) this.#dirty.add(group);
  }
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}
