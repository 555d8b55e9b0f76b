/** One state of one object, and for how long it was so. Times CLOCK_REALTIME in microseconds. */
import type { KubernetesObject } from '../../wire/kubernetes.ts';

/** Who said so: a watch as it happened, a list (what was between two lists is not known), a file, a POST. */
export type TopologySource = 'watch' | 'list' | 'file' | 'post';

export interface TopologyVersion {
  /** Somewhere in [earliestUs, fromUs] it began. Equal: it was observed. */
  readonly earliestUs: number;
  readonly fromUs: number;
  /** Infinity: still so. */
  toUs: number;
  /** Somewhere in [earliestToUs, toUs] it ended. */
  earliestToUs: number;
  readonly object: KubernetesObject;
  readonly source: TopologySource;
}

/** When and by whom a state was told. */
export interface Told {
  readonly atUs: number;
  /** Since when it may have been so; `atUs` where it was observed as it happened. */
  readonly earliestUs: number;
  readonly source: TopologySource;
  /** metadata.resourceVersion; empty: not known. */
  readonly revision: string;
}

/** The states of one object in the order of time, never overlapping. */
export interface ObjectHistory {
  readonly key: string;
  versions: readonly TopologyVersion[];
  /** Of the open version, as was last told. */
  revision: string;
}

/** `kind namespace/name`. */
export function objectKey({ kind, metadata }: KubernetesObject): string {
  return `${kind} ${metadata.namespace}/${metadata.name}`;
}

export function openVersion({ versions }: ObjectHistory): TopologyVersion | null {
  const last = versions.at(-1);
  return last !== undefined && last.toUs === Number.POSITIVE_INFINITY ? last : null;
}

export function versionAt({ versions }: ObjectHistory, atUs: number): TopologyVersion | null {
  for (let index = versions.length - 1; index >= 0; index -= 1) {
    const version = versions[index];
    if (version !== undefined && version.fromUs <= atUs)
      return atUs < version.toUs ? version : null;
  }
  return null;
}

/** An EndpointSlice is part of its Service: both decide the same verdicts. */
export function subjectOf({ kind, metadata }: KubernetesObject): string {
  if (kind === 'Node') return `Node ${metadata.name}`;
  const service = metadata.labels['kubernetes.io/service-name'];
  if (kind === 'EndpointSlice' && service !== undefined)
    return `Service ${metadata.namespace}/${service}`;
  return `${kind} ${metadata.namespace}/${metadata.name}`;
}

/**
 * Since when a new object may have been what it is: a Pod since the kubelet took it on, others since they were made.
 * Null: it does not say. The API rounds to whole seconds, downwards.
 */
export function bornUs(object: KubernetesObject): number | null {
  const started = object.kind === 'Pod' ? object.status.startTime : null;
  const text = started ?? object.metadata.creationTimestamp ?? null;
  const ms = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? null : ms * 1000;
}
