/** Which endpoints kube-proxy takes: the ready ones, else those that terminate but still serve (KEP-1669). */
import type { EndpointPlan, ServicePlan } from '../plan.ts';

/** With `nodeName` only those of that node: what policy Local chooses from. */
export function usableEndpoints(
  { endpoints }: ServicePlan,
  nodeName?: string,
): readonly EndpointPlan[] {
  const own = endpoints.filter(({ node }) => nodeName === undefined || node === nodeName);
  const ready = own.filter(({ isTerminating }) => isTerminating !== true);
  return ready.length > 0 ? ready : own;
}

/** Those that a node's rules name, by either policy, each once. */
export function namedEndpoints(service: ServicePlan, nodeName: string): readonly EndpointPlan[] {
  const local = service.policy === 'Local' ? usableEndpoints(service, nodeName) : [];
  return [...new Set([...usableEndpoints(service), ...local])];
}
