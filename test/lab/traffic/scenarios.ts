/** The kinds of request the lab can send. What must come of each follows from how it is built, not from what is seen. */
import {
  CLOSED_NODE_PORT,
  LB_FRONT_IP,
  LISTENERS,
  nodeNamed,
  type ROUTES,
  serviceNamed,
} from '../plan.ts';

export type Outcome = 'served' | 'reset' | 'rejected' | 'dropped';
export type Route = (typeof ROUTES)[number] | '/missing';

export interface Scenario {
  readonly id: string;
  readonly text: string;
  /** Rows of the decision table (test/scenarios/table) that this plays on a real kernel. */
  readonly tableRows: readonly string[];
  readonly target: { readonly ip: string; readonly port: number };
  /** The node that the client, or the load balancer, sends to; null where the load balancer chooses. */
  readonly entryNode: string | null;
  /** Service behind the NodePort; null where none has that port. */
  readonly service: string | null;
  /** haproxy listener; null for requests straight to a node. */
  readonly listener: string | null;
  readonly route: Route;
  readonly outcome: Outcome;
}

export const SCENARIOS: readonly Scenario[] = [
  direct('cross-node-cluster', {
    tableRows: ['T01'],
    text: 'Cluster policy, the only ingress Pod is on another node',
    to: ['node1', 'controller-node2'],
    route: '/local',
  }),
  direct('same-node-cluster', {
    tableRows: ['T02'],
    text: 'Cluster policy, the only ingress Pod is on the entry node: SNAT all the same',
    to: ['node1', 'controller-node1'],
    route: '/local',
  }),
  direct('any-node-cluster', {
    tableRows: ['T01', 'T02'],
    text: 'Cluster policy, two ingress Pods: kube-proxy chooses; node3 has none',
    to: ['node3', 'controller'],
    route: '/local',
  }),
  direct('local-with-pod', {
    tableRows: ['T03', 'T49'],
    text: 'Local policy, an ingress Pod on the entry node: the client address stays; the app Pod is remote',
    to: ['node1', 'controller-local'],
    route: '/remote',
  }),
  direct('local-without-pod', {
    tableRows: ['T04'],
    text: 'Local policy, no ingress Pod on the entry node: the SYN is dropped',
    to: ['node3', 'controller-local'],
    outcome: 'dropped',
  }),
  direct('no-endpoints', {
    tableRows: ['T05'],
    text: 'a Service without any endpoint: the node answers ICMP port unreachable',
    to: ['node1', 'orphan'],
    outcome: 'rejected',
  }),
  direct('closed-port', {
    tableRows: ['T06'],
    text: 'a NodePort that no Service has: the node answers RST',
    to: ['node2', null],
    outcome: 'reset',
  }),
  balanced('haproxy-plain', {
    tableRows: ['T38'],
    text: 'through haproxy without PROXY header, Cluster policy: the client address is lost',
    listener: 'plain',
  }),
  balanced('haproxy-plain-local', {
    tableRows: ['T39'],
    text: 'through haproxy without PROXY header, Local policy: the ingress sees the load balancer',
    listener: 'plain-local',
  }),
  balanced('haproxy-all-nodes', {
    tableRows: ['T38'],
    text: 'through haproxy, round robin over all nodes, Cluster policy',
    listener: 'plain-all',
  }),
  balanced('haproxy-proxy-v1', {
    tableRows: ['T42'],
    text: 'through haproxy with PROXY v1, Local policy',
    listener: 'proxy-v1',
  }),
  balanced('haproxy-proxy-v2', {
    tableRows: ['T41'],
    text: 'through haproxy with PROXY v2, Cluster policy',
    listener: 'proxy-v2',
  }),
  balanced('haproxy-proxy-v2-local', {
    tableRows: ['T42'],
    text: 'through haproxy with PROXY v2, Local policy',
    listener: 'proxy-v2-local',
  }),
  direct('delayed-link', {
    tableRows: ['T01'],
    text: 'Cluster policy without ingress: the only app Pod is behind the delayed link',
    to: ['node1', 'app-node3'],
    route: '/local',
  }),
  direct('delayed-app', {
    tableRows: ['T02', 'T49'],
    text: 'the ingress calls the only app Pod of a Service, behind the delayed link',
    to: ['node1', 'controller-node1'],
    route: '/pinned',
  }),
  direct('ingress-answers', {
    tableRows: ['T02'],
    text: 'the ingress answers by itself: 404, no app Pod',
    to: ['node1', 'controller-node1'],
    route: '/missing',
  }),
];

/** The scenario of that id, or undefined. */
export function scenarioById(id: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.id === id);
}

interface Direct {
  readonly text: string;
  readonly tableRows: readonly string[];
  readonly to: readonly [string, string | null];
  readonly route?: Route;
  readonly outcome?: Outcome;
}
function direct(id: string, how: Direct): Scenario {
  const [entryNode, service] = how.to;
  const port = service === null ? CLOSED_NODE_PORT : serviceNamed(service).nodePort;
  return {
    id,
    text: how.text,
    tableRows: how.tableRows,
    target: { ip: nodeNamed(entryNode).ip, port },
    entryNode,
    service,
    listener: null,
    route: how.route ?? '/local',
    outcome: how.outcome ?? 'served',
  };
}

function balanced(
  id: string,
  how: { text: string; tableRows: readonly string[]; listener: string },
): Scenario {
  const listener = LISTENERS.find((l) => l.name === how.listener);
  if (listener === undefined) throw new Error(`no listener "${how.listener}" in the lab's plan`);
  const [only] = listener.nodes;
  return {
    id,
    text: how.text,
    tableRows: how.tableRows,
    target: { ip: LB_FRONT_IP, port: listener.port },
    entryNode: listener.nodes.length === 1 ? (only ?? null) : null,
    service: listener.service,
    listener: listener.name,
    route: '/local',
    outcome: 'served',
  };
}
