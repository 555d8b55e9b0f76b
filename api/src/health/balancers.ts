/** Services with a load balancer in front, and what it hears of each node, against what endpoints demand. */
import { type LoadBalancer, loadBalancerOf } from '@hoptrace/domain/health/loadBalancer.ts';
import {
  type HealthHistory,
  healthFinding,
  nodeHealth,
} from '@hoptrace/domain/health/nodeHealth.ts';
import { proxyEnds } from '@hoptrace/domain/health/proxyEnds.ts';
import type { HealthStretch, LoadBalancerItem } from '@hoptrace/domain/rest/loadBalancers.ts';
import type { Histories, KnownService } from './histories.ts';

/** Heartbeats come every 5 s, and are stored every 10. */
const FRESH_US = 20_000_000;

/** As of the end of the span; those without a load balancer are left out. */
export function balancersOf(
  histories: Histories,
  span: { readonly fromUs: number; readonly toUs: number },
): LoadBalancerItem[] {
  return histories.all.flatMap((known) => {
    const name = `${known.namespace}/${known.service}`;
    return itemOf(known, histories.of(known.cluster, name), span) ?? [];
  });
}

function itemOf(
  known: KnownService,
  history: HealthHistory,
  span: { readonly fromUs: number; readonly toUs: number },
): LoadBalancerItem | null {
  const service = history.services.find(({ toUs }) => toUs >= span.toUs)?.object;
  const balancer = service === undefined ? null : loadBalancerOf(service);
  if (service === undefined || balancer === null) return null;
  return {
    ...known,
    loadBalancer: identityOf(balancer),
    healthCheckNodePort: service.spec.healthCheckNodePort ?? null,
    proxyProtocol: {
      sends: balancer.sendsProxy,
      sendsBy: balancer.sendsProxyBy,
      expects: balancer.expectsProxy,
      ...proxyEnds(balancer),
    },
    nodes: nodesOf(history).map((node) => {
      const stretches = nodeHealth(history, { node }, span);
      const now = nowOf(stretches, span.toUs);
      const finding = now === null ? '' : healthFinding(node, now);
      return { node, now, history: stretches, finding };
    }),
  };
}

/** The state of this moment: as it was last heard, if that is not long ago. */
function nowOf(stretches: readonly HealthStretch[], atUs: number): HealthStretch | null {
  const last = stretches.at(-1);
  if (last === undefined) return null;
  const heard = stretches.findLast(({ observed }) => observed !== 'unknown');
  if (last.observed !== 'unknown' || heard === undefined || atUs - heard.toUs > FRESH_US)
    return last;
  const { observed, httpStatus, localEndpoints } = heard;
  return { ...last, observed, httpStatus, localEndpoints };
}

function identityOf({
  keepsSource: _keeps,
  sendsProxy: _sends,
  sendsProxyBy: _by,
  expectsProxy: _expects,
  ...identity
}: LoadBalancer): LoadBalancerItem['loadBalancer'] {
  return identity;
}

function nodesOf({ checks, slices }: HealthHistory): string[] {
  const heard = checks.map(({ object }) => object.node);
  const told = slices.flatMap(({ object }) =>
    (object.endpoints ?? []).flatMap(({ nodeName }) => nodeName ?? []),
  );
  return [...new Set([...heard, ...told])].sort();
}
