/** The kinds that are watched, and how their objects are read from the wire. */
import {
  KNOWN_KINDS,
  type KubernetesObject,
  kubernetesObjectSchema,
} from '@hoptrace/domain/wire/kubernetes.ts';

export const WATCHED_KINDS = KNOWN_KINDS;
export type WatchedKind = (typeof WATCHED_KINDS)[number];

export const PATHS: Readonly<Record<WatchedKind, string>> = {
  Node: '/api/v1/nodes',
  Pod: '/api/v1/pods',
  Service: '/api/v1/services',
  EndpointSlice: '/apis/discovery.k8s.io/v1/endpointslices',
  Ingress: '/apis/networking.k8s.io/v1/ingresses',
  Gateway: '/apis/gateway.networking.k8s.io/v1/gateways',
  HTTPRoute: '/apis/gateway.networking.k8s.io/v1/httproutes',
};

/** Clusters may do without: that such a kind is not served is no fault. */
export const OPTIONAL_KINDS: ReadonlySet<WatchedKind> = new Set([
  'Ingress',
  'Gateway',
  'HTTPRoute',
]);

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
