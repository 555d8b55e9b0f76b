/** The network namespaces of one lab: their names carry the lab's prefix, so any number of labs can stand side by side. */
import { NODES, PODS } from './plan.ts';

/** Where iproute2 keeps named network namespaces. */
const NETNS_FOLDER = '/run/netns';

export type NamespaceRole = 'client' | 'lb' | 'switch' | 'node' | 'pod';
export interface LabNamespace {
  readonly name: string;
  /** Bind mount that nsenter, setns and the agent's allow-list take. */
  readonly path: string;
  readonly role: NamespaceRole;
  /** For nodes and Pods: the node's name. */
  readonly node?: string;
  /** For Pods: `namespace/name`. */
  readonly pod?: string;
}

/** `ht3fa09c-` for the lab `3fa09c`. */
export function prefixOf(labId: string): string {
  return `ht${labId}-`;
}

/** All namespaces of a lab: client, load balancer, switch, then nodes, then Pods. */
export function namespacesOf(labId: string): LabNamespace[] {
  const make = (short: string, rest: Omit<LabNamespace, 'name' | 'path'>): LabNamespace => {
    const name = `${prefixOf(labId)}${short}`;
    return { name, path: `${NETNS_FOLDER}/${name}`, ...rest };
  };
  return [
    make('client', { role: 'client' }),
    make('lb', { role: 'lb' }),
    make('switch', { role: 'switch' }),
    ...NODES.map((node) => make(node.name, { role: 'node', node: node.name })),
    ...PODS.map((pod) =>
      make(`${pod.node.name}-${pod.short}`, { role: 'pod', node: pod.node.name, pod: pod.key }),
    ),
  ];
}

/** The one namespace that matches; throws if the lab has none, which is a slip in the lab itself. */
export function namespaceOf(
  namespaces: readonly LabNamespace[],
  wanted: { role: NamespaceRole; node?: string; pod?: string },
): LabNamespace {
  const found = namespaces.find(
    (n) =>
      n.role === wanted.role &&
      (wanted.node === undefined || n.node === wanted.node) &&
      (wanted.pod === undefined || n.pod === wanted.pod),
  );
  if (found === undefined) throw new Error(`the lab has no namespace ${JSON.stringify(wanted)}`);
  return found;
}
