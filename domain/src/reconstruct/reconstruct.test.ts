import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatEndpoint } from '../model/tuple.ts';
import { type Hop, type Path, pathSchema } from '../rest/path.ts';
import {
  type ConnectionSpec,
  clusterOf,
  evidenceOf,
  headerOf,
  legsOf,
  linkOf,
  pairHashOf,
  refusalOf,
  type TapSpec,
} from './builders.ts';
import type { Context, Evidence, Leg } from './evidence.ts';
import { reconstruct } from './reconstruct.ts';

const INGRESS = ['10.244.1.10:80@node1', '10.244.2.10:80@node2'];
const APP = ['10.244.1.20:8080@node1', '10.244.2.20:8080@node2', '10.244.3.20:8080@node3'];
const context = clusterOf([
  { name: 'ingress', nodePort: 30080, endpoints: INGRESS },
  { name: 'ingress-local', nodePort: 30081, policy: 'Local', endpoints: INGRESS },
  { name: 'empty', nodePort: 30085, endpoints: [] },
  { name: 'app', nodePort: 30090, endpoints: APP },
]);

/*
 *  src ──► node3 eth0 │ NAT │ node3 eth0 ──► node2 eth0 ──► node2 veth ──► Pod eth0
 */
function crossNode(id: number, src: string, port = 30080, stepNs = 10_000): ConnectionSpec {
  const nat = [`${src} > 192.168.50.13:${port}`, '192.168.50.13:19716 > 10.244.2.10:80'] as const;
  return {
    id,
    stepNs,
    taps: [
      { node: 'node3', role: 'uplink', direction: 'rx', tuple: nat[0], nat },
      { node: 'node3', role: 'uplink', direction: 'tx', tuple: nat[1], nat },
      { node: 'node2', role: 'uplink', direction: 'rx', tuple: nat[1] },
      { node: 'node2', role: 'podVeth', direction: 'tx', tuple: nat[1] },
      { node: 'node2', role: 'pod', direction: 'rx', tuple: nat[1] },
    ],
  };
}

function sameNode(id: number, src: string, port: number, seen: string): ConnectionSpec {
  const nat = [`${src} > 192.168.50.12:${port}`, `${seen} > 10.244.2.10:80`] as const;
  return {
    id,
    taps: [
      { node: 'node2', role: 'uplink', direction: 'rx', tuple: nat[0], nat },
      { node: 'node2', role: 'podVeth', direction: 'tx', tuple: nat[1], nat },
      { node: 'node2', role: 'pod', direction: 'rx', tuple: nat[1] },
    ],
  };
}

/** ingress Pod on node2 → app Pod on node3. */
function toApp(id: number): ConnectionSpec {
  const tuple = '10.244.2.10:51000 > 10.244.3.20:8080';
  return {
    id,
    taps: [
      { node: 'node2', role: 'pod', direction: 'tx', tuple },
      { node: 'node2', role: 'podVeth', direction: 'rx', tuple },
      { node: 'node2', role: 'uplink', direction: 'tx', tuple, nat: [tuple, tuple] },
      { node: 'node3', role: 'uplink', direction: 'rx', tuple },
      { node: 'node3', role: 'podVeth', direction: 'tx', tuple, nat: [tuple, tuple] },
      { node: 'node3', role: 'pod', direction: 'rx', tuple },
    ],
  };
}

function only(evidence: Evidence, where: Context = context) {
  const paths = reconstruct(evidence, where);
  expect(paths).toHaveLength(1);
  const path = pathSchema.parse(paths[0]);
  return path;
}

const shape = (path: ReturnType<typeof only>) =>
  path.hops.map((hop) => [
    hop.kind,
    hop.from.name ?? hop.from.ip,
    hop.to.name ?? hop.to.ip,
    hop.crossesNode,
    hop.extra,
  ]);

test('no evidence gives no path', () => {
  expect(reconstruct(evidenceOf(), context)).toEqual([]);
});

test('Cluster to a Pod on another node: two hops, SNAT named, the crossing is extra', () => {
  const path = only(evidenceOf(...legsOf(crossNode(1, '203.0.113.10:40000'))));
  expect(shape(path)).toEqual([
    ['network', '203.0.113.10', 'node3', true, false],
    ['nodeForward', 'node3', 'default/ingress-2', true, true],
  ]);
  expect(path).toMatchObject({
    outcome: 'served',
    crossings: 2,
    extraHops: 1,
    class: 'A',
    service: { namespace: 'default', name: 'ingress', port: 'http' },
    client: { ip: '203.0.113.10', port: 40000, source: 'socket' },
  });
  expect(path.hops[1]?.rewrite).toMatchObject({
    mechanism: 'snat',
    before: '203.0.113.10:40000',
    after: '192.168.50.13:19716',
    recoverable: false,
  });
  expect(path.hops[1]?.extraReason).toContain('node3 has no endpoint of default/ingress');
});

