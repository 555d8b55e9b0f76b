/** Pods that come and go while traffic runs: namespaces of their own, made before the agents start, wired when they begin. */
import { inNamespace, run, settleAll } from '../../command.ts';
import { type Lab, startPodServer } from '../../lab.ts';
import { type LabNamespace, namespaceOf, prefixOf } from '../../names.ts';
import { type NodePlan, nodeNamed, PORTS } from '../../plan.ts';

/** The Services and Pods of this suite are all here. */
export const NAMESPACE = 'shop';

export interface StagePod {
  readonly name: string;
  readonly node: NodePlan;
  readonly ip: string;
  readonly namespace: LabNamespace;
}

export const POD_PORT = PORTS.app;

/** Pods that do not run yet: their servers listen, their links are down. Two may be given the same address. */
export async function makePods(
  lab: Lab,
  wanted: readonly { name: string; node: string; host: number }[],
): Promise<StagePod[]> {
  const pods = wanted.map(({ name, node, host }) => {
    const id = `${prefixOf(lab.id)}${node}-${name}`;
    const namespace = { name: id, path: `/run/netns/${id}`, role: 'pod' as const, node, pod: name };
    const { index } = nodeNamed(node);
    return { name, node: nodeNamed(node), ip: `10.244.${index}.${host}`, namespace };
  });
  const input = pods.map(({ namespace }) => `netns add ${namespace.name}\n`).join('');
  await run('ip', ['-batch', '-'], { input });
  await settleAll(pods.map((pod) => makePod(lab, pod)));
  return pods;
}

async function makePod(lab: Lab, { name, node, ip, namespace }: StagePod): Promise<void> {
  const host = namespaceOf(lab.namespaces, { role: 'node', node: node.name });
  await batch(host, [
    `link add veth-${name} type veth peer name eth0 netns ${namespace.name}`,
    `link set veth-${name} master cni0 up`,
  ]);
  await batch(namespace, ['link set lo up', `addr add ${ip}/24 dev eth0`]);
  const plan = { key: `${NAMESPACE}/${name}`, namespace: NAMESPACE, name, node, ip };
  await startPodServer(lab.folder, namespace.path, { ...plan, role: 'app', short: 'app' });
}

/** From here on it has its address. */
export async function wirePod(lab: Lab, pod: StagePod): Promise<void> {
  await batch(pod.namespace, ['link set eth0 up', `route add default via ${pod.node.gateway}`]);
  const host = namespaceOf(lab.namespaces, { role: 'node', node: pod.node.name });
  // As a CNI does: who had the address before is forgotten.
  await batch(host, [`neigh flush to ${pod.ip} dev cni0`]);
}

/** Its address is free for others. */
export async function unwirePod({ namespace }: StagePod): Promise<void> {
  await batch(namespace, ['link set eth0 down']);
}

async function batch({ path }: LabNamespace, lines: readonly string[]): Promise<void> {
  await run('nsenter', inNamespace(path, 'ip', '-batch', '-'), { input: `${lines.join('\n')}\n` });
}
