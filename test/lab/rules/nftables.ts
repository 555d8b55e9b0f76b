/**
 * kube-proxy's rules in nftables mode, as input of `nft -f`: table `ip kube-proxy` with its verdict maps.
 *
 *   nat-prerouting/-output → services → @service-ips | @service-nodeports → external-x → service-x | local-x → endpoint-x
 *   filter-input/-forward/-output → @no-endpoint-services, @no-endpoint-nodeports (reject-chain, or drop)
 *   nat-postrouting → masquerading (what carries mark 0x4000)
 */
import {
  CLUSTER_CIDR,
  type EndpointPlan,
  type NodePlan,
  SERVICE_CIDR,
  type ServicePlan,
} from '../plan.ts';
import { nftablesChain, nftablesEndpointChain, servicePortName } from './names.ts';
import { namedEndpoints, usableEndpoints } from './usable.ts';

const TABLE = 'ip kube-proxy';
/** Priorities as in Kubernetes 1.33, the first release where this mode is stable. */
const BASE_CHAINS = [
  ['filter-prerouting', 'filter hook prerouting priority -110'],
  ['filter-input', 'filter hook input priority -110'],
  ['filter-forward', 'filter hook forward priority -110'],
  ['filter-output', 'filter hook output priority -110'],
  ['filter-output-post-dnat', 'filter hook output priority -90'],
  ['nat-prerouting', 'nat hook prerouting priority -100'],
  ['nat-output', 'nat hook output priority -100'],
  ['nat-postrouting', 'nat hook postrouting priority 100'],
] as const;
const PLAIN_CHAINS = [
  'cluster-ips-check',
  'firewall-check',
  'mark-for-masquerade',
  'masquerading',
  'nodeport-endpoints-check',
  'reject-chain',
  'service-endpoints-check',
  'services',
];
const IP_PORT_MAP = 'type ipv4_addr . inet_proto . inet_service : verdict';
const PORT_MAP = 'type inet_proto . inet_service : verdict';

/** The whole `nft -f` file for one node. Only the node's own address accepts NodePorts, as is the default. */
export function nftablesRules(node: NodePlan, services: readonly ServicePlan[]): string {
  const lines = [
    `add table ${TABLE} { comment "rules for kube-proxy" ; }`,
    ...containers(),
    ...BASE_CHAINS.map(([name, hook]) => `add chain ${TABLE} ${name} { type ${hook} ; }`),
    ...PLAIN_CHAINS.map((name) => `add chain ${TABLE} ${name}`),
    ...baseRules(),
    element('nodeport-ips', node.ip),
    ...services.flatMap((service) => serviceRules(node.name, service)),
  ];
  return `${lines.join('\n')}\n`;
}

function containers(): string[] {
  return [
    `add set ${TABLE} cluster-ips { type ipv4_addr ; comment "Active ClusterIPs" ; }`,
    `add set ${TABLE} nodeport-ips { type ipv4_addr ; comment "IPs that accept NodePort traffic" ; }`,
    `add map ${TABLE} firewall-ips { ${IP_PORT_MAP} ; comment "destinations that are subject to LoadBalancerSourceRanges" ; }`,
    `add map ${TABLE} no-endpoint-nodeports { ${PORT_MAP} ; comment "vmap to drop or reject packets to service nodeports with no endpoints" ; }`,
    `add map ${TABLE} no-endpoint-services { ${IP_PORT_MAP} ; comment "vmap to drop or reject packets to services with no endpoints" ; }`,
    `add map ${TABLE} service-ips { ${IP_PORT_MAP} ; comment "ClusterIP, ExternalIP and LoadBalancer IP traffic" ; }`,
    `add map ${TABLE} service-nodeports { ${PORT_MAP} ; comment "NodePort traffic" ; }`,
  ];
}