test('the round trip of a hop is the difference of two handshakes, not of two clocks', () => {
  const skewed = legsOf(crossNode(1, '203.0.113.10:40000', 30080, 2_000_000)).map((leg) =>
    leg.node === 'node2' ? { ...leg, startUs: leg.startUs - 5_000_000 } : leg,
  );
  const path = only(evidenceOf(...skewed));
  expect(path.hops[1]?.rtt).toMatchObject({
    valueNs: 4 * 2 * 2_000_000,
    method: 'handshakeDifference',
  });
  expect(path.hops[0]?.rtt).toMatchObject({ method: 'handshakeToClient', lowNs: 0 });
  expect(path.warnings.map((warning) => warning.code)).toContain('clocksDiffer');
});

test('Cluster to a Pod on the same node: one crossing, source still rewritten', () => {
  const path = only(
    evidenceOf(...legsOf(sameNode(1, '203.0.113.10:40000', 30080, '10.244.2.1:5555'))),
  );
  expect(shape(path)).toEqual([
    ['network', '203.0.113.10', 'node2', true, false],
    ['nodeForward', 'node2', 'default/ingress-2', false, false],
  ]);
  expect(path.crossings).toBe(1);
  expect(path.hops[1]?.rewrite?.after).toBe('10.244.2.1:5555');
});

test('Local with a Pod: the client address arrives unchanged', () => {
  const path = only(
    evidenceOf(...legsOf(sameNode(1, '203.0.113.10:40000', 30081, '203.0.113.10:40000'))),
  );
  expect(path.hops[1]?.rewrite).toBeNull();
  expect(path.extraHops).toBe(0);
});

const arrival = (node: string, tuple: string): TapSpec => ({
  node,
  role: 'uplink',
  direction: 'rx',
  tuple,
});

test('Local without a Pod: dropped, explained by the policy', () => {
  const tap = arrival('node3', '203.0.113.10:40000 > 192.168.50.13:30081');
  const path = only(
    evidenceOf(
      ...legsOf({ id: 1, isAnswered: false, taps: [tap] }),
      refusalOf(1, tap, { refusal: 'dropped', reason: 'NETFILTER_DROP', synCount: 2 }),
    ),
  );
  expect(path).toMatchObject({
    outcome: 'dropped',
    crossings: 1,
    refusal: { cause: 'noLocalEndpoints', node: 'node3', synCount: 2 },
    service: { name: 'ingress-local' },
  });
  expect(path.refusal?.text).toContain('there are some on node1, node2');
});

test('no endpoints: rejected, and a closed port: reset', () => {
  const noEndpoints = arrival('node1', '203.0.113.10:40000 > 192.168.50.11:30085');
  const closed = arrival('node1', '203.0.113.10:40001 > 192.168.50.11:30099');
  const paths = reconstruct(
    evidenceOf(
      ...legsOf({ id: 1, isAnswered: false, taps: [noEndpoints] }),
      refusalOf(1, noEndpoints, {
        refusal: 'rejected',
        evidence: 'icmp',
        icmpType: 3,
        icmpCode: 3,
      }),
      ...legsOf({ id: 2, isAnswered: false, taps: [closed] }),
      refusalOf(2, closed, { refusal: 'reset', evidence: 'rst' }),
    ),
    context,
  );
  const found = paths.map((path) => [path.outcome, path.refusal?.cause, path.hops[0]?.to.name]);
  expect(found.sort()).toEqual([
    ['rejected', 'noEndpoints', 'node1'],
    ['reset', 'closedPort', 'node1'],
  ]);
});

test('no endpoints and no ICMP answer seen: still that cause, and the silence is said', () => {
  const tap = arrival('node1', '203.0.113.10:40000 > 192.168.50.11:30085');
  const path = only(
    evidenceOf(
      ...legsOf({ id: 1, isAnswered: false, taps: [tap] }),
      refusalOf(1, tap, { reason: 'NETFILTER_DROP' }),
    ),
  );
  expect(path).toMatchObject({ outcome: 'dropped', refusal: { cause: 'noEndpoints' } });
  expect(path.refusal?.text).toContain('no ICMP answer was seen');
});

