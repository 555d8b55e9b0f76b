/** A service for tests and for looking at the views: three nodes in two zones, one without a Pod of its own. */
import type {
  Change,
  GraphParty,
  RefusalTimeline,
  ServiceWays,
  SightingCount,
  TimelinePlace,
  WayEdge,
} from '../model.ts';

export const WAYS_END_US = Date.UTC(2026, 8, 1, 14, 10) * 1000;
const MINUTE_US = 60_000_000;
export const FLIP_US = WAYS_END_US - 7 * MINUTE_US;

function party(role: GraphParty['role'], name: string, rest: Partial<GraphParty>): GraphParty {
  const id = `${role} ${name}`;
  const none = { node: null, zone: null, addresses: 1, ports: [], requests: 0 };
  return { id, role, name, ...none, ...rest };
}

function edge(source: string, target: string, rest: Partial<WayEdge>): WayEdge {
  return {
    source,
    target,
    kind: 'network',
    requests: 0,
    crossesNode: 0,
    crossesZone: null,
    extra: 0,
    notJudged: 0,
    refused: 0,
    unseen: 0,
    measured: rest.medianNs == null ? 0 : (rest.requests ?? 0),
    medianNs: null,
    p99Ns: null,
    boundNs: null,
    ...rest,
  };
}

/** So many requests; without one, empty. Before the flip of the policy nothing is refused, but extra hops are made. */
export function sampleWays(requests: number, policy: 'Cluster' | 'Local' = 'Local'): ServiceWays {
  const isLocal = policy === 'Local';
  const of = (share: number) => Math.round(requests * share);
  const refused = isLocal ? of(0.3) : 0;
  const extra = isLocal ? 0 : of(0.45);
  const nodes = ['a', 'b', 'c'].map((letter, index) =>
    party('node', `node-${letter}`, {
      node: `node-${letter}`,
      zone: index === 2 ? 'zone-2' : 'zone-1',
      ports: [30443],
      requests: of(index === 0 ? 0.4 : 0.3),
    }),
  );
  const parties = [
    party('client', '', { addresses: 37, requests }),
    party('load-balancer', 'edge-lb', { node: 'edge-lb', ports: [443], requests }),
    ...nodes,
    party('ingress', 'ingress-nginx/controller-x2lqk', {
      node: 'node-a',
      zone: 'zone-1',
      ports: [8443],
      requests: requests - refused,
    }),
    party('app', 'shop/web-5c6b8d-tq4zn', {
      node: 'node-b',
      zone: 'zone-1',
      ports: [8080],
      requests: requests - refused,
    }),
  ];
  const edges = edgesOf({ requests, isLocal, refused, extra });
  return {
    fromUs: WAYS_END_US - 15 * MINUTE_US,
    toUs: WAYS_END_US,
    service: { namespace: 'shop', name: 'web' },
    isWhole: requests < 10_000,
    totals: {
      requests,
      outcomes: { served: requests - refused, reset: 0, rejected: 0, dropped: refused, unknown: 0 },
      refusals: refused === 0 ? {} : { noLocalEndpoints: refused },
      withExtraHops: extra,
      crossings: of(isLocal ? 1.1 : 1.6),
      incomplete: of(0.05),
      responses: requests - refused,
      responseP50Ns: requests === 0 ? null : isLocal ? 8_400_000 : 9_600_000,
      responseP99Ns: requests === 0 ? null : isLocal ? 21_000_000 : 32_000_000,
    },
    parties: requests === 0 ? [] : parties,
    edges: requests === 0 ? [] : edges.filter((each) => each.requests > 0),
    sightings: requests === 0 ? [] : sightingsOf(requests, isLocal),
    scenarios: requests === 0 ? [] : scenariosOf(requests, isLocal),
  };
}

interface EdgeCounts {
  readonly requests: number;
  readonly isLocal: boolean;
  readonly refused: number;
  readonly extra: number;
}

function edgesOf({ requests, isLocal, refused, extra }: EdgeCounts): WayEdge[] {
  const of = (share: number) => Math.round(requests * share);
  const lb = 'load-balancer edge-lb';
  const ingress = 'ingress ingress-nginx/controller-x2lqk';
  const crossing = { kind: 'nodeForward' as const, crossesZone: false };
  return [
    edge('client ', lb, { requests, unseen: requests }),
    edge(lb, 'node node-a', { requests: of(0.4), medianNs: 310_000, p99Ns: 900_000 }),
    edge(lb, 'node node-b', { requests: of(0.3), boundNs: 700_000 }),
    edge(lb, 'node node-c', { requests: of(0.3), refused, medianNs: isLocal ? null : 420_000 }),
    edge('node node-a', ingress, { ...crossing, requests: of(0.4), medianNs: 22_000 }),
    edge('node node-b', ingress, {
      ...{ ...crossing, requests: of(0.3), crossesNode: of(0.3), medianNs: 680_000 },
      extra: isLocal ? 0 : of(0.3),
    }),
    ...(isLocal
      ? []
      : [
          edge('node node-c', ingress, {
            ...{ ...crossing, requests: of(0.3), crossesNode: of(0.3), medianNs: 1_900_000 },
            ...{ extra: extra - of(0.3), crossesZone: true },
          }),
        ]),
    edge(ingress, 'app shop/web-5c6b8d-tq4zn', {
      ...{ kind: 'proxy', requests: requests - refused, crossesNode: requests - refused },
      ...{ crossesZone: false, medianNs: 410_000, p99Ns: 2_200_000 },
    }),
  ];
}

