/** Services with a load balancer in front, and what it hears of each node, against what endpoints demand. */
import { type LoadBalancer, loadBalancerOf } from '@hoptrace/domain/health/loadBalancer.ts';
import {
  type HealthHistory,
  healthFinding,
  nodeHealth,
} from '@hoptrace/domain/health/nodeHealth.ts';
import { proxyEnds } from '@hoptrace/domain/health/proxyEnds.ts';
import { expectationOf } from '@hoptrace/domain/health/proxySettings.ts';
import type { HealthStretch, LoadBalancerItem } from '@hoptrace/domain/rest/loadBalancers.ts';
import type { ServiceObject } from '@hoptrace/domain/wire/kubernetes.ts';
import type { Histories, KnownService } from './histories.ts';
import type { ProxyBook } from './proxyBook.ts';

/** Heartbeats come every 5 s, and are stored every 10. */
const FRESH_US = 20_000_000;

interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}

interface Found {
  readonly known: KnownService;
  readonly history: HealthHistory;
  readonly service: ServiceObject;
  readonly balancer: LoadBalancer;
}

/** As of the end of the span; those without a load balancer are left out. `proxies`: of their namespaces. */
export async function balancersOf(
  histories: Histories,
  span: Span,
  proxies: (namespaces: readonly string[]) => Promise<ProxyBook>,
): Promise<LoadBalancerItem[]> {
  const found = histories.all.flatMap((known) => {
    const history = histories.of(known.cluster, `${known.namespace}/${known.service}`);
    return foundOf(known, history, span) ?? [];
  });
  if (found.length === 0) return [];
  const book = await proxies([...new Set(found.map(({ known }) => known.namespace))]);
  return found.map((each) => itemOf(each, span, book));
}

function foundOf(known: KnownService, history: HealthHistory, { toUs }: Span): Found | null {
  const service = history.services.find((each) => each.toUs >= toUs)?.object;
  const balancer = service === undefined ? null : loadBalancerOf(service);
  return service === undefined || balancer === null ? null : { known, history, service, balancer };
}

function itemOf(
  { known, history, service, balancer }: Found,
  span: Span,
  book: ProxyBook,
): LoadBalancerItem {
  const slices = history.slices.flatMap(({ toUs, object }) => (toUs >= span.toUs ? [object] : []));
  const expectation = expectationOf(balancer, book.of(known.cluster, slices));
  return {
    ...known,
    loadBalancer: identityOf(balancer),
    healthCheckNodePort: service.spec.healthCheckNodePort ?? null,
    proxyProtocol: {
      sends: balancer.sendsProxy,
      sendsBy: balancer.sendsProxyBy,
      expects: expectation.expects,
      expectsBy: expectation.by,
      ...proxyEnds(balancer, expectation),
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
  showsSource: _shows,
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