test('an app Pod that refuses the ingress is a path of its own: nothing was written that could link it', () => {
  const refused = toApp(2);
  const last = refused.taps.at(-1) as TapSpec;
  const path = only(
    evidenceOf(
      ...legsOf({ ...refused, isAnswered: false }),
      refusalOf(2, last, { refusal: 'reset', evidence: 'rst' }),
    ),
  );
  expect(path).toMatchObject({
    outcome: 'reset',
    refusal: { cause: 'endpointClosedPort', node: 'node3' },
  });
  expect(path.refusal?.text).toContain('default/app-3');
  expect(shape(path)).toEqual([
    ['network', '', 'default/ingress-2', null, false],
    ['proxy', 'default/ingress-2', 'default/app-3', true, true],
  ]);
  expect(path.hops[0]?.gap?.reason).toBe('causeNotSeen');
});

test('through the ingress: the thread link joins both connections into one path', () => {
  const path = only(
    evidenceOf(
      ...legsOf(crossNode(1, '203.0.113.10:40000')),
      ...legsOf(toApp(2)),
      linkOf('request', 2, 1, 1),
      linkOf('response', 1, 2, 2),
    ),
  );
  expect(shape(path)).toEqual([
    ['network', '203.0.113.10', 'node3', true, false],
    ['nodeForward', 'node3', 'default/ingress-2', true, true],
    ['proxy', 'default/ingress-2', 'default/app-3', true, true],
  ]);
  expect(path.crossings).toBe(3);
  expect(path.hops[2]?.rewrite).toMatchObject({
    mechanism: 'tcpProxy',
    before: '192.168.50.13:19716',
    after: '10.244.2.10:51000',
    recoverable: null,
  });
});

test('rules that disagree are decided by the rule whose two sides agree more often, or by nobody', () => {
  const inbound = [1, 3].flatMap((id) => legsOf(crossNode(id, `203.0.113.10:4000${id}`)));
  const open = evidenceOf(...inbound, ...legsOf(toApp(2)), linkOf('request', 2, 1, 3));
  const undecided = reconstruct(open, context);
  expect(undecided).toHaveLength(3);
  expect(undecided.flatMap((path) => path.warnings.map((warning) => warning.code))).toContain(
    'proxyLinkAmbiguous',
  );

  const withResponse = (...response: ReturnType<typeof linkOf>[]) =>
    reconstruct({ ...open, proxyLinks: [...open.proxyLinks, ...response] }, context)
      .map((path) => [path.client.port, path.hops.length])
      .sort();
  const byOldest = [
    [40001, 2],
    [40003, 3],
  ];
  const byLastRead = [
    [40001, 3],
    [40003, 2],
  ];
  expect(withResponse(linkOf('response', 3, null, 2))).toEqual(byOldest);
  expect(withResponse(linkOf('response', 1, 2, null))).toEqual(byLastRead);
  // A rule is not confirmed by the other rule's answer.
  expect(withResponse(linkOf('response', 3, 2, null))).toHaveLength(3);
});

/** So many requests of this process on which both sides agree that one side is enough. */
const regular = Array.from({ length: 20 }, (_, index) => [
  linkOf('request', 200 + index, 300 + index, 300 + index),
  linkOf('response', 300 + index, 200 + index, 200 + index),
]).flat();

test('a path that ends at the ingress is whole only if the ingress is known to have answered by itself', () => {
  const inbound = legsOf(crossNode(1, '203.0.113.10:40000'));
  const open = only(evidenceOf(...inbound));
  expect(open.completeness).toBeLessThan(1);
  expect(open.warnings.map((warning) => warning.code)).toEqual(['endsAtProxy']);

  // The proxy's response names an upstream burst that another request caused: this one it answered itself.
  const stale = [
    linkOf('request', 7, 8, 8),
    linkOf('response', 8, 7, 7),
    linkOf('response', 1, 7, null),
    ...regular,
  ];
  const closed = only(evidenceOf(...inbound, ...stale));
  expect([closed.completeness, closed.warnings]).toEqual([1, []]);
});

test('a response that names a burst whose cause stays open proves nothing', () => {
  const inbound = legsOf(crossNode(1, '203.0.113.10:40000'));
  const undecided = [linkOf('request', 7, 1, 8), linkOf('response', 1, 7, null)];
  const path = only(evidenceOf(...inbound, linkOf('request', 7, 1, 8)));
  expect(path.completeness).toBeLessThan(1);
  const twoNames = [linkOf('request', 7, 8, 8), linkOf('response', 1, 7, 9)];
  for (const links of [undecided, twoNames]) {
    expect(only(evidenceOf(...inbound, ...links)).completeness).toBeLessThan(1);
  }
});

