/**
 * The cluster that every lab builds: machines, Pods, Services and load balancer listeners. Pure data.
 *
 *                    .1 ┌─────────────── switch (router, two bridges) ───────────────┐ .1
 *  client 203.0.113.10 ─┤ 203.0.113.0/24                           192.168.50.0/24  ├─ node1 .11  10.244.1.0/24  controller, app
 *  lb     203.0.113.2  ─┤                                                           ├─ node2 .12  10.244.2.0/24  controller, app
 *                       └── lb 192.168.50.5 ────────────────────────────────────────┴─ node3 .13  10.244.3.0/24  app   (delayed link)
 *
 * The client reaches nodes through the switch, never through the load balancer's machine. Two labs use the same
 * addresses: they never share a namespace.
 */
export const BACKENDS = ['iptables', 'nftables'] as const;
export type Backend = (typeof BACKENDS)[number];
export type Policy = 'Cluster' | 'Local';

export const CLUSTER_CIDR = '10.244.0.0/16';
export const SERVICE_CIDR = '10.96.0.0/16';
export const CLIENT_IP = '203.0.113.10';
export const LB_FRONT_IP = '203.0.113.2';
export const LB_BACK_IP = '192.168.50.5';
export const CLIENT_GATEWAY = '203.0.113.1';
export const NODE_GATEWAY = '192.168.50.1';
/** No Service has this NodePort and no process listens on it. */
export const CLOSED_NODE_PORT = 30099;
/** The node whose uplink carries the known delay. */
export const DELAYED_NODE = 'node3';
export const DEFAULT_DELAY_MS = 2;

export interface NodePlan {
  readonly name: string;
  readonly index: number;
  readonly ip: string;
  readonly podCidr: string;
  /** Address of cni0: what a Pod sees as source when its own node masquerades. */
  readonly gateway: string;
}

export interface PodPlan {
  /** `namespace/name`, the form in which truth and paths name a Pod. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly role: 'ingress' | 'app';
  /** Part of the network namespace's name and of the veth's. */
  readonly short: 'ing' | 'app';
  readonly node: NodePlan;
  readonly ip: string;
}

export interface EndpointPlan {
  readonly pod: string;
  readonly node: string;
  readonly ip: string;
  readonly port: number;
  /** Its Pod stops, and serves until it has. */
  readonly isTerminating?: boolean;
}

export interface ServicePlan {
  readonly namespace: string;
  readonly name: string;
  readonly portName: string;
  readonly port: number;
  readonly clusterIp: string;
  readonly nodePort: number;
  readonly policy: Policy;
  readonly endpoints: readonly EndpointPlan[];
}

export type ProxyHeader = 'none' | 'v1' | 'v2';
export interface ListenerPlan {
  readonly name: string;
  readonly port: number;
  /** Nodes it balances over, round robin. */
  readonly nodes: readonly string[];
  readonly service: string;
  readonly proxyHeader: ProxyHeader;
}

export const NODES: readonly NodePlan[] = [1, 2, 3].map((index) => ({
  name: `node${index}`,
  index,
  ip: `192.168.50.1${index}`,
  podCidr: `10.244.${index}.0/24`,
  gateway: `10.244.${index}.1`,
}));

/** Ports inside the Pods. `app`'s second port gives the single-endpoint Services endpoints of their own. */
export const PORTS = { ingress: 80, ingressProxy: 81, app: 8080, appPinned: 8081 } as const;

export const PODS: readonly PodPlan[] = NODES.flatMap((node) => {
  const app = pod(node, 'app');
  return node.index === 3 ? [app] : [pod(node, 'ingress'), app];
});

function pod(node: NodePlan, role: PodPlan['role']): PodPlan {
  const namespace = role === 'ingress' ? 'ingress-nginx' : 'shop';
  const name = `${role === 'ingress' ? 'controller' : 'app'}-${node.name}`;
  const host = role === 'ingress' ? 10 : 20;
  return {
    key: `${namespace}/${name}`,
    namespace,
    name,
    role,
    short: role === 'ingress' ? 'ing' : 'app',
    node,
    ip: `10.244.${node.index}.${host}`,
  };
}

function endpoints(role: PodPlan['role'], port: number, onNode?: string): EndpointPlan[] {
  return PODS.filter((p) => p.role === role && (onNode ?? p.node.name) === p.node.name).map(
    (p) => ({ pod: p.key, node: p.node.name, ip: p.ip, port }),
  );
}

