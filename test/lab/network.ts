/**
 * Links, addresses, routes and kernel settings of the lab: one shell script per network namespace, run inside it.
 * Nothing is created in the host's own namespace: every veth is made in a lab namespace, towards another one.
 *
 *   delay on:  node3 eth0 ── relay-node · (relay process) · relay-port ── port3 ─ br0     delay off:  node3 eth0 ── port3 ─ br0
 */
import { inNamespace, run, settleAll } from './command.ts';
import { type LabNamespace, namespaceOf, prefixOf } from './names.ts';
import {
  CLIENT_GATEWAY,
  CLIENT_IP,
  DELAYED_NODE,
  LB_BACK_IP,
  LB_FRONT_IP,
  NODE_GATEWAY,
  NODES,
  type NodePlan,
  PODS,
  type PodPlan,
} from './plan.ts';

/** Interfaces in the switch between which the relay carries the delayed node's packets. */
export const RELAY_INTERFACES = ['relay-node', 'relay-port'] as const;

interface Script {
  readonly namespace: LabNamespace;
  readonly settings: readonly string[];
  readonly links: readonly string[];
}

/** Creates the namespaces and wires them. The delayed link carries nothing until the relay runs. */
export async function buildNetwork(
  labId: string,
  namespaces: readonly LabNamespace[],
  hasDelay: boolean,
): Promise<void> {
  await run('ip', ['-batch', '-'], { input: lines(namespaces.map((n) => `netns add ${n.name}`)) });
  for (const stage of networkStages(labId, namespaces, hasDelay)) {
    await settleAll(
      stage.map((script) =>
        run('nsenter', inNamespace(script.namespace.path, 'sh', '-e'), { input: shell(script) }),
      ),
    );
  }
}

/** Stages follow each other, because the one makes the far end of the next one's links; inside a stage all run at once. */
export function networkStages(
  labId: string,
  namespaces: readonly LabNamespace[],
  hasDelay: boolean,
): Script[][] {
  const find = (wanted: Parameters<typeof namespaceOf>[1]) => namespaceOf(namespaces, wanted);
  return [
    [switchScript(find({ role: 'switch' }), prefixOf(labId), hasDelay)],
    [
      clientScript(find({ role: 'client' })),
      balancerScript(find({ role: 'lb' })),
      ...NODES.map((node) =>
        nodeScript(find({ role: 'node', node: node.name }), node, prefixOf(labId)),
      ),
    ],
    PODS.map((pod) => podScript(find({ role: 'pod', pod: pod.key }), pod)),
  ];
}

function switchScript(namespace: LabNamespace, prefix: string, hasDelay: boolean): Script {
  const port = (name: string, bridge: string, peer: string, where: string) => [
    `link add ${name} type veth peer name ${peer} netns ${prefix}${where}`,
    `link set ${name} master ${bridge} up`,
  ];
  const nodePorts = NODES.flatMap((node) => {
    const name = `port${node.index}`;
    if (!hasDelay || node.name !== DELAYED_NODE) return port(name, 'br0', 'eth0', node.name);
    const [toNode, toPort] = RELAY_INTERFACES;
    return [
      `link add ${toNode} type veth peer name eth0 netns ${prefix}${node.name}`,
      `link set ${toNode} up`,
      `link add ${name} type veth peer name ${toPort}`,
      `link set ${toPort} up`,
      `link set ${name} master br0 up`,
    ];
  });
  return {
    namespace,
    // Frames between nodes are switched, not filtered: no bridge netfilter here.
    settings: [...ROUTER, 'put net/bridge/bridge-nf-call-iptables 0'],
    links: [
      'link set lo up',
      'link add br0 type bridge',
      'link add br1 type bridge',
      `addr add ${NODE_GATEWAY}/24 dev br0`,
      `addr add ${CLIENT_GATEWAY}/24 dev br1`,
      'link set br0 up',
      'link set br1 up',
      ...port('client', 'br1', 'eth0', 'client'),
      ...port('lb-front', 'br1', 'eth0', 'lb'),
      ...port('lb-back', 'br0', 'eth1', 'lb'),
      ...nodePorts,
    ],
  };
}

function clientScript(namespace: LabNamespace): Script {
  return {
    namespace,
    settings: [],
    links: [
      'link set lo up',
      `addr add ${CLIENT_IP}/24 dev eth0`,
      'link set eth0 up',
      `route add default via ${CLIENT_GATEWAY}`,
    ],
  };
}

function balancerScript(namespace: LabNamespace): Script {
  return {
    namespace,
    settings: [],
    links: [
      'link set lo up',
      `addr add ${LB_FRONT_IP}/24 dev eth0`,
      `addr add ${LB_BACK_IP}/24 dev eth1`,
      'link set eth0 up',
      'link set eth1 up',
    ],
  };
}

function nodeScript(namespace: LabNamespace, node: NodePlan, prefix: string): Script {
  const others = NODES.filter((n) => n.name !== node.name);
  const pods = PODS.filter((pod) => pod.node.name === node.name);
  return {
    namespace,
    settings: [
      ...ROUTER,
      'put net/bridge/bridge-nf-call-iptables 1',
      // By default a node sends few ICMP errors (a burst of about six to one address, then one a second; 50 in all).
      // Further REJECTed SYNs would meet silence and be sent again: not what their scenario says. No type in the
      // mask: no limit.
      'put net/ipv4/icmp_ratemask 0',
      'try net/netfilter/nf_conntrack_timestamp 1',
      'try net/netfilter/nf_conntrack_acct 1',
      'try net/netfilter/nf_conntrack_events 1',
    ],
    links: [
      'link set lo up',
      `addr add ${node.ip}/24 dev eth0`,
      'link set eth0 up',
      `route add default via ${NODE_GATEWAY}`,
      'link add cni0 type bridge',
      `addr add ${node.gateway}/24 dev cni0`,
      'link set cni0 up',
      ...others.map((other) => `route add ${other.podCidr} via ${other.ip}`),
      ...pods.flatMap((pod) => [
        `link add veth-${pod.short} type veth peer name eth0 netns ${prefix}${node.name}-${pod.short}`,
        `link set veth-${pod.short} master cni0 up`,
      ]),
    ],
  };
}

function podScript(namespace: LabNamespace, pod: PodPlan): Script {
  return {
    namespace,
    settings: [],
    links: [
      'link set lo up',
      `addr add ${pod.ip}/24 dev eth0`,
      'link set eth0 up',
      `route add default via ${pod.node.gateway}`,
    ],
  };
}

const ROUTER = [
  'put net/ipv4/ip_forward 1',
  // The effective value is the larger of `all` and the interface's own, and interfaces may exist already.
  'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done',
  'for f in /proc/sys/net/ipv4/conf/*/send_redirects; do echo 0 >$f; done',
];

/** Settings first, so that links come up without IPv6 chatter and packets meet the final rules. */
function shell(script: Script): string {
  return lines([
    'put() { echo "$2" >/proc/sys/$1; }',
    'try() { if [ -w /proc/sys/$1 ]; then put "$1" "$2"; fi; }',
    'try net/ipv6/conf/all/disable_ipv6 1',
    'try net/ipv6/conf/default/disable_ipv6 1',
    ...script.settings,
    'exec ip -batch - <<LINKS',
    ...script.links,
    'LINKS',
  ]);
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
