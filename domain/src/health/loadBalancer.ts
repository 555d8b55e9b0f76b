/**
 * Which load balancer stands in front of a Service, by what the Service says of it: status, annotations that
 * controllers of clouds read, or annotations of hoptrace, which are believed first. Nothing said: not known.
 */
import { canonicalIp } from '../model/ip.ts';
import type {
  LoadBalancerIdentity,
  LoadBalancerKind,
  ProxySending,
} from '../rest/loadBalancers.ts';
import { LOAD_BALANCER_ANNOTATION } from '../topology/topology.ts';
import type { ServiceObject } from '../wire/kubernetes.ts';

/** What the balancer in front sends (`v1`, `v2`, `off`), and what the Pods behind expect (`on`, `off`). */
export const SENDS_PROXY_ANNOTATION = 'hoptrace/load-balancer-sends-proxy-protocol';
export const EXPECTS_PROXY_ANNOTATION = 'hoptrace/expects-proxy-protocol';

export interface LoadBalancer extends LoadBalancerIdentity {
  /** Its packets may reach nodes with the address of the client: the sender does not tell who sent. */
  readonly keepsSource: boolean;
  /** Pods see the address that reached the node: `externalTrafficPolicy: Local`. */
  readonly showsSource: boolean;
  /** null: nothing tells. */
  readonly sendsProxy: ProxySending | null;
  readonly sendsProxyBy: string | null;
  /** By annotation; null: it does not say. */
  readonly expectsProxy: 'on' | 'off' | null;
}

const AWS = 'service.beta.kubernetes.io/aws-load-balancer-';
const isOn = (text: string) => (/^(true|on|yes|1|\*)$/i.test(text.trim()) ? 'on' : 'off');
const isV2 = (text: string): ProxySending => (isOn(text) === 'on' ? 'v2' : 'off');
const version = (text: string): ProxySending => {
  const found = /^(v[12])$/i.exec(text.trim())?.[1];
  if (found !== undefined) return found.toLowerCase() === 'v1' ? 'v1' : 'v2';
  return isOn(text);
};

/** Proxies: what they send has their own address. */
const REPLACES_SOURCE: ReadonlySet<LoadBalancerKind> = new Set([
  'awsClassic',
  'awsNetworkIp',
  'digitalOcean',
  'hetzner',
  'linode',
  'scaleway',
]);

interface KnownAnnotation {
  readonly name: string;
  readonly kind: (value: string, all: Readonly<Record<string, string>>) => LoadBalancerKind;
  readonly sends?: (value: string, all: Readonly<Record<string, string>>) => ProxySending | null;
}

const kindOf = (kind: LoadBalancerKind) => () => kind;
const awsKind: KnownAnnotation['kind'] = (_value, all) => {
  const type = all[`${AWS}type`] ?? '';
  if (type === 'nlb-ip' || all[`${AWS}nlb-target-type`] === 'ip') return 'awsNetworkIp';
  return type === 'nlb' || type === 'external' ? 'awsNetworkInstance' : 'awsClassic';
};

