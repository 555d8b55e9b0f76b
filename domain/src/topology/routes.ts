/** Rules of Ingresses and HTTPRoutes: which of them lead to a Service. */
import type { HttpRouteObject, IngressObject, KubernetesObject } from '../wire/kubernetes.ts';

export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

/** One way from a host and a path to a Service, as somebody wrote it down. */
export interface RouteRule {
  readonly kind: 'Ingress' | 'HTTPRoute';
  readonly namespace: string;
  readonly name: string;
  /** null: any. */
  readonly host: string | null;
  /** null: any. */
  readonly path: string | null;
  /** As the object names it: Prefix, Exact, ImplementationSpecific, PathPrefix, RegularExpression; empty: no path. */
  readonly pathType: string;
  /** The Service it leads to. */
  readonly service: ServiceName;
  /** Number or name; null: none is given. */
  readonly port: string | null;
}

/** In the order of the objects. Only kinds that are watched: controllers have more of their own. */
export function rulesTo(
  objects: readonly KubernetesObject[],
  services: readonly ServiceName[],
): RouteRule[] {
  const isMeant = ({ namespace, name }: ServiceName) =>
    services.some((each) => each.namespace === namespace && each.name === name);
  return objects.flatMap(rulesOf).filter(({ service }) => isMeant(service));
}

function rulesOf(object: KubernetesObject): RouteRule[] {
  if (object.kind === 'Ingress') return ingressRules(object);
  return object.kind === 'HTTPRoute' ? httpRouteRules(object) : [];
}

type Backend = NonNullable<IngressObject['spec']['defaultBackend']>;

function ingressRules({ metadata: { namespace, name }, spec }: IngressObject): RouteRule[] {
  const rule = (
    { service }: Backend,
    place: Pick<RouteRule, 'host' | 'path' | 'pathType'>,
  ): RouteRule[] => {
    if (service === undefined) return [];
    const port = service.port.name ?? service.port.number?.toString() ?? null;
    const target = { namespace, name: service.name };
    return [{ kind: 'Ingress', namespace, name, ...place, service: target, port }];
  };
  const written = (spec.rules ?? []).flatMap(({ host, http }) =>
    (http?.paths ?? []).flatMap(({ path, pathType, backend }) =>
      rule(backend, { host: host ?? null, path: path === '' ? null : path, pathType }),
    ),
  );
  const rest = spec.defaultBackend ?? null;
  return rest === null
    ? written
    : [...written, ...rule(rest, { host: null, path: null, pathType: '' })];
}

function httpRouteRules({ metadata: { namespace, name }, spec }: HttpRouteObject): RouteRule[] {
  const hosts = spec.hostnames?.length ? spec.hostnames : [null];
  return (spec.rules ?? []).flatMap(({ matches, backendRefs }) => {
    // Without a match a rule takes every path.
    const paths = matches?.length ? matches.map(({ path }) => path ?? null) : [null];
    const targets = (backendRefs ?? []).filter(
      ({ kind, weight }) => kind === 'Service' && weight !== 0,
    );
    return targets.flatMap((target) =>
      hosts.flatMap((host) =>
        paths.map((path): RouteRule => {
          const service = { namespace: target.namespace ?? namespace, name: target.name };
          const port = target.port?.toString() ?? null;
          const place = { host, path: path?.value ?? null, pathType: path?.type ?? '' };
          return { kind: 'HTTPRoute', namespace, name, ...place, service, port };
        }),
      ),
    );
  });
}

/** Services whose endpoints have this address. */
export function servicesWithEndpoint(
  objects: readonly KubernetesObject[],
  ip: string,
): ServiceName[] {
  return objects.flatMap((object) => {
    if (object.kind !== 'EndpointSlice') return [];
    const name = object.metadata.labels['kubernetes.io/service-name'];
    const hasIt = (object.endpoints ?? []).some(({ addresses }) => addresses.includes(ip));
    return name === undefined || !hasIt ? [] : [{ namespace: object.metadata.namespace, name }];
  });
}
