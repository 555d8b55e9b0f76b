/**
 * The cluster in which the scenarios play, and the ways through it.
 *
 *   clients 203.0.113.x ── lb1 (203.0.113.80 / 192.168.50.5) ── node1 .11, node2 .12, node3 .13
 *   ingress Pods 10.244.{1,2}.10:80, app Pods 10.244.{1,2,3}.20:8080, auth Pod 10.244.1.30:9000
 *   NodePorts: 30080 ingress, 30081 ingress-local, 30085 empty, 30090 app, 30091 app-local (Pod on node2 only)
 */
import type { TapSpec } from './connection.ts';

export const VIP = '203.0.113.80:80';
export const nodeIp = (node: number): string => `192.168.50.1${node}`;
export const ingressAt = (node: number): string => `10.244.${node}.10:80`;
export const appAt = (node: number): string => `10.244.${node}.20:8080`;

type Nat = readonly [string, string];

/** … → node `entry` (DNAT and masquerade) → Pod on another node. */
export function throughNode(
  src: string,
  { entry = 3, port = 30090, snat = 19716, node = 2, pod = appAt(node) }: NodePortWay = {},
): TapSpec[] {
  const dialled = `${src} > ${nodeIp(entry)}:${port}`;
  const nat: Nat = [dialled, `${nodeIp(entry)}:${snat} > ${pod}`];
  return [
    { node: `node${entry}`, role: 'uplink', direction: 'rx', tuple: dialled, nat },
    { node: `node${entry}`, role: 'uplink', direction: 'tx', tuple: nat[1], nat },
    ...intoPod(node, nat[1]),
  ];
}

export interface NodePortWay {
  readonly entry?: number;
  readonly port?: number;
  readonly snat?: number;
  /** Node of the Pod. */
  readonly node?: number;
  readonly pod?: string;
}

export function intoPod(node: number, tuple: string): TapSpec[] {
  return [
    { node: `node${node}`, role: 'uplink', direction: 'rx', tuple },
    { node: `node${node}`, role: 'podVeth', direction: 'tx', tuple },
    { node: `node${node}`, role: 'pod', direction: 'rx', tuple },
  ];
}

/** Pod to Pod on another node, not translated. */
export function podToPod(src: string, from: number, dst: string, to: number): TapSpec[] {
  const tuple = `${src} > ${dst}`;
  return [
    { node: `node${from}`, role: 'pod', direction: 'tx', tuple },
    { node: `node${from}`, role: 'podVeth', direction: 'rx', tuple },
    { node: `node${from}`, role: 'uplink', direction: 'tx', tuple, nat: [tuple, tuple] },
    ...intoPod(to, tuple),
  ];
}

/** The load balancer as a machine that only translates: DNAT and SNAT, one connection. */
export function translatedByLb(src: string, snat: number, to = `${nodeIp(3)}:30090`): TapSpec[] {
  const nat: Nat = [`${src} > ${VIP}`, `192.168.50.5:${snat} > ${to}`];
  return [
    { node: 'lb1', role: 'uplink', direction: 'rx', tuple: nat[0], nat },
    { node: 'lb1', role: 'uplink', direction: 'tx', tuple: nat[1], nat },
  ];
}

/** Client to a load balancer that ends the connection (TCP proxy). */
export function intoLb(src: string): TapSpec[] {
  return [{ node: 'lb1', role: 'uplink', direction: 'rx', tuple: `${src} > ${VIP}` }];
}

/** From the load balancer's own socket. */
export function outOfLb(port: number, to = `${nodeIp(3)}:30080`): TapSpec[] {
  return [{ node: 'lb1', role: 'uplink', direction: 'tx', tuple: `192.168.50.5:${port} > ${to}` }];
}

export function onlyPod(node: number, tuple: string, direction: 'rx' | 'tx'): TapSpec[] {
  return [{ node: `node${node}`, role: 'pod', direction, tuple }];
}

const metadata = (name: string, rest: Record<string, unknown> = {}) => ({
  name,
  namespace: 'default',
  ...rest,
});

/** topology.json: what `kubectl get … -o json` prints, and the addresses that the agents report. */
export function clusterObjects(): unknown {
  const agents = {
    lb1: ['192.168.50.5', '203.0.113.80'],
    node1: [nodeIp(1), '10.244.1.1'],
    node2: [nodeIp(2), '10.244.2.1'],
    node3: [nodeIp(3), '10.244.3.1'],
  };
  const items = [
    ...[1, 2, 3].map((n) => ({
      kind: 'Node',
      metadata: metadata(`node${n}`),
      status: { addresses: [{ type: 'InternalIP', address: nodeIp(n) }] },
    })),
    ...[1, 2, 3].map((n) => pod(`app-${n}`, n, appAt(n), {})),
    pod('auth-1', 1, '10.244.1.30:9000', {}),
    ...[1, 2].map((n) =>
      pod(`ingress-${n}`, n, ingressAt(n), { 'app.kubernetes.io/name': 'ingress-nginx' }),
    ),
    ...service(
      'ingress',
      30080,
      'Cluster',
      [1, 2].map((n) => [ingressAt(n), n] as const),
    ),
    ...service(
      'ingress-local',
      30081,
      'Local',
      [1, 2].map((n) => [ingressAt(n), n] as const),
    ),
    ...service('empty', 30085, 'Cluster', []),
    ...service(
      'app',
      30090,
      'Cluster',
      [1, 2, 3].map((n) => [appAt(n), n] as const),
    ),
    ...service('app-local', 30091, 'Local', [[appAt(2), 2]]),
  ];
  return { agents, list: { kind: 'List', items } };
}

function pod(name: string, node: number, endpoint: string, labels: Record<string, string>) {
  return {
    kind: 'Pod',
    metadata: metadata(name, { labels }),
    spec: { nodeName: `node${node}` },
    status: { podIPs: [{ ip: endpoint.split(':')[0] }] },
  };
}

function service(
  name: string,
  nodePort: number,
  externalTrafficPolicy: 'Cluster' | 'Local',
  endpoints: readonly (readonly [string, number])[],
) {
  const port = Number(endpoints[0]?.[0].split(':')[1] ?? 80);
  const annotations = { 'hoptrace/load-balancer-addresses': '192.168.50.5' };
  return [
    {
      kind: 'Service',
      metadata: metadata(name, { annotations }),
      spec: {
        type: 'NodePort',
        externalTrafficPolicy,
        ports: [{ name: 'http', port: 80, nodePort }],
      },
    },
    {
      kind: 'EndpointSlice',
      metadata: metadata(`${name}-1`, { labels: { 'kubernetes.io/service-name': name } }),
      ports: [{ name: 'http', port }],
      endpoints: endpoints.map(([endpoint, node]) => ({
        addresses: [endpoint.split(':')[0]],
        nodeName: `node${node}`,
        conditions: {},
      })),
    },
  ];
}
