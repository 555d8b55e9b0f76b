/**
 * kube-proxy's rules in iptables mode, as input of `iptables-nft-restore`: the chains, comments and order that a
 * cluster shows, for TCP Services with a ClusterIP and a NodePort.
 *
 *   nat PREROUTING/OUTPUT → KUBE-SERVICES → KUBE-NODEPORTS → KUBE-EXT-x → KUBE-SVC-x | KUBE-SVL-x → KUBE-SEP-x (DNAT)
 *   nat POSTROUTING → KUBE-POSTROUTING (MASQUERADE what carries mark 0x4000)
 *   filter INPUT/FORWARD → KUBE-EXTERNAL-SERVICES (REJECT: no endpoint at all; DROP: Local, none local)
 */
import { CLUSTER_CIDR, type EndpointPlan, type ServicePlan } from '../plan.ts';
import { iptablesChain, iptablesEndpointChain, servicePortName } from './names.ts';
import { namedEndpoints, usableEndpoints } from './usable.ts';

const NAT_CHAINS = ['KUBE-SERVICES', 'KUBE-NODEPORTS', 'KUBE-POSTROUTING', 'KUBE-MARK-MASQ'];
const FILTER_CHAINS = [
  'KUBE-SERVICES',
  'KUBE-EXTERNAL-SERVICES',
  'KUBE-FORWARD',
  'KUBE-NODEPORTS',
  'KUBE-PROXY-FIREWALL',
];
const NEW = '-m conntrack --ctstate NEW';

/** The whole restore file for the node named `nodeName`. */
export function iptablesRules(nodeName: string, services: readonly ServicePlan[]): string {
  const nat = services.map((service) => natRules(nodeName, service));
  const lines = [
    '*filter',
    ...FILTER_CHAINS.map((chain) => `:${chain} - [0:0]`),
    ...filterBase(),
    ...services.flatMap((service) => unserved(nodeName, service)),
    'COMMIT',
    '*nat',
    ...[...NAT_CHAINS, ...nat.flatMap((n) => n.chains)].map((chain) => `:${chain} - [0:0]`),
    ...natBase(),
    ...nat.flatMap((n) => n.rules),
    `-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS`,
    'COMMIT',
  ];
  return `${lines.join('\n')}\n`;
}