test('a response link alone links nothing, and the path is not called whole for it', () => {
  const paths = reconstruct(
    evidenceOf(
      ...legsOf(crossNode(1, '203.0.113.10:40000')),
      ...legsOf(toApp(2)),
      linkOf('response', 1, 2, 2),
      ...regular,
    ),
    context,
  );
  expect(paths.map((path) => path.hops.length)).toEqual([2, 2]);
  expect(paths.every((path) => path.completeness < 1)).toBe(true);
});

test('a request link alone is believed of a regular process, one class lower, and not called whole', () => {
  const told = [
    ...legsOf(crossNode(1, '203.0.113.10:40000')),
    ...legsOf(toApp(2)),
    linkOf('request', 2, 1, 1),
  ];
  expect(reconstruct(evidenceOf(...told), context)).toHaveLength(2);
  const path = only(evidenceOf(...told, ...regular));
  expect([path.hops.length, path.hops[2]?.class]).toEqual([3, 'B']);
  // A record is missing, and with it what it might have denied.
  expect(path.completeness).toBeLessThan(1);
  expect(path.warnings.map((warning) => warning.code)).toEqual(['proxyLinkUnproven']);
});

test('SYNPROXY: two handshakes with one client sequence number and chained tuples are one connection', () => {
  // The proxy opens the second one once it has the client's ACK.
  const behind = (leg: Leg, sinceUs: number) => ({
    ...leg,
    isnPairHash: pairHashOf(99),
    serverIsnHash: pairHashOf(98),
    startUs: leg.startUs + sinceUs,
  });
  const legs = legsOf(crossNode(1, '203.0.113.10:40000'));
  const at = (sinceUs: number) =>
    evidenceOf(...legs.map((leg, index) => (index === 0 ? leg : behind(leg, sinceUs))));
  const path = only(at(90));
  expect(path.hops).toHaveLength(2);
  expect(path.class).toBe('B');
  expect(path.warnings.map((warning) => warning.code)).toContain('synproxy');
  // Before that it is somebody else's, whatever the numbers.
  expect(reconstruct(at(0), context)).toHaveLength(2);
});

test('a leg whose times refute the join is cut off, and neither part is believed', () => {
  const legs = legsOf(crossNode(1, '203.0.113.10:40000', 30080, 100_000));
  const stranger = legs.map((leg, index) =>
    index === 3 ? { ...leg, ackNs: (leg.synAckNs ?? 0) + 1000 } : leg,
  );
  const paths = reconstruct(evidenceOf(...stranger), context);
  expect(paths.map((path) => path.class)).toEqual(['D', 'D']);
  for (const path of paths) {
    expect(path.completeness).toBeLessThan(1);
    expect(path.warnings.map((warning) => warning.code)).toContain('impossibleTimes');
  }
});

test('the node that forwarded has no agent: its address is named as a gap, not as the client', () => {
  const legs = legsOf(crossNode(1, '203.0.113.10:40000')).filter((leg) => leg.node === 'node2');
  const path = only(evidenceOf(...legs));
  expect(path.client).toEqual({ ip: null, port: null, source: 'unknown' });
  expect(path.hops[0]).toMatchObject({
    class: 'M',
    to: { name: 'node3' },
    gap: { reason: 'agentAbsent' },
  });
  expect(path.completeness).toBeLessThan(1);
});

test('a load balancer without PROXY header: its client is a named gap, not a guess', () => {
  const path = only(evidenceOf(...legsOf(crossNode(1, '192.168.50.5:33000'))));
  expect(path.client).toEqual({ ip: null, port: null, source: 'unknown' });
  expect(
    path.hops.map((hop) => [hop.kind, hop.from.role, hop.to.role, hop.class, hop.crossesNode]),
  ).toEqual([
    ['network', 'client', 'load-balancer', 'M', null],
    ['proxy', 'load-balancer', 'node', 'A', true],
    ['nodeForward', 'node', 'ingress', 'A', true],
  ]);
  expect(path.hops[1]?.rewrite).toMatchObject({
    mechanism: 'unknown',
    before: 'unknown',
    recoverable: null,
  });
  expect(path.hops[0]?.gap?.reason).toBe('outsideCluster');
  expect(path.completeness).toBeCloseTo(2 / 4);
  expect(path.warnings.map((warning) => warning.code)).toContain('clientLost');
});

