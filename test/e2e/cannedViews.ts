/** Canned answers for the pages of services, topology and agents, around those for the lists. */
import type { Answerer, Canned } from './pageServer.ts';

/** The samples belong to another TypeScript project: they are loaded at run time. */
export interface WaySamples {
  readonly sampleWays: (requests: number, policy?: 'Cluster' | 'Local') => Ways;
  readonly sampleTimeline: (places: number) => object;
  readonly sampleChanges: readonly object[];
  readonly WAYS_END_US: number;
  readonly FLIP_US: number;
}
interface Ways {
  readonly totals: { readonly outcomes: object; readonly requests: number };
}

export async function loadWaySamples(): Promise<WaySamples> {
  const url = new URL('../../grafana-plugin/src/view/samples/sampleWays.ts', import.meta.url);
  return import(url.href);
}

/** `count`: requests, and in the lists items. 0: an empty system. */
export function viewsOver(samples: WaySamples, count: number, lists: Answerer): Answerer {
  return (url) => answerOf(samples, count, url) ?? lists(url);
}

function answerOf(samples: WaySamples, count: number, url: URL): Canned | null {
  const { pathname, searchParams } = url;
  const many = count === 0 ? 0 : Math.max(1, Math.min(200, Math.round(count / 10)));
  if (pathname.endsWith('/graph')) {
    const isBefore = Number(searchParams.get('to') ?? Number.POSITIVE_INFINITY) <= samples.FLIP_US;
    return ok(samples.sampleWays(count, isBefore ? 'Cluster' : 'Local'));
  }
  if (pathname === '/api/v1/changes')
    return ok({ items: count === 0 ? [] : samples.sampleChanges, isWhole: true, nextCursor: null });
  if (pathname === '/api/v1/refusals/timeline') return ok(samples.sampleTimeline(many));
  if (pathname === '/api/v1/services') return ok(servicesOf(samples, count));
  if (pathname === '/api/v1/topology') return ok(topologyOf(samples, searchParams, count));
  if (pathname === '/api/v1/agents')
    return ok({ items: agentsOf(samples, many), nextCursor: null });
  if (pathname === '/api/v1/missing') return ok(missingOf(samples, count));
  return null;
}

function servicesOf({ sampleWays, WAYS_END_US }: WaySamples, count: number) {
  const items = Array.from({ length: Math.min(1000, count) }, (_, index) => ({
    service: { namespace: 'shop', name: index === 0 ? 'web' : `service-${index}`, port: 'https' },
    ...sampleWays(1000 + count - index, index % 7 === 0 ? 'Local' : 'Cluster').totals,
    refusals: {},
    clientAddress: {},
    extraHops: 0,
    response:
      index % 5 === 3
        ? null
        : { count: 400, p50Ns: 8_400_000, p95Ns: 17_000_000, p99Ns: 21_000_000 },
  }));
  const window = { fromUs: WAYS_END_US - 900_000_000, toUs: WAYS_END_US };
  return { ...window, countedUntilUs: WAYS_END_US, items, nextCursor: null };
}

/** What is told of one object of each kind. */
const OBJECTS: Readonly<Record<string, object>> = {
  Service: {
    spec: {
      ...{ type: 'NodePort', externalTrafficPolicy: 'Local' },
      ports: [{ port: 443, nodePort: 30_443 }],
    },
  },
  Ingress: {
    spec: {
      ingressClassName: 'nginx',
      rules: [
        {
          host: 'shop.example',
          http: { paths: [{ path: '/cart', backend: { service: { name: 'web' } } }] },
        },
      ],
    },
  },
  Gateway: { spec: { listeners: [{ name: 'https', port: 443, protocol: 'HTTPS' }] } },
  HTTPRoute: { spec: { hostnames: ['shop.example'], rules: [{ backendRefs: [{ name: 'web' }] }] } },
  ConfigMap: { data: { 'use-proxy-protocol': 'true' } },
  Node: { status: { addresses: [{ type: 'InternalIP', address: '192.168.50.11' }] } },
  Pod: { spec: { nodeName: 'node-c' }, status: { podIPs: [{ ip: '10.244.3.21' }] } },
};

function topologyOf({ WAYS_END_US }: WaySamples, query: URLSearchParams, count: number) {
  const kind = query.get('kind') ?? 'Service';
  const items = Array.from({ length: Math.min(500, count) }, (_, index) => ({
    cluster: 'lab',
    kind,
    namespace: 'shop',
    name: index === 0 ? 'web' : `${kind.toLowerCase()}-${index}`,
    validFromUs: index % 2 === 0 ? WAYS_END_US - 420_000_000 : null,
    earliestFromUs: null,
    validToUs: null,
    earliestToUs: null,
    source: 'watch',
    revision: '1',
    object: OBJECTS[kind] ?? {},
  }));
  return { atUs: WAYS_END_US, items, nextCursor: count > 500 ? 'more' : null };
}

function agentsOf({ WAYS_END_US }: WaySamples, count: number) {
  return Array.from({ length: count }, (_, index) => ({
    cluster: 'lab',
    node: `node-${index}`,
    bootId: 'b',
    lastSeenUs: WAYS_END_US - (index === 2 ? 90_000_000 : 2_000_000),
    losses: { ringBuffer: index === 1 ? 41 : 0, clockSteps: 0 },
    addresses: [],
    facts: index === 3 ? null : { kernel: '6.12.48', kubeProxy: null, sysctls: {}, containers: 12 },
    lossesSinceUs: 0,
    isSilent: index === 2,
  }));
}

function missingOf({ WAYS_END_US }: WaySamples, count: number) {
  const at = { cluster: 'lab', node: 'node-2', fromUs: WAYS_END_US - 90_000_000 };
  const isEmpty = count < 3;
  return {
    ...{ fromUs: WAYS_END_US - 900_000_000, toUs: WAYS_END_US, stepUs: 60_000_000 },
    losses: isEmpty ? [] : [{ ...at, node: 'node-1', losses: { ringBuffer: 41 } }],
    silences: isEmpty ? [] : [{ ...at, toUs: WAYS_END_US, isOpen: true }],
    paths: {
      ...{ total: count, incomplete: Math.round(count / 20) },
      warnings: isEmpty ? [] : [{ code: 'agentSilent', paths: 2 }],
    },
  };
}

function ok(body: unknown): Canned {
  return { status: 200, body };
}