function filterBase(): string[] {
  const jumps = [
    ['INPUT', `${NEW} ${comment('kubernetes load balancer firewall')} -j KUBE-PROXY-FIREWALL`],
    ['OUTPUT', `${NEW} ${comment('kubernetes load balancer firewall')} -j KUBE-PROXY-FIREWALL`],
    ['FORWARD', `${NEW} ${comment('kubernetes load balancer firewall')} -j KUBE-PROXY-FIREWALL`],
    [
      'INPUT',
      `${NEW} ${comment('kubernetes externally-visible service portals')} -j KUBE-EXTERNAL-SERVICES`,
    ],
    [
      'FORWARD',
      `${NEW} ${comment('kubernetes externally-visible service portals')} -j KUBE-EXTERNAL-SERVICES`,
    ],
    ['INPUT', `${comment('kubernetes health check service ports')} -j KUBE-NODEPORTS`],
    ['FORWARD', `${NEW} ${comment('kubernetes service portals')} -j KUBE-SERVICES`],
    ['OUTPUT', `${NEW} ${comment('kubernetes service portals')} -j KUBE-SERVICES`],
    ['FORWARD', `${comment('kubernetes forwarding rules')} -j KUBE-FORWARD`],
  ].map(([chain, rule]) => `-A ${chain} ${rule}`);
  return [
    ...jumps,
    '-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP',
    `-A KUBE-FORWARD ${comment('kubernetes forwarding rules')} -m mark --mark 0x4000/0x4000 -j ACCEPT`,
    `-A KUBE-FORWARD ${comment('kubernetes forwarding conntrack rule')} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
  ];
}

function natBase(): string[] {
  return [
    `-A PREROUTING ${comment('kubernetes service portals')} -j KUBE-SERVICES`,
    `-A OUTPUT ${comment('kubernetes service portals')} -j KUBE-SERVICES`,
    `-A POSTROUTING ${comment('kubernetes postrouting rules')} -j KUBE-POSTROUTING`,
    '-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN',
    '-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000',
    `-A KUBE-POSTROUTING ${comment('kubernetes service traffic requiring SNAT')} -j MASQUERADE --random-fully`,
    '-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000',
  ];
}

/** What nobody serves: REJECT where the cluster has no endpoint, DROP where the Local policy leaves none here. */
function unserved(nodeName: string, service: ServicePlan): string[] {
  const name = servicePortName(service);
  const nodePort = `-m addrtype --dst-type LOCAL -m tcp -p tcp --dport ${service.nodePort}`;
  if (service.endpoints.length === 0) {
    const clusterIp = `-m tcp -p tcp -d ${service.clusterIp} --dport ${service.port}`;
    return [
      `-A KUBE-SERVICES ${comment(`${name} has no endpoints`)} ${clusterIp} -j REJECT`,
      `-A KUBE-EXTERNAL-SERVICES ${comment(`${name} has no endpoints`)} ${nodePort} -j REJECT`,
    ];
  }
  if (service.policy === 'Cluster' || isServedOn(nodeName, service)) return [];
  return [
    `-A KUBE-EXTERNAL-SERVICES ${comment(`${name} has no local endpoints`)} ${nodePort} -j DROP`,
  ];
}

function natRules(nodeName: string, service: ServicePlan): { chains: string[]; rules: string[] } {
  if (service.endpoints.length === 0) return { chains: [], rules: [] };
  const local = usableEndpoints(service, nodeName);
  const named = namedEndpoints(service, nodeName);
  const usesLocal = service.policy === 'Local' && local.length > 0;
  const ext = iptablesChain('EXT', service);
  const svc = iptablesChain('SVC', service);
  const svl = iptablesChain('SVL', service);
  const name = servicePortName(service);
  const toClusterIp = `${comment(`${name} cluster IP`)} -m tcp -p tcp -d ${service.clusterIp} --dport ${service.port}`;
  return {
    chains: [
      ext,
      svc,
      ...(usesLocal ? [svl] : []),
      ...named.map((e) => iptablesEndpointChain(service, e)),
    ],
    rules: [
      `-A KUBE-SERVICES ${toClusterIp} -j ${svc}`,
      `-A KUBE-NODEPORTS ${comment(name)} -m tcp -p tcp --dport ${service.nodePort} -j ${ext}`,
      ...externalRules(service, usesLocal),
      `-A ${svc} ${toClusterIp} ! -s ${CLUSTER_CIDR} -j KUBE-MARK-MASQ`,
      ...balance(svc, service, usableEndpoints(service)),
      ...(usesLocal ? balance(svl, service, local) : []),
      ...named.flatMap((e) => endpointRules(service, e)),
    ],
  };
}

function externalRules(service: ServicePlan, usesLocal: boolean): string[] {
  const ext = iptablesChain('EXT', service);
  const svc = iptablesChain('SVC', service);
  const why = (what: string) =>
    comment(`${what} for ${servicePortName(service)} external destinations`);
  if (service.policy === 'Cluster') {
    return [`-A ${ext} ${why('masquerade traffic')} -j KUBE-MARK-MASQ`, `-A ${ext} -j ${svc}`];
  }
  return [
    `-A ${ext} ${why('pod traffic')} -s ${CLUSTER_CIDR} -j ${svc}`,
    `-A ${ext} ${why('masquerade LOCAL traffic')} -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ`,
    `-A ${ext} ${why('route LOCAL traffic')} -m addrtype --src-type LOCAL -j ${svc}`,
    ...(usesLocal ? [`-A ${ext} -j ${iptablesChain('SVL', service)}`] : []),
  ];
}

/** One rule per endpoint: the i-th of n is taken with 1/(n-i), which makes all equally likely. */
function balance(chain: string, service: ServicePlan, to: readonly EndpointPlan[]): string[] {
  return to.map((endpoint, i) => {
    const left = to.length - i;
    const chance =
      left === 1 ? '' : ` -m statistic --mode random --probability ${(1 / left).toFixed(10)}`;
    const text = comment(`${servicePortName(service)} -> ${endpoint.ip}:${endpoint.port}`);
    return `-A ${chain} ${text}${chance} -j ${iptablesEndpointChain(service, endpoint)}`;
  });
}

function endpointRules(service: ServicePlan, endpoint: EndpointPlan): string[] {
  const start = `-A ${iptablesEndpointChain(service, endpoint)} ${comment(servicePortName(service))}`;
  return [
    `${start} -s ${endpoint.ip} -j KUBE-MARK-MASQ`,
    `${start} -m tcp -p tcp -j DNAT --to-destination ${endpoint.ip}:${endpoint.port}`,
  ];
}

function isServedOn(nodeName: string, service: ServicePlan): boolean {
  return service.endpoints.some((e) => e.node === nodeName);
}

function comment(text: string): string {
  return `-m comment --comment "${text}"`;
}
