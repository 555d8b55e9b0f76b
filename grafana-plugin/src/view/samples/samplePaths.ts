/**
 * Paths for tests and for looking at the views: one for each thing that a view must be able to say.
 * Addresses are those of RFC 5737 and RFC 3849 outside the cluster, 10.244.0.0/16 for Pods.
 */
import type {
  Hop,
  HopTimes,
  Party,
  Path,
  RefusalInfo,
  RefusalItem,
  Rewrite,
  Rtt,
} from '../model.ts';

const STARTED_AT_US = Date.UTC(2026, 8, 1, 14, 3, 7, 412) * 1000 + 318;

function party(role: Party['role'], ip: string, port: number, rest: Partial<Party> = {}): Party {
  return { role, name: null, node: null, ip, port, observed: true, ...rest };
}

const client = party('client', '198.51.100.23', 51514, { observed: false });
const balancer = party('load-balancer', '192.0.2.80', 443, {
  name: 'edge-lb',
  node: 'edge-lb',
  observed: false,
});
const nodeA = party('node', '10.0.0.11', 30443, { name: 'node-a', node: 'node-a' });
const nodeC = party('node', '10.0.0.13', 30443, { name: 'node-c', node: 'node-c' });
const ingressB = party('ingress', '10.244.2.7', 8443, {
  name: 'ingress-nginx/controller-7fd9c',
  node: 'node-b',
});
const ingressA = party('ingress', '10.244.1.4', 8443, {
  name: 'ingress-nginx/controller-x2lqk',
  node: 'node-a',
});
const appC = party('app', '10.244.3.21', 8080, { name: 'shop/web-5c6b8d-tq4zn', node: 'node-c' });

function rtt(valueUs: number, boundUs: number): Rtt {
  return {
    valueNs: valueUs * 1000,
    lowNs: (valueUs - boundUs) * 1000,
    highNs: (valueUs + boundUs) * 1000,
    method: 'handshakeDifference',
  };
}

/** Seen from one tap: bounds the round trip from above. */
function upTo(valueUs: number): Rtt {
  const valueNs = valueUs * 1000;
  return { valueNs, lowNs: 0, highNs: valueNs + 1200, method: 'handshakeToClient' };
}

/** SYN, handshake done, first request byte, first response byte, end; in microseconds. */
function times(clock: string, stampsUs: readonly (number | null)[]): HopTimes {
  const [synNs, establishedNs, firstRequestNs, firstResponseNs, endNs] = stampsUs.map((us) =>
    us === null ? null : us * 1000,
  );
  return {
    synNs: synNs ?? null,
    establishedNs: establishedNs ?? null,
    firstRequestNs: firstRequestNs ?? null,
    firstResponseNs: firstResponseNs ?? null,
    endNs: endNs ?? null,
    clock,
  };
}

const unseen: HopTimes = {
  synNs: null,
  establishedNs: null,
  firstRequestNs: null,
  firstResponseNs: null,
  endNs: null,
  clock: null,
};

function hop(from: Party, to: Party, rest: Partial<Hop> = {}): Hop {
  return {
    index: 0,
    from,
    to,
    kind: 'network',
    crossesNode: from.node === null || to.node === null ? null : from.node !== to.node,
    extra: false,
    extraReason: null,
    rtt: null,
    rewrite: null,
    class: 'A',
    times: unseen,
    ...rest,
  };
}

function path(pathId: string, hops: readonly Hop[], rest: Partial<Path> = {}): Path {
  const numbered = hops.map((one, index) => ({ ...one, index }));
  return {
    pathId,
    version: 1,
    cluster: 'lab',
    startedAtUs: STARTED_AT_US,
    service: { namespace: 'shop', name: 'web', port: 'https' },
    client: { ip: '198.51.100.23', port: 51514, source: 'socket' },
    outcome: 'served',
    hops: numbered,
    crossings: numbered.filter((one) => one.crossesNode === true).length,
    extraHops: numbered.filter((one) => one.extra === true).length,
    class: 'A',
    confidence: 0.9999,
    completeness: 1,
    refusal: null,
    warnings: [],
    ...rest,
  };
}

const snatAtA: Rewrite = {
  mechanism: 'snat',
  before: '198.51.100.23:51514',
  after: '10.0.0.11:40213',
  cause: 'externalTrafficPolicy: Cluster, endpoint on another node',
  recoverable: false,
};

/** Straight to a NodePort; kube-proxy picked a Pod on another node although one was local. */
export const crossNodePath = path('sample-cross-node', [
  hop(client, nodeA, {
    rtt: upTo(2140),
    times: times('node-a', [0, 2553, 2790, 21_180, 24_610]),
  }),
  hop(nodeA, ingressB, {
    kind: 'nodeForward',
    extra: true,
    extraReason: 'node-a had 1 ready endpoint of its own: ingress-nginx/controller-x2lqk',
    rtt: rtt(388, 41),
    rewrite: snatAtA,
    times: times('node-b', [196, 2571, 2983, 20_990, 24_440]),
  }),
]);