test('a load balancer with PROXY header: the client is known by the header and stays recoverable', () => {
  const path = only(
    evidenceOf(
      ...legsOf(crossNode(1, '192.168.50.5:33000')),
      headerOf(1, '203.0.113.10:47138 > 203.0.113.2:8041'),
    ),
  );
  expect(path.client).toEqual({ ip: '203.0.113.10', port: 47138, source: 'proxyProtocol' });
  expect(path.hops[0]).toMatchObject({
    from: { ip: '203.0.113.10', observed: false },
    crossesNode: true,
    class: 'B',
  });
  expect(path.hops[1]?.rewrite).toMatchObject({
    mechanism: 'proxyProtocol',
    before: '203.0.113.10:47138',
    recoverable: true,
  });
  expect(path.hops[2]?.rewrite).toMatchObject({ mechanism: 'snat', recoverable: true });
});

test('a node that was not seen leaves a gap, and no times are invented for it', () => {
  const legs = legsOf(crossNode(1, '203.0.113.10:40000')).filter((leg) => leg.node === 'node3');
  const path = only(evidenceOf(...legs));
  expect(path.hops[1]).toMatchObject({
    to: { name: 'default/ingress-2', node: 'node2', observed: false },
    crossesNode: true,
    rtt: { method: 'handshakeToServer' },
    times: { synNs: null, clock: null },
  });
});

test('joins that disagree lower the class and say so', () => {
  const legs = legsOf(crossNode(1, '203.0.113.10:40000')).map((leg) =>
    leg.node === 'node2'
      ? { ...leg, tuple: { ...leg.tuple, src: { ip: '192.168.50.13', port: 1 } } }
      : leg,
  );
  const path = only(evidenceOf(...legs));
  expect(path.class).toBe('D');
  expect(path.warnings.map((warning) => warning.code)).toContain('joinDisagrees');
});

test('two connections with one tuple, reused, never mix', () => {
  const paths = reconstruct(
    evidenceOf(
      ...legsOf(crossNode(1, '203.0.113.10:40000')),
      ...legsOf(crossNode(2, '203.0.113.10:40000')),
    ),
    context,
  );
  expect(paths.map((path) => [path.hops.length, path.class])).toEqual([
    [2, 'A'],
    [2, 'A'],
  ]);
});

const everything = evidenceOf(
  ...legsOf(crossNode(1, '203.0.113.10:40000')),
  ...legsOf(toApp(2)),
  linkOf('request', 2, 1, 1),
  linkOf('response', 1, 2, 2),
  ...legsOf(sameNode(4, '192.168.50.5:33001', 30080, '10.244.2.1:5556')),
  headerOf(4, '203.0.113.11:47138 > 203.0.113.2:8041'),
);

test('arrival order, duplicates and older revisions change nothing, and the input is left alone', () => {
  const expected = reconstruct(everything, context);
  const frozen = structuredClone(everything);
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat(1000)), (stream) => {
      const shuffle = <T>(list: readonly T[]) =>
        [...list, ...list.slice(0, 2)]
          .map((value) => ({ value, rank: stream.next().value as number }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ value }) => value);
      const mixed: Evidence = {
        legs: shuffle(everything.legs),
        refusals: shuffle(everything.refusals),
        proxyLinks: shuffle(everything.proxyLinks),
        proxyHeaders: shuffle(everything.proxyHeaders),
      };
      expect(reconstruct(mixed, context)).toEqual(expected);
    }),
    { numRuns: 200 },
  );
  expect(everything).toEqual(frozen);
});

test('a lost agent never adds a link: what remains leads nowhere that the whole did not', () => {
  const target = (hop: Hop) => formatEndpoint(hop.to);
  const known = new Set(reconstruct(everything, context).flatMap((path) => path.hops.map(target)));
  for (const node of ['node2', 'node3']) {
    const kept = <T extends { node: string }>(list: readonly T[]) =>
      list.filter((record) => record.node !== node);
    const paths = reconstruct(
      {
        legs: kept(everything.legs),
        refusals: [],
        proxyLinks: kept(everything.proxyLinks),
        proxyHeaders: kept(everything.proxyHeaders),
      },
      context,
    );
    expect(paths.length).toBeGreaterThan(0);
    for (const hop of paths.flatMap((path) => path.hops)) {
      if (hop.class !== 'M') expect(known).toContain(target(hop));
      else expect(hop.gap).toBeTruthy();
    }
    const reachesApp = (path: Path) => path.hops.some((hop) => hop.to.role === 'app');
    const linked = paths.filter((path) => path.client.ip !== null && reachesApp(path));
    if (node === 'node2') expect(linked).toEqual([]);
  }
});
