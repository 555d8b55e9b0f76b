/** What is kept of an object: only what is read, and nothing twice that the version before it has. */
import {
  EXPECTS_PROXY_ANNOTATION,
  KNOWN_ANNOTATIONS,
  SENDS_PROXY_ANNOTATION,
} from '../../health/loadBalancer.ts';
import type { EndpointSliceObject, KubernetesObject, PodObject } from '../../wire/kubernetes.ts';
import { DATA_PLANE_ANNOTATION, LOCAL_DETECTOR_ANNOTATION } from '../nodes.ts';
import { LOCAL_WITH_FALLBACK } from '../services.ts';
import { LOAD_BALANCER_ANNOTATION } from '../topology.ts';

const LABELS: ReadonlySet<string> = new Set([
  'app.kubernetes.io/name',
  'kubernetes.io/service-name',
  'topology.kubernetes.io/zone',
]);
const ANNOTATIONS: ReadonlySet<string> = new Set([
  DATA_PLANE_ANNOTATION,
  LOCAL_DETECTOR_ANNOTATION,
  LOAD_BALANCER_ANNOTATION,
  LOCAL_WITH_FALLBACK,
  SENDS_PROXY_ANNOTATION,
  EXPECTS_PROXY_ANNOTATION,
  ...KNOWN_ANNOTATIONS.map(({ name }) => name),
]);
const NO_TEXTS: Record<string, string> = {};
const NO_OBJECTS: never[] = [];
const READY = [{ type: 'Ready', status: 'True' }];
const NOT_READY = [{ type: 'Ready', status: 'False' }];

/** Names of nodes, images and owners come with every Pod anew. The pool starts afresh before it is a burden. */
const MAX_POOL = 100_000;

export class TextPool {
  readonly #texts = new Map<string, string>();

  /** The same text as one that came before, where there was one. */
  pooled(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= MAX_POOL) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }
}

/** The object without what nobody reads: other labels and annotations, ports that hold none of the node's. */
export function compacted(object: KubernetesObject, texts: TextPool): KubernetesObject {
  const { name, namespace, labels, annotations, ...rest } = object.metadata;
  const owner = rest.ownerReferences?.find(({ controller }) => controller === true);
  const isDated = object.kind === 'Pod' && typeof object.status.startTime === 'string';
  const metadata = {
    name,
    namespace: texts.pooled(namespace),
    labels: only(labels, LABELS),
    annotations: only(annotations, ANNOTATIONS),
    ...(rest.uid === undefined ? {} : { uid: rest.uid }),
    ...(isDated || typeof rest.creationTimestamp !== 'string'
      ? {}
      : { creationTimestamp: texts.pooled(rest.creationTimestamp) }),
    ...(typeof rest.deletionTimestamp === 'string'
      ? { deletionTimestamp: rest.deletionTimestamp }
      : {}),
    ...(owner === undefined
      ? {}
      : {
          ownerReferences: [
            { ...owner, kind: texts.pooled(owner.kind), name: texts.pooled(owner.name) },
          ],
        }),
  };
  if (object.kind === 'Pod') return { ...compactPod(object, texts), metadata };
  if (object.kind === 'EndpointSlice') return { ...compactSlice(object, texts), metadata };
  return { ...object, metadata };
}

function compactPod({ kind, metadata, spec, status }: PodObject, texts: TextPool): PodObject {
  const { hostNetwork, nodeName } = spec;
  const containers = spec.containers.flatMap(
    ({ ports, args = NO_OBJECTS, command = NO_OBJECTS }) => {
      const kept = (ports ?? []).filter(({ hostPort }) => hostNetwork || hostPort !== undefined);
      const told = [...command, ...args];
      if (kept.length === 0 && told.length === 0) return NO_OBJECTS;
      return [{ ports: kept, ...(told.length === 0 ? {} : { args: told }) }];
    },
  );
  const ready = status.conditions?.find(({ type }) => type === 'Ready')?.status;
  return {
    kind,
    metadata,
    spec: {
      hostNetwork,
      containers: containers.length === 0 ? NO_OBJECTS : containers,
      ...(nodeName === undefined ? {} : { nodeName: texts.pooled(nodeName) }),
    },
    status: {
      podIPs: status.podIPs.map(({ ip }) => ({ ip })),
      containerStatuses: (status.containerStatuses ?? NO_OBJECTS).map((each) => ({
        containerID: each.containerID,
        // The digest says more than the name.
        image: each.imageID === '' ? texts.pooled(each.image) : '',
        imageID: texts.pooled(each.imageID),
      })),
      ...(status.phase === undefined ? {} : { phase: texts.pooled(status.phase) }),
      ...(typeof status.startTime === 'string'
        ? { startTime: texts.pooled(status.startTime) }
        : {}),
      ...(ready === undefined ? {} : { conditions: ready === 'True' ? READY : NOT_READY }),
    },
  };
}

function compactSlice(slice: EndpointSliceObject, texts: TextPool): EndpointSliceObject {
  const endpoints = (slice.endpoints ?? NO_OBJECTS).map((each) => ({
    ...each,
    ...(typeof each.nodeName === 'string' ? { nodeName: texts.pooled(each.nodeName) } : {}),
    ...(typeof each.zone === 'string' ? { zone: texts.pooled(each.zone) } : {}),
  }));
  return { ...slice, endpoints };
}

function only(texts: Record<string, string>, names: ReadonlySet<string>): Record<string, string> {
  const kept = Object.entries(texts).filter(([name]) => names.has(name));
  return kept.length === 0 ? NO_TEXTS : Object.fromEntries(kept);
}

/**
 * `after` with each part that equals one of `before` replaced by that one; `before` itself where all is equal.
 * Plain data only. An endpoint of a hundred that becomes ready costs one new endpoint, not a hundred.
 */
export function sharing<T>(before: unknown, after: T): T {
  if (Object.is(before, after)) return after;
  if (typeof after !== 'object' || after === null) return after;
  if (typeof before !== 'object' || before === null) return after;
  if (Array.isArray(after) !== Array.isArray(before)) return after;
  const shared: unknown = Array.isArray(after)
    ? sharedArray(before, after)
    : sharedObject(before, after);
  return shared as T;
}

function sharedArray(before: object, after: readonly unknown[]): unknown {
  const old = Array.isArray(before) ? (before as readonly unknown[]) : [];
  const shared = after.map((each, index) => sharing(old[index], each));
  const isSame = shared.length === old.length && shared.every((each, index) => each === old[index]);
  return isSame ? before : shared;
}

function sharedObject(before: object, after: object): unknown {
  // A copy has the form of what it copies; one that is built field by field takes half as much again.
  const shared: Record<string, unknown> = { ...after };
  let isSame = Object.keys(before).length === Object.keys(shared).length;
  for (const [name, value] of Object.entries(shared)) {
    const old: unknown = Reflect.get(before, name);
    const own = sharing(old, value);
    if (own !== value) shared[name] = own;
    if (own !== old) isSame = false;
  }
  return isSame ? before : shared;
}