function baseRules(): string[] {
  return [
    rule(
      'cluster-ips-check',
      `ip daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"`,
    ),
    rule(
      'cluster-ips-check',
      `ip daddr { ${SERVICE_CIDR} } drop comment "Drop traffic to unallocated ClusterIPs"`,
    ),
    rule('filter-prerouting', 'ct state new jump firewall-check'),
    rule('filter-input', 'ct state new jump nodeport-endpoints-check'),
    rule('filter-input', 'ct state new jump service-endpoints-check'),
    rule('filter-forward', 'ct state new jump service-endpoints-check'),
    rule('filter-forward', 'ct state new jump cluster-ips-check'),
    rule('filter-output', 'ct state new jump service-endpoints-check'),
    rule('filter-output', 'ct state new jump firewall-check'),
    rule('filter-output-post-dnat', 'ct state new jump cluster-ips-check'),
    rule('firewall-check', 'ip daddr . meta l4proto . th dport vmap @firewall-ips'),
    rule('mark-for-masquerade', 'mark set mark or 0x4000'),
    rule('masquerading', 'mark and 0x4000 == 0 return'),
    rule('masquerading', 'mark set mark xor 0x4000'),
    rule('masquerading', 'masquerade fully-random'),
    rule('nat-output', 'jump services'),
    rule('nat-postrouting', 'jump masquerading'),
    rule('nat-prerouting', 'jump services'),
    rule(
      'nodeport-endpoints-check',
      'ip daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports',
    ),
    rule('reject-chain', 'reject'),
    rule(
      'service-endpoints-check',
      'ip daddr . meta l4proto . th dport vmap @no-endpoint-services',
    ),
    rule('services', 'ip daddr . meta l4proto . th dport vmap @service-ips'),
    rule('services', 'ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports'),
  ];
}

function serviceRules(nodeName: string, service: ServicePlan): string[] {
  const name = servicePortName(service);
  const clusterKey = `${service.clusterIp} . tcp . ${service.port}`;
  const nodePortKey = `tcp . ${service.nodePort}`;
  if (service.endpoints.length === 0) {
    return [
      element('cluster-ips', service.clusterIp),
      element('no-endpoint-services', `${clusterKey} comment "${name}" : goto reject-chain`),
      element('no-endpoint-nodeports', `${nodePortKey} comment "${name}" : goto reject-chain`),
    ];
  }
  const local = usableEndpoints(service, nodeName);
  const usesLocal = service.policy === 'Local' && local.length > 0;
  const all = nftablesChain('service', service);
  const here = nftablesChain('local', service);
  const dropped = service.policy === 'Local' && !usesLocal;
  return [
    ...namedEndpoints(service, nodeName).flatMap((e) => endpointChain(service, e)),
    `add chain ${TABLE} ${all}`,
    rule(
      all,
      `ip daddr ${service.clusterIp} tcp dport ${service.port} ip saddr != ${CLUSTER_CIDR} jump mark-for-masquerade`,
    ),
    rule(all, balance(service, usableEndpoints(service))),
    ...(usesLocal ? [`add chain ${TABLE} ${here}`, rule(here, balance(service, local))] : []),
    ...externalChain(service, usesLocal),
    element('cluster-ips', service.clusterIp),
    element('service-ips', `${clusterKey} : goto ${all}`),
    element('service-nodeports', `${nodePortKey} : goto ${nftablesChain('external', service)}`),
    ...(dropped
      ? [element('no-endpoint-nodeports', `${nodePortKey} comment "${name}" : drop`)]
      : []),
  ];
}

function externalChain(service: ServicePlan, usesLocal: boolean): string[] {
  const chain = nftablesChain('external', service);
  const all = nftablesChain('service', service);
  const start = `add chain ${TABLE} ${chain}`;
  if (service.policy === 'Cluster') {
    return [start, rule(chain, 'jump mark-for-masquerade'), rule(chain, `goto ${all}`)];
  }
  return [
    start,
    rule(chain, `ip saddr ${CLUSTER_CIDR} goto ${all} comment "short-circuit pod traffic"`),
    rule(chain, `fib saddr type local jump mark-for-masquerade comment "masquerade local traffic"`),
    rule(chain, `fib saddr type local goto ${all} comment "short-circuit local traffic"`),
    ...(usesLocal ? [rule(chain, `goto ${nftablesChain('local', service)}`)] : []),
  ];
}

function endpointChain(service: ServicePlan, endpoint: EndpointPlan): string[] {
  const chain = nftablesEndpointChain(service, endpoint);
  return [
    `add chain ${TABLE} ${chain}`,
    rule(chain, `ip saddr ${endpoint.ip} jump mark-for-masquerade`),
    rule(chain, `meta l4proto tcp dnat to ${endpoint.ip}:${endpoint.port}`),
  ];
}

function balance(service: ServicePlan, to: readonly EndpointPlan[]): string {
  const choices = to.map((e, i) => `${i} : goto ${nftablesEndpointChain(service, e)}`).join(' , ');
  return `numgen random mod ${to.length} vmap { ${choices} }`;
}

function rule(chain: string, text: string): string {
  return `add rule ${TABLE} ${chain} ${text}`;
}

function element(container: string, text: string): string {
  return `add element ${TABLE} ${container} { ${text} }`;
}
