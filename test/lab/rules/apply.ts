/** Puts a node's rules in place of those it had, at once as kube-proxy does: no packet meets half of them. */
import { inNamespace, run } from '../command.ts';
import type { Backend, NodePlan, ServicePlan } from '../plan.ts';
import { iptablesRules } from './iptables.ts';
import { nftablesRules } from './nftables.ts';

/** Added first, so that there is one to delete. */
const WITHOUT_OLD = 'add table ip kube-proxy\ndelete table ip kube-proxy\n';

export async function applyRules(
  backend: Backend,
  namespacePath: string,
  node: NodePlan,
  services: readonly ServicePlan[],
): Promise<void> {
  if (backend === 'iptables') {
    const input = iptablesRules(node.name, services);
    await run('nsenter', inNamespace(namespacePath, 'iptables-nft-restore'), { input });
    return;
  }
  const input = `${WITHOUT_OLD}${nftablesRules(node, services)}`;
  await run('nsenter', inNamespace(namespacePath, 'nft', '-f', '-'), { input });
}