/** The whole chain of the slides: a TCP load balancer hides the client, the proxy adds one more machine. */
export const balancedPath = path(
  'sample-load-balancer',
  [
    hop(client, balancer, { crossesNode: true, class: 'B' }),
    hop(balancer, nodeA, {
      kind: 'proxy',
      rtt: upTo(611),
      rewrite: {
        mechanism: 'tcpProxy',
        before: '198.51.100.23:51514',
        after: '192.0.2.80:39110',
        cause: 'load balancer in TCP mode, no PROXY protocol',
        recoverable: false,
      },
      class: 'B',
      times: times('node-a', [0, 702, 811, 19_322, 19_804]),
    }),
    hop(nodeA, ingressB, {
      kind: 'nodeForward',
      extra: true,
      extraReason: 'node-a had 1 ready endpoint of its own: ingress-nginx/controller-x2lqk',
      rtt: rtt(388, 41),
      rewrite: {
        ...snatAtA,
        before: '192.0.2.80:39110',
      },
      times: times('node-b', [213, 688, 1002, 19_130, 19_611]),
    }),
    hop(ingressB, appC, {
      kind: 'proxy',
      rtt: rtt(274, 18),
      rewrite: {
        mechanism: 'tcpProxy',
        before: '10.0.0.11:40213',
        after: '10.244.2.7:58744',
        cause: 'HTTP proxy opened its own connection',
        recoverable: null,
      },
      class: 'B',
      times: times('node-c', [1490, 1744, 1790, 18_870, 19_402]),
    }),
  ],
  { class: 'B', confidence: 0.994, completeness: 0.75 },
);

/** As before, with PROXY protocol: the address vanishes from the socket but can be recovered. */
export const proxyProtocolPath = path(
  'sample-proxy-protocol',
  [
    hop(client, balancer, { crossesNode: true, class: 'B' }),
    hop(balancer, nodeA, {
      kind: 'proxy',
      rtt: upTo(598),
      rewrite: {
        mechanism: 'proxyProtocol',
        before: '198.51.100.23:51514',
        after: '192.0.2.80:39112',
        cause: 'load balancer sends PROXY protocol v2',
        recoverable: true,
      },
      times: times('node-a', [0, 690, 790, 9322, 9804]),
    }),
    hop(nodeA, ingressA, {
      kind: 'nodeForward',
      rtt: rtt(24, 6),
      times: times('node-a', [31, 661, 803, 9301, 9790]),
    }),
  ],
  {
    client: { ip: '198.51.100.23', port: 51514, source: 'proxyProtocol' },
    class: 'B',
    completeness: 2 / 3,
    confidence: 0.9899,
  },
);

export const sameNodePath = path('sample-same-node', [
  hop(client, nodeA, {
    rtt: upTo(1980),
    times: times('node-a', [0, 2012, 2210, 8122, 8433]),
  }),
  hop(nodeA, ingressA, {
    kind: 'nodeForward',
    rtt: rtt(21, 5),
    times: times('node-a', [33, 1990, 2219, 8090, 8420]),
  }),
]);

function refusal(rest: Partial<RefusalInfo>): RefusalInfo {
  return {
    kind: 'dropped',
    node: 'node-c',
    evidence: 'kfreeSkb',
    reason: 'NETFILTER_DROP',
    cause: 'noLocalEndpoints',
    text: 'node-c dropped the SYN to NodePort 30443: the Service has externalTrafficPolicy Local and no ready endpoint on node-c.',
    remedy:
      'Let the load balancer probe healthCheckNodePort 32111 so that it leaves node-c out, or run the ingress controller on every node.',
    synCount: 3,
    afterNs: 3_021_400_000,
    ...rest,
  };
}

export const droppedPath = path(
  'sample-dropped',
  [hop(client, nodeC, { times: times('node-c', [0, null, null, null, null]) })],
  { outcome: 'dropped', refusal: refusal({}) },
);

export const rejectedPath = path(
  'sample-rejected',
  [hop(client, nodeA, { times: times('node-a', [0, null, null, null, 62]) })],
  {
    outcome: 'rejected',
    service: { namespace: 'shop', name: 'cart', port: 'http' },
    refusal: refusal({
      kind: 'rejected',
      node: 'node-a',
      evidence: 'icmp',
      reason: 'port unreachable',
      cause: 'noEndpoints',
      text: 'node-a answered with ICMP port unreachable: Service shop/cart has no ready endpoint.',
      remedy: 'Look at the readiness of the Pods that the selector of shop/cart matches.',
      synCount: 1,
      afterNs: 62_000,
    }),
  },
);

export const resetPath = path(
  'sample-reset',
  [
    hop(client, nodeA, {
      rtt: upTo(1950),
      times: times('node-a', [0, null, null, null, 540]),
    }),
    hop(
      nodeA,
      { ...ingressB, port: 9999 },
      {
        kind: 'nodeForward',
        rewrite: snatAtA,
        extra: null,
        times: times('node-b', [188, null, null, null, 240]),
      },
    ),
  ],
  {
    outcome: 'reset',
    refusal: refusal({
      kind: 'reset',
      node: 'node-b',
      evidence: 'rst',
      reason: '',
      cause: 'endpointClosedPort',
      text: 'ingress-nginx/controller-7fd9c answered port 9999 with a reset: nothing listens there.',
      remedy: 'Compare targetPort of the Service with the port that the container listens on.',
      synCount: 1,
      afterNs: 540_000,
    }),
  },
);

