/** A set of records that may belong to one path, and what was last said about them. */
import type {
  Evidence,
  Exchange,
  InferredLink,
  Leg,
  ProxyHeader,
  ProxyLink,
  Refusal,
} from '@hoptrace/domain/reconstruct/evidence.ts';
import type { ProxyHistory } from '@hoptrace/domain/reconstruct/ruleScores.ts';
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import type { Weighing } from '../overload/pathShedder.ts';
import { NO_VISITS, type Visits } from './visits.ts';

/** What was written last about a path of this group. */
export interface Emitted {
  readonly version: number;
  /** Hash of the document without its version: equal content is not written again. Null: withdrawn. */
  readonly digest: string | null;
  readonly weighing: Weighing;
}

export interface Group {
  readonly cluster: string;
  readonly records: Map<string, Sourced>;
  readonly keys: Set<string>;
  readonly emitted: Map<string, Emitted>;
  /** Arrival of the first record that the last reconstruction may have to be done again for; null when nothing is new. */
  dirtySinceMs: number | null;
  /** The same of records alone: a group that is only to be thought over again is no one that waits to be told. */
  newsSinceMs: number | null;
  lastRecordMs: number;
  /** A refusal came: somebody waits to be told, and its legs were told before it. */
  isAwaited: boolean;
  /** What its proxy links added to the cluster's history, to be taken back when they are counted again. */
  scored: readonly ProxyHistory[];
  /** Addresses of proxies that, as was last said, answered by themselves. */
  answeredAlone: ReadonlySet<string>;
  /** The batch of its first record; the first one with news (meaningful while it is dirty). 0 without a log. */
  firstLsn: number;
  dirtySinceLsn: number;
  /** At which places its requests were, as of its last reconstruction. */
  visits: Visits;
  /** By the block of the place that was judged: what times say of its requests. */
  readonly inferred: Map<string, readonly InferredLink[]>;
  /** A record (recordKey) of each group that what was inferred joined to this one. */
  joined: readonly string[];
}

export function newGroup(cluster: string, nowMs: number): Group {
  return {
    cluster,
    records: new Map(),
    keys: new Set(),
    emitted: new Map(),
    dirtySinceMs: null,
    newsSinceMs: null,
    lastRecordMs: nowMs,
    isAwaited: false,
    scored: [],
    answeredAlone: new Set(),
    firstLsn: Number.POSITIVE_INFINITY,
    dirtySinceLsn: Number.POSITIVE_INFINITY,
    visits: NO_VISITS,
    inferred: new Map(),
    joined: [],
  };
}

/**
 * Identity within the stitcher. Revisions of a leg share it, so the newest replaces the others; any other
 * record is identified by its seq.
 */
export function recordKey(record: Sourced): string {
  const sender = `${record.node}|${record.bootId}`;
  return record.kind === 'leg' ? `leg|${sender}|${record.legId}` : `seq|${sender}|${record.seq}`;
}

/** Adds or replaces. False when the group knew this record, or a newer revision, already. */
export function putRecord(group: Group, key: string, record: Sourced): boolean {
  const known = group.records.get(key);
  if (known !== undefined && !isNewer(record, known)) return false;
  group.records.set(key, record);
  return true;
}

function isNewer(record: Sourced, known: Sourced): boolean {
  return record.kind === 'leg' && known.kind === 'leg' && record.revision > known.revision;
}

/** True while some connection of the group has not ended: its last revision is still to come. */
export function hasOpenLeg(group: Group): boolean {
  for (const record of group.records.values()) {
    if (record.kind === 'leg' && record.end === 'open') return true;
  }
  return false;
}

/** When the first connection of the group began, in microseconds. */
export function startOf(group: Group): number {
  let startUs = Number.POSITIVE_INFINITY;
  for (const record of group.records.values()) startUs = Math.min(startUs, record.startUs);
  return startUs;
}

export function evidenceOf(group: Group): Evidence {
  const legs: Leg[] = [];
  const refusals: Refusal[] = [];
  const proxyLinks: ProxyLink[] = [];
  const proxyHeaders: ProxyHeader[] = [];
  const exchanges: Exchange[] = [];
  for (const record of group.records.values()) {
    if (record.kind === 'leg') legs.push(record);
    else if (record.kind === 'refusal') refusals.push(record);
    else if (record.kind === 'proxyLink') proxyLinks.push(record);
    else if (record.kind === 'proxyHeader') proxyHeaders.push(record);
    else exchanges.push(record);
  }
  const evidence = { legs, refusals, proxyLinks, proxyHeaders, exchanges };
  if (group.inferred.size === 0) return evidence;
  return { ...evidence, inferredLinks: [...group.inferred.values()].flat() };
}
