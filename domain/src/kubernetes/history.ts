/**
 * The topology through time in its plain form, for a handful of snapshots (scenarios), and the measure of TopologyIndex,
 * which the collector uses. Every object is a list of intervals that are closed but never overwritten, so a
 * connection is judged by what held when it began, however late its evidence arrives. Pure: each function answers a
 * new history. All times CLOCK_REALTIME in microseconds.
 */
import { objectKey, subjectOf } from '../topology/asOf/version.ts';
import { buildTopology, type Topology, type TopologyChange } from '../topology/topology.ts';
import type { KubernetesObject } from '../wire/kubernetes.ts';

export interface Version {
  /** Somewhere in (earliestUs, fromUs] this state began: a snapshot shows that it changed, not when. */
  readonly earliestUs: number;
  readonly fromUs: number;
  /** null: still so. */
  readonly toUs: number | null;
  /** Somewhere in (earliestToUs, toUs] it ended. */
  readonly earliestToUs: number | null;
  readonly object: KubernetesObject;
}

export interface TopologyHistory {
  /** By `kind namespace/name`; versions in the order of time. */
  readonly versions: ReadonlyMap<string, readonly Version[]>;
  /** Instant of the newest snapshot; null before the first. */
  readonly snapshotUs: number | null;
}

/** API state and data plane disagree for a while: kube-proxy batches, nodes apply changes at different times. */
export const DEFAULT_TRANSITION_WINDOW_US = 5_000_000;

export const EMPTY_HISTORY: TopologyHistory = { versions: new Map(), snapshotUs: null };

/**
 * All objects as they were at `atUs` (a node's data plane and zone are part of its Node object, so they are versioned
 * with it). Objects that did not change keep their interval. A snapshot older than the newest changes nothing.
 */
export function withSnapshot(
  history: TopologyHistory,
  objects: readonly KubernetesObject[],
  atUs: number,
): TopologyHistory {
  const { snapshotUs } = history;
  if (snapshotUs !== null && atUs <= snapshotUs) return history;
  const now = new Map(objects.map((object) => [objectKey(object), object]));
  const versions = new Map(history.versions);
  for (const key of new Set([...versions.keys(), ...now.keys()])) {
    const before = versions.get(key) ?? [];
    // What the very first snapshot shows may have been so for ever.
    const after = advance(before, now.get(key), snapshotUs ?? atUs, atUs, snapshotUs === null);
    if (after !== before) versions.set(key, after);
  }
  return { versions, snapshotUs: atUs };
}

function advance(
  before: readonly Version[],
  object: KubernetesObject | undefined,
  earliestUs: number,
  atUs: number,
  isFirst: boolean,
): readonly Version[] {
  const last = before.at(-1);
  const open = last !== undefined && last.toUs === null ? last : null;
  if (open === null && object === undefined) return before;
  if (open !== null && object !== undefined && isSame(open.object, object)) return before;
  const closed =
    open === null
      ? before
      : [...before.slice(0, -1), { ...open, earliestToUs: earliestUs, toUs: atUs }];
  if (object === undefined) return closed;
  const fromUs = isFirst ? Number.NEGATIVE_INFINITY : atUs;
  const opened: Version = {
    earliestUs: isFirst ? Number.NEGATIVE_INFINITY : earliestUs,
    fromUs,
    toUs: null,
    earliestToUs: null,
    object,
  };
  return [...closed, opened];
}

/** The topology as it was at `atUs`, with the changes that lie within `windowUs` of it. */
export function topologyAsOf(
  history: TopologyHistory,
  atUs: number,
  windowUs: number = DEFAULT_TRANSITION_WINDOW_US,
): Topology {
  const objects: KubernetesObject[] = [];
  const changes: TopologyChange[] = [];
  for (const versions of history.versions.values()) {
    for (const version of versions) {
      if (version.fromUs <= atUs && (version.toUs === null || atUs < version.toUs))
        objects.push(version.object);
      changes.push(...changesOf(version, atUs, windowUs));
    }
  }
  return {
    ...buildTopology(objects, withoutRepeats(changes)),
    asOf: (otherUs) => topologyAsOf(history, otherUs, windowUs),
  };
}

function changesOf(version: Version, atUs: number, windowUs: number): TopologyChange[] {
  const subject = subjectOf(version.object);
  const began = { subject, earliestUs: version.earliestUs, latestUs: version.fromUs };
  const ended =
    version.toUs === null || version.earliestToUs === null
      ? []
      : [{ subject, earliestUs: version.earliestToUs, latestUs: version.toUs }];
  return [began, ...ended].filter(
    ({ earliestUs, latestUs }) => earliestUs - windowUs <= atUs && atUs <= latestUs + windowUs,
  );
}

/** Parsed objects hold plain data with their fields in the schema's order, so equal text is equal meaning. */
function isSame(a: KubernetesObject, b: KubernetesObject): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function withoutRepeats(changes: readonly TopologyChange[]): TopologyChange[] {
  return [
    ...new Map(
      changes.map((each) => [`${each.subject} ${each.earliestUs} ${each.latestUs}`, each]),
    ).values(),
  ].sort((a, b) =>
    a.subject < b.subject ? -1 : a.subject > b.subject ? 1 : a.latestUs - b.latestUs,
  );
}