/** No agent on node-b: its Pod is known by address alone, and the way on is a gap. */
export const partialPath = path(
  'sample-partial',
  [
    hop(client, nodeA, {
      rtt: upTo(2210),
      times: times('node-a', [0, 2430, 2600, null, null]),
    }),
    hop(nodeA, party('pod', '10.244.2.7', 8443, { observed: false }), {
      kind: 'nodeForward',
      extra: null,
      rewrite: { ...snatAtA, recoverable: null },
      class: 'C',
    }),
    hop(party('unknown', '10.244.2.9', 0, { observed: false }), appC, {
      kind: 'proxy',
      extra: null,
      class: 'C',
      times: times('node-c', [-412, -160, 120, 8800, null]),
    }),
  ],
  {
    outcome: 'unknown',
    service: null,
    class: 'C',
    confidence: 0.62,
    completeness: 2 / 3,
    warnings: [
      {
        code: 'agentSilent',
        text: 'no heartbeat from the agent on node-b for 41 s; its part of the path is missing',
        subject: 'node-b',
      },
      {
        code: 'clocksDisagree',
        text: 'the clock of node-c reads earlier than that of node-a',
        subject: 'node-c',
      },
    ],
  },
);

/** The load balancer is not watched and says nothing: who the client was is not known. */
export const clientLostPath = path(
  'sample-client-lost',
  [
    hop(
      party('client', '', 0, { observed: false }),
      { ...balancer, port: 0 },
      { crossesNode: null, class: 'M' },
    ),
    hop(balancer, nodeA, {
      kind: 'proxy',
      rtt: upTo(702),
      rewrite: {
        mechanism: 'unknown',
        before: 'unknown',
        after: '192.0.2.80:39114',
        cause:
          'edge-lb connects from its own address; whether it proxies or translates was not observed',
        recoverable: null,
      },
      times: times('node-a', [0, 702, 811, 9322, 9804]),
    }),
    hop(nodeA, ingressA, {
      kind: 'nodeForward',
      rtt: rtt(22, 5),
      times: times('node-a', [29, 690, 820, 9301, 9790]),
    }),
  ],
  {
    client: { ip: null, port: null, source: 'unknown' },
    completeness: 2 / 3,
    warnings: [
      {
        code: 'clientLost',
        text: 'the load balancer is not observed and sent no PROXY header: who the client was is not known',
        subject: 'client',
      },
    ],
  },
);

export const ipv6Path = path(
  'sample-ipv6',
  [
    hop(
      party('client', '2001:db8:85a3::8a2e:370:7334', 49152, { observed: false }),
      party('node', '2001:db8:0:1::11', 30443, { name: 'node-a', node: 'node-a' }),
      {
        rtt: upTo(12_400),
        times: times('node-a', [0, 12_500, 12_700, 14_000, 15_000]),
      },
    ),
    hop(
      party('node', '2001:db8:0:1::11', 30443, { name: 'node-a', node: 'node-a' }),
      party('ingress', 'fd00:10:244:1::4', 8443, {
        name: 'ingress-nginx/controller-with-a-rather-long-name-x2lqk',
        node: 'node-a',
      }),
      {
        kind: 'nodeForward',
        rtt: rtt(19, 4),
        times: times('node-a', [28, 12_480, 12_709, 13_980, 14_990]),
      },
    ),
  ],
  { client: { ip: '2001:db8:85a3::8a2e:370:7334', port: 49152, source: 'socket' } },
);

export const samplePaths: readonly Path[] = [
  balancedPath,
  droppedPath,
  crossNodePath,
  proxyProtocolPath,
  sameNodePath,
  rejectedPath,
  resetPath,
  partialPath,
  clientLostPath,
  ipv6Path,
];

/** So many paths, newest first, 40 ms apart, taken in turn from the samples. */
export function manyPaths(count: number, newestUs: number = STARTED_AT_US): Path[] {
  return Array.from({ length: count }, (_, index) => {
    const sample = samplePaths[index % samplePaths.length] ?? crossNodePath;
    return {
      ...sample,
      pathId: `${sample.pathId}-${index}`,
      startedAtUs: newestUs - index * 40_000,
    };
  });
}

/** The refusals among some paths, in the shape that the list of refusals answers. */
export function refusalsOf(paths: readonly Path[]): RefusalItem[] {
  return paths.flatMap(({ pathId, startedAtUs, cluster, client, service, hops, refusal }) => {
    const target = hops.at(0)?.to;
    if (refusal === null || target === undefined) return [];
    const destination = { ip: target.ip, port: target.port };
    return [{ pathId, startedAtUs, cluster, client, destination, service, ...refusal }];
  });
}