function sightingsOf(requests: number, isLocal: boolean): SightingCount[] {
  const seen = (place: number, role: SightingCount['role'], rest: Partial<SightingCount>) => ({
    ...{ place, role, seenAs: 'client', visibility: 'client' as const, mechanism: 'none' as const },
    ...{ requests, pathId: 'sample-cross-node' },
    ...rest,
  });
  const some = Math.ceil(requests * 0.7);
  const hidden = { seenAs: 'node', visibility: 'hidden' as const, mechanism: 'snat' as const };
  return [
    seen(0, 'load-balancer', { seenAs: 'none', visibility: 'unknown' }),
    seen(1, 'node', { requests: some }),
    seen(1, 'node', {
      requests: requests - some,
      seenAs: 'load-balancer',
      visibility: 'recoverable',
    }),
    seen(2, 'ingress', isLocal ? { requests: some } : { requests: some, ...hidden }),
    seen(3, 'app', {
      ...{ requests: some, seenAs: 'ingress', mechanism: 'tcpProxy' },
      visibility: isLocal ? 'recoverable' : 'hidden',
    }),
  ].filter((each) => each.requests > 0);
}

function scenariosOf(requests: number, isLocal: boolean): ServiceWays['scenarios'] {
  const rest = { believable: requests, contradicted: 0, requests, pathId: 'sample-cross-node' };
  return [
    isLocal
      ? {
          ...rest,
          scenario: 'preservedByLocal',
          text: 'The first node passed the source address on as it came.',
          remedy: '',
        }
      : {
          ...rest,
          scenario: 'rewrittenByCluster',
          text: 'A node replaced the source address by its own on the way to the ingress Pod.',
          remedy:
            'Set externalTrafficPolicy: Local, or let the load balancer send a PROXY protocol header.',
        },
  ];
}

export const sampleChanges: readonly Change[] = [
  {
    ...{ cluster: 'lab', namespace: 'shop', name: 'web' },
    ...{
      atUs: WAYS_END_US - 3 * MINUTE_US,
      earliestAtUs: WAYS_END_US - 3 * MINUTE_US - 30_000_000,
    },
    ...{ kind: 'endpoints', field: 'endpoints', before: '10.244.3.21@node-c', after: '' },
    nodes: ['node-c'],
    text: 'no longer ready: 10.244.3.21 on node-c (2 → 1 ready)',
  },
  {
    ...{ cluster: 'lab', namespace: 'shop', name: 'web', kind: 'health', field: 'health check' },
    ...{ atUs: FLIP_US + 2_000_000, earliestAtUs: FLIP_US },
    ...{ before: 'healthy', after: 'unhealthy', nodes: ['node-c'] },
    text: 'health check of node-c: healthy → unhealthy (503, 0 local endpoints)',
  },
  {
    ...{ cluster: 'lab', namespace: 'shop', name: 'web', atUs: FLIP_US, earliestAtUs: FLIP_US },
    ...{ kind: 'policy', field: 'externalTrafficPolicy', before: 'Cluster', after: 'Local' },
    nodes: [],
    text: 'externalTrafficPolicy: Cluster → Local',
  },
];

/** So many places; every third refuses after the flip. */
export function sampleTimeline(count: number): RefusalTimeline {
  const stepSeconds = 10;
  const fromUs = WAYS_END_US - 15 * MINUTE_US;
  const places = Array.from({ length: count }, (_, index): TimelinePlace => {
    const refuses = index % 3 === 0;
    const buckets = Array.from({ length: 90 }, (__, step) => {
      const startUs = fromUs + step * stepSeconds * 1e6;
      const isBad = refuses && startUs >= FLIP_US;
      const none = { reset: 0, rejected: 0, dropped: isBad ? 2 + (step % 4) : 0 };
      return { startUs, ...none, accepted: isBad && step % 5 > 0 ? 0 : 3 };
    }).filter((_bucket, step) => step % 11 !== 7);
    const sum = (of: (bucket: (typeof buckets)[number]) => number) =>
      buckets.reduce((total, bucket) => total + of(bucket), 0);
    return {
      node: index === 0 ? 'node-c' : `node-${index}`,
      port: 30443,
      services: ['shop/web'],
      refused: sum(({ dropped }) => dropped),
      accepted: sum(({ accepted }) => accepted),
      causes: refuses ? ['noLocalEndpoints'] : [],
      pathId: 'sample-dropped',
      buckets,
    };
  }).sort((a, b) => b.refused - a.refused);
  const since = { refusedSinceUs: fromUs, acceptedSinceUs: fromUs };
  return { fromUs, toUs: WAYS_END_US, stepSeconds, places, ...since };
}