/** As their documentation names them. Scaleway and Linode name the version; AWS network balancers speak v2, classic v1. */
export const KNOWN_ANNOTATIONS: readonly KnownAnnotation[] = [
  {
    name: `${AWS}proxy-protocol`,
    kind: awsKind,
    sends: (value, all) =>
      isOn(value) === 'off' ? 'off' : awsKind(value, all) === 'awsClassic' ? 'v1' : 'v2',
  },
  { name: `${AWS}type`, kind: awsKind },
  { name: `${AWS}nlb-target-type`, kind: awsKind },
  {
    name: `${AWS}target-group-attributes`,
    kind: awsKind,
    sends: (value) => {
      const said = /proxy_protocol_v2\.enabled=(true|false)/.exec(value)?.[1];
      return said === undefined ? null : isV2(said);
    },
  },
  {
    name: 'service.beta.kubernetes.io/azure-load-balancer-internal',
    kind: kindOf('azure'),
  },
  { name: 'service.beta.kubernetes.io/azure-load-balancer-ipv4', kind: kindOf('azure') },
  { name: 'cloud.google.com/load-balancer-type', kind: kindOf('googleCloud') },
  { name: 'networking.gke.io/load-balancer-type', kind: kindOf('googleCloud') },
  { name: 'cloud.google.com/l4-rbs', kind: kindOf('googleCloud') },
  { name: 'metallb.io/ip-allocated-from-pool', kind: kindOf('metalLb') },
  { name: 'metallb.universe.tf/ip-allocated-from-pool', kind: kindOf('metalLb') },
  { name: 'metallb.io/address-pool', kind: kindOf('metalLb') },
  { name: 'metallb.universe.tf/address-pool', kind: kindOf('metalLb') },
  {
    name: 'service.beta.kubernetes.io/do-loadbalancer-enable-proxy-protocol',
    kind: kindOf('digitalOcean'),
    sends: isOn,
  },
  {
    name: 'load-balancer.hetzner.cloud/uses-proxyprotocol',
    kind: kindOf('hetzner'),
    sends: isV2,
  },
  { name: 'loadbalancer.openstack.org/proxy-protocol', kind: kindOf('openStack'), sends: version },
  {
    name: 'service.beta.kubernetes.io/linode-loadbalancer-default-proxy-protocol',
    kind: kindOf('linode'),
    sends: version,
  },
  {
    name: 'service.beta.kubernetes.io/scw-loadbalancer-proxy-protocol-v1',
    kind: kindOf('scaleway'),
    sends: (value) => (isOn(value) === 'on' ? 'v1' : null),
  },
  {
    name: 'service.beta.kubernetes.io/scw-loadbalancer-proxy-protocol-v2',
    kind: kindOf('scaleway'),
    sends: (value) => (isOn(value) === 'on' ? 'v2' : null),
  },
  {
    name: 'oci-network-load-balancer.oraclecloud.com/is-ppv2-enabled',
    kind: kindOf('oracle'),
    sends: isV2,
  },
];

/** Null: nothing says that there is one. */
export function loadBalancerOf({ metadata, spec, status }: ServiceObject): LoadBalancer | null {
  const { annotations } = metadata;
  const ingress = status.loadBalancer.ingress ?? [];
  const configured = (annotations[LOAD_BALANCER_ANNOTATION] ?? '')
    .split(',')
    .flatMap((text) => canonicalIp(text.trim()) ?? []);
  const known = KNOWN_ANNOTATIONS.filter(({ name }) => annotations[name] !== undefined);
  const isClaimed = spec.type === 'LoadBalancer';
  if (!isClaimed && ingress.length === 0 && configured.length === 0 && known.length === 0)
    return null;
  const [first] = known;
  const sends = sendingOf(annotations, known);
  const kind =
    first?.kind(annotations[first.name] ?? '', annotations) ??
    (ingress.length > 0 || configured.length > 0 ? 'other' : 'unknown');
  return {
    kind,
    keepsSource: isClaimed && configured.length === 0 && !REPLACES_SOURCE.has(kind),
    showsSource: spec.externalTrafficPolicy === 'Local',
    knownBy: [
      ...(isClaimed ? ['spec.type'] : []),
      ...(ingress.length > 0 ? ['status.loadBalancer.ingress'] : []),
      ...(configured.length > 0 ? [LOAD_BALANCER_ANNOTATION] : []),
      ...known.map(({ name }) => name),
    ],
    addresses: ingress.flatMap(({ ip }) => (ip === undefined ? [] : (canonicalIp(ip) ?? []))),
    hostnames: ingress.flatMap(({ hostname }) => hostname ?? []),
    sourceAddresses: configured,
    ...sends,
    expectsProxy: switchOf(annotations[EXPECTS_PROXY_ANNOTATION]),
  };
}

function sendingOf(
  annotations: Readonly<Record<string, string>>,
  known: readonly KnownAnnotation[],
): Pick<LoadBalancer, 'sendsProxy' | 'sendsProxyBy'> {
  const configured = annotations[SENDS_PROXY_ANNOTATION];
  if (configured !== undefined)
    return { sendsProxy: version(configured), sendsProxyBy: SENDS_PROXY_ANNOTATION };
  for (const { name, sends } of known) {
    const sendsProxy = sends?.(annotations[name] ?? '', annotations) ?? null;
    if (sendsProxy !== null) return { sendsProxy, sendsProxyBy: name };
  }
  return { sendsProxy: null, sendsProxyBy: null };
}

function switchOf(text: string | undefined): LoadBalancer['expectsProxy'] {
  return text === undefined ? null : isOn(text);
}