interface Row {
  readonly name: string;
  readonly nodePort: number;
  readonly policy: Policy;
  readonly endpoints: EndpointPlan[];
}
const ingressRows: readonly Row[] = [
  row('controller', 30080, 'Cluster', endpoints('ingress', PORTS.ingress)),
  row('controller-local', 30081, 'Local', endpoints('ingress', PORTS.ingress)),
  row('controller-proxy-local', 30082, 'Local', endpoints('ingress', PORTS.ingressProxy)),
  row('controller-proxy', 30083, 'Cluster', endpoints('ingress', PORTS.ingressProxy)),
  // One endpoint each, so that a test chooses by the entry node whether the request crosses.
  row('controller-node1', 30084, 'Cluster', endpoints('ingress', PORTS.ingress, 'node1')),
  row('controller-node2', 30086, 'Cluster', endpoints('ingress', PORTS.ingress, 'node2')),
];
const shopRows: readonly Row[] = [
  row('orphan', 30085, 'Cluster', []),
  row('app', 30070, 'Cluster', endpoints('app', PORTS.app)),
  row('app-node1', 30071, 'Cluster', endpoints('app', PORTS.appPinned, 'node1')),
  row('app-node2', 30072, 'Cluster', endpoints('app', PORTS.appPinned, 'node2')),
  row('app-node3', 30073, 'Cluster', endpoints('app', PORTS.appPinned, 'node3')),
];

function row(name: string, nodePort: number, policy: Policy, eps: EndpointPlan[]): Row {
  return { name, nodePort, policy, endpoints: eps };
}
function service(namespace: string, r: Row): ServicePlan {
  return {
    namespace,
    portName: 'http',
    port: 80,
    // 30085 → 10.96.0.85: unique because the NodePorts' last two digits are.
    clusterIp: `10.96.0.${r.nodePort % 100}`,
    ...r,
  };
}

export const SERVICES: readonly ServicePlan[] = [
  ...ingressRows.map((r) => service('ingress-nginx', r)),
  ...shopRows.map((r) => service('shop', r)),
];

const ALL_NODES = NODES.map((n) => n.name);
export const LISTENERS: readonly ListenerPlan[] = [
  listener('plain', 8080, ['node1'], 'controller', 'none'),
  listener('plain-local', 8081, ['node1'], 'controller-local', 'none'),
  listener('plain-all', 8082, ALL_NODES, 'controller', 'none'),
  listener('proxy-v1', 8091, ['node1'], 'controller-proxy-local', 'v1'),
  listener('proxy-v2', 8092, ['node2'], 'controller-proxy', 'v2'),
  listener('proxy-v2-local', 8093, ['node2'], 'controller-proxy-local', 'v2'),
];
function listener(
  ...[name, port, nodes, serviceName, proxyHeader]: [string, number, string[], string, ProxyHeader]
): ListenerPlan {
  return { name, port, nodes, service: serviceName, proxyHeader };
}

/** What the ingress does with a path. Every other path it answers itself, with 404. */
export const ROUTES = ['/local', '/remote', '/pinned'] as const;

/** The app endpoint that the controller on `node` uses for a route; null if it answers itself. */
export function routeEndpoint(node: NodePlan, route: string): EndpointPlan | null {
  const remote = node.index === 1 ? 'node2' : 'node1';
  if (route === '/local') return endpoints('app', PORTS.app, node.name)[0] ?? null;
  if (route === '/remote') return endpoints('app', PORTS.app, remote)[0] ?? null;
  if (route === '/pinned') return endpoints('app', PORTS.appPinned, 'node3')[0] ?? null;
  return null;
}

/** The Service of that name, whatever its namespace. Throws on an unknown name: that is a slip in the lab itself. */
export function serviceNamed(name: string): ServicePlan {
  const found = SERVICES.find((s) => s.name === name);
  if (found === undefined) throw new Error(`no Service "${name}" in the lab's plan`);
  return found;
}

/** The node of that name. Throws on an unknown name. */
export function nodeNamed(name: string): NodePlan {
  const found = NODES.find((n) => n.name === name);
  if (found === undefined) throw new Error(`no node "${name}" in the lab's plan`);
  return found;
}
