/** What is watched, and how objects are read from the wire. */
import {
  KNOWN_KINDS,
  type KubernetesObject,
  kubernetesObjectSchema,
} from '@hoptrace/domain/wire/kubernetes.ts';

export type WatchedKind = (typeof KNOWN_KINDS)[number];

/** One list of the API and the changes to it: all objects of a kind, or one object. */
export interface WatchTarget {
  /** For people and metrics: `Pod`, `ConfigMap ingress-nginx/controller`. */
  readonly name: string;
  readonly kind: WatchedKind;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Clusters may do without: that such a kind is not served is no fault. */
  readonly isOptional: boolean;
  /** Nor is it that the collector may not read it. */
  readonly mayBeForbidden: boolean;
  /** Of an object that is known: would it be in the list? */
  covers(key: string): boolean;
}

const PATHS: Readonly<Record<Exclude<WatchedKind, 'ConfigMap'>, string>> = {
  Node: '/api/v1/nodes',
  Pod: '/api/v1/pods',
  Service: '/api/v1/services',
  EndpointSlice: '/apis/discovery.k8s.io/v1/endpointslices',
  Ingress: '/apis/networking.k8s.io/v1/ingresses',
  Gateway: '/apis/gateway.networking.k8s.io/v1/gateways',
  HTTPRoute: '/apis/gateway.networking.k8s.io/v1/httproutes',
};
const OPTIONAL_KINDS: ReadonlySet<WatchedKind> = new Set(['Ingress', 'Gateway', 'HTTPRoute']);

/**
 * All objects of seven kinds, and `configMaps` (namespace/name) one by one: ConfigMaps hold more than anybody should
 * read, and with their name in the query a role can be restricted to them (resourceNames).
 */
export function watchTargets(configMaps: readonly string[]): WatchTarget[] {
  const kinds = KNOWN_KINDS.flatMap((kind): WatchTarget[] => {
    if (kind === 'ConfigMap') return [];
    return [
      {
        ...{ name: kind, kind, path: PATHS[kind], query: {}, mayBeForbidden: false },
        isOptional: OPTIONAL_KINDS.has(kind),
        covers: (key) => key.startsWith(`${kind} `),
      },
    ];
  });
  return [...kinds, ...configMaps.map(configMapTarget)];
}

function configMapTarget(place: string): WatchTarget {
  const [namespace = '', name = ''] = place.split('/');
  return {
    ...{ name: `ConfigMap ${place}`, kind: 'ConfigMap', isOptional: true, mayBeForbidden: true },
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps`,
    query: { fieldSelector: `metadata.name=${name}` },
    covers: (key) => key === `ConfigMap ${place}`,
  };
}

export type ReadObject =
  | { readonly object: KubernetesObject; readonly key: string; readonly revision: string }
  /** `key` null: it does not even have a name. */
  | {
      readonly object: null;
      readonly key: string | null;
      readonly revision: string;
      readonly problem: string;
    };

/** Items of a list have no kind of their own. Everything that hoptrace does not read falls away here. */
export function readObject(kind: WatchedKind, value: unknown): ReadObject {
  const metadata: unknown = Reflect.get(Object(value), 'metadata');
  const text = (name: string): string => {
    const found: unknown = Reflect.get(Object(metadata), name);
    return typeof found === 'string' ? found : '';
  };
  const revision = text('resourceVersion');
  const name = text('name');
  const key = name === '' ? null : `${kind} ${text('namespace')}/${name}`;
  const parsed = kubernetesObjectSchema.safeParse({ ...Object(value), kind });
  if (key !== null && parsed.success) return { object: parsed.data, key, revision };
  const issue = parsed.success ? undefined : parsed.error.issues[0];
  const problem =
    issue === undefined ? 'metadata.name is missing' : `${issue.path.join('.')}: ${issue.message}`;
  return { object: null, key, revision, problem };
}
