import { expect, test } from '@jest/globals';
import {
  type ConnectionSpec,
  clusterOf,
  evidenceOf,
  headerOf,
  legsOf,
} from '../reconstruct/builders.ts';
import type { Context, ProxyHeader } from '../reconstruct/evidence.ts';
import type { Topology } from '../topology/topology.ts';
import {
  atBalancer,
  C,
  claim,
  context,
  crossNode,
  judge,
  LB,
  linked,
  plain,
  sameNode,
  seenBy,
  tap,
  toApp,
  watched,
} from './builders.ts';
import { sourceVerdictOf } from './sourceVerdict.ts';

test('T01: NodePort, Cluster, Pod elsewhere: the node rewrites', () => {
  const verdict = judge(evidenceOf(...legsOf(crossNode(1, `${C}:40000`))));
  expect(verdict).toMatchObject({ scenario: 'rewrittenByCluster', believable: true });
  expect(verdict.text).toContain('kube-proxy on node3 masquerades');
  expect(verdict.remedy).toContain('externalTrafficPolicy: Local on default/ingress');
  expect(seenBy(verdict)).toEqual([
    [`node3 ${C}:40000`, true, true],
    ['default/ingress-2 192.168.50.13:19716', false, false],
  ]);
});

test('a node that still masquerades near a change to Local is not said to defy the policy', () => {
  const legs = legsOf(sameNode(1, `${C}:40000`, 30081, '10.244.2.1:5555'));
  const steady = judge(evidenceOf(...legs));
  expect(steady.text).toContain('although default/ingress-local has externalTrafficPolicy: Local');
  expect(steady.remedy).toBe('Put a load balancer in front that sends the PROXY protocol.');
  const changes = [{ subject: 'Service default/ingress-local', earliestUs: 0, latestUs: 0 }];
  const before = {
    ...context.topology,
    services: context.topology.services.map((each) => ({
      ...each,
      externalTrafficPolicy: 'Cluster' as const,
    })),
  };
  const near = (asOf: () => Topology) => ({
    ...context,
    topology: { ...context.topology, changes, asOf },
  });
  // Its endpoints may have changed: then it does defy the policy.
  expect(
    judge(
      evidenceOf(...legs),
      near(() => context.topology),
    ),
  ).toEqual(steady);
  const verdict = judge(
    evidenceOf(...legs),
    near(() => before),
  );
  expect(verdict).toMatchObject({ scenario: 'rewrittenByCluster', believable: true });
  expect(verdict.text).toContain('masquerades as under externalTrafficPolicy: Cluster');
  expect(verdict.text).toContain('nodes apply changes at different times');
  expect(verdict.remedy).toContain('if it is over within seconds');
});

test('T02: Cluster, Pod on the entry node: rewritten all the same', () => {
  const legs = legsOf(sameNode(1, `${C}:40000`, 30080, '10.244.2.1:5555'));
  expect(judge(evidenceOf(...legs))).toMatchObject({ scenario: 'rewrittenByCluster' });
});

test('T03: Local keeps the client', () => {
  const legs = legsOf(sameNode(1, `${C}:40000`, 30081, `${C}:40000`));
  const verdict = judge(evidenceOf(...legs));
  expect(verdict).toMatchObject({ scenario: 'preservedByLocal', believable: true, remedy: '' });
  expect(verdict.text).toBe(
    `default/ingress-2 sees the client's own address, ${C}: externalTrafficPolicy: Local of default/ingress-local keeps it.`,
  );
  expect(seenBy(verdict).at(-1)).toEqual([`default/ingress-2 ${C}:40000`, true, true]);
});

test.each([
  ['T15 hostPort', sameNode(1, `${C}:40000`, 8000, `${C}:40000`)],
  ['T17 hostNetwork', plain(1, 'node2', 'uplink', `${C}:40000 > 192.168.50.12:80`)],
  ['T50 Pod to ClusterIP', plain(1, 'node3', 'pod', '10.244.1.20:4000 > 10.244.3.20:8080')],
  ['T65 Cilium, Pod on the entry node', plain(1, 'node2', 'pod', `${C}:40000 > 10.244.2.10:80`)],
])('%s: direct', (_, spec) => {
  expect(judge(evidenceOf(...legsOf(spec)))).toMatchObject({
    scenario: 'direct',
    believable: true,
    clientSeenBy: expect.arrayContaining([expect.objectContaining({ isClient: true })]),
  });
});

test('a SYN that nobody answered proves no address', () => {
  const legs = legsOf({
    ...plain(1, 'node3', 'uplink', `${C}:4 > 192.168.50.13:30081`),
    isAnswered: false,
  });
  const verdict = judge(evidenceOf(...legs));
  expect(verdict).toMatchObject({ scenario: 'direct', believable: null });
  expect(verdict.text).toContain('No handshake was completed');
});

test('T64: rewritten without conntrack, seen by what arrives', () => {
  const spec = crossNode(1, `${C}:40000`);
  const taps = spec.taps.map(({ nat: _, ...rest }) => rest);
  const verdict = judge(evidenceOf(...legsOf({ ...spec, taps })));
  expect(verdict.scenario).toBe('rewrittenByCluster');
  expect(verdict.text).toContain('no conntrack entry says by which rule');
  const strange = taps.map((each) => ({
    ...each,
    tuple: each.tuple.replace('192.168.50.13:19716', '198.51.100.9:7'),
  }));
  const byOthers = judge(evidenceOf(...legsOf({ ...spec, taps: strange })));
  expect(byOthers).toMatchObject({ scenario: 'unknown' });
  expect(byOthers.text).toContain('198.51.100.9');
});

test('T51: a Pod that is sent back to itself is no matter of externalTrafficPolicy', () => {
  const nat = ['10.244.2.10:4000 > 10.96.0.9:80', '10.244.2.1:5555 > 10.244.2.10:80'] as const;
  const hairpin: ConnectionSpec = {
    id: 1,
    taps: [
      { ...tap('node2', 'podVeth', 'rx'), tuple: nat[0], nat },
      { ...tap('node2', 'podVeth', 'tx'), tuple: nat[1], nat },
    ],
  };
  const pod = clusterOf([]);
  const app: Context = {
    ...context,
    topology: {
      ...context.topology,
      podByIp: new Map(
        [...pod.topology.podByIp].map(([ip, each]) => [ip, { ...each, isIngress: false }]),
      ),
    },
  };
  const verdict = judge(evidenceOf(...legsOf(hairpin)), app);
  expect(verdict.scenario).toBe('rewrittenByCluster');
  expect(verdict.text).toContain('hairpin');
  expect(verdict.remedy).toContain('A Pod keeps its address');
});

test('T60: a Pod that dials the NodePort of another node arrives with the address of its own', () => {
  const out = [
    '10.244.1.20:4000 > 192.168.50.12:30081',
    '192.168.50.11:6000 > 192.168.50.12:30081',
  ] as const;
  const entered = [out[1], '192.168.50.11:6000 > 10.244.2.10:80'] as const;
  const spec: ConnectionSpec = {
    id: 1,
    taps: [
      { ...tap('node1', 'pod', 'tx'), tuple: out[0] },
      { ...tap('node1', 'uplink', 'tx'), tuple: out[1], nat: out },
      { ...tap('node2', 'uplink', 'rx'), tuple: entered[0], nat: entered },
      { ...tap('node2', 'pod', 'rx'), tuple: entered[1] },
    ],
  };
  const verdict = judge(evidenceOf(...legsOf(spec)));
  expect(verdict).toMatchObject({ scenario: 'rewrittenByCluster', believable: true });
  expect(verdict.remedy).toContain('A Pod keeps its address');
  expect(seenBy(verdict).map(([seen]) => seen)).toEqual([
    'node2 192.168.50.11:6000',
    'default/ingress-2 192.168.50.11:6000',
  ]);
});

test('T30, T31: an observed load balancer that does SNAT is the one that loses the client', () => {
  const atEdge = [`${C}:47138 > 203.0.113.2:8041`, `${LB}:33000 > 192.168.50.12:30081`] as const;
  const atNode = [atEdge[1], `${LB}:33000 > 10.244.2.10:80`] as const;
  const spec: ConnectionSpec = {
    id: 1,
    taps: [
      { ...tap('edge', 'uplink', 'rx'), tuple: atEdge[0], nat: atEdge },
      { ...tap('edge', 'uplink', 'tx'), tuple: atEdge[1], nat: atEdge },
      { ...tap('node2', 'uplink', 'rx'), tuple: atNode[0], nat: atNode },
      { ...tap('node2', 'pod', 'rx'), tuple: atNode[1] },
    ],
  };
  const verdict = judge(evidenceOf(...legsOf(spec)), watched);
  expect(verdict).toMatchObject({ scenario: 'tcpLbWithoutProxy', believable: true });
  expect(verdict.text).toContain(`The client is ${C}`);
  expect(verdict.text).toContain('rewrites the source');
  expect(seenBy(verdict)).toEqual([
    [`edge ${C}:47138`, true, true],
    [`node2 ${LB}:33000`, false, false],
    [`default/ingress-2 ${LB}:33000`, false, false],
  ]);
});

test('T38: a load balancer that nobody watches and that sends no header', () => {
  const verdict = judge(evidenceOf(...legsOf(crossNode(1, `${LB}:33000`))));
  expect(verdict).toMatchObject({ scenario: 'tcpLbWithoutProxy', believable: null });
  expect(verdict.text).toContain('node3 rewrote it again. Who the client is, nobody saw.');
  expect(seenBy(verdict)).toEqual([
    ['load balancer null', null, null],
    [`node3 ${LB}:33000`, false, null],
    ['default/ingress-2 192.168.50.13:19716', false, null],
  ]);
});

test('T39: Local keeps the load balancer, not the client; watched, the client is known to us alone', () => {
  const verdict = judge(
    evidenceOf(
      ...atBalancer(1),
      ...legsOf(sameNode(2, `${LB}:33000`, 30081, `${LB}:33000`)),
      ...linked(2, 1),
    ),
    watched,
  );
  expect(verdict).toMatchObject({ scenario: 'tcpLbWithoutProxy', believable: true });
  expect(verdict.text).toContain(`The client is ${C}.`);
  expect(verdict.remedy).toContain('externalTrafficPolicy: Local alone would keep');
  expect(seenBy(verdict).at(-1)).toEqual([`default/ingress-2 ${LB}:33000`, false, null]);
});

test('T40: nothing was sent, so whether a header would have come is not known', () => {
  const legs = legsOf({
    ...plain(1, 'node3', 'uplink', `${LB}:33000 > 192.168.50.13:30081`),
    isAnswered: false,
  });
  const verdict = judge(evidenceOf(...legs));
  expect(verdict).toMatchObject({ scenario: 'unknown', believable: null });
  expect(verdict.text).toContain('sent nothing before the connection ended');
});

test('T41: PROXY header behind SNAT: the client is known, and that the sender cannot be checked is said', () => {
  const verdict = judge(evidenceOf(...legsOf(crossNode(1, `${LB}:33000`)), headerOf(1, claim)));
  expect(verdict).toMatchObject({ scenario: 'proxyProtocol', believable: true });
  expect(verdict.text).toContain(`PROXY v2 header, which names ${C}`);
  expect(verdict.text).toContain('cannot tell load balancer (192.168.50.5) from anybody else');
  expect(verdict.remedy).toContain('Let nobody but the load balancer reach the NodePort');
  expect(seenBy(verdict)).toEqual([
    [`load balancer ${C}:47138`, true, true],
    [`node3 ${LB}:33000`, false, true],
    ['default/ingress-2 192.168.50.13:19716', false, true],
  ]);
});

test('T42, T46: PROXY header under Local, watched load balancer: seen to be true', () => {
  const verdict = judge(
    evidenceOf(
      ...atBalancer(1),
      ...legsOf(sameNode(2, `${LB}:33000`, 30081, `${LB}:33000`)),
      headerOf(2, claim),
    ),
    watched,
  );
  expect(verdict).toMatchObject({ scenario: 'proxyProtocol', believable: true, remedy: '' });
  expect(verdict.text).toContain("an agent saw that client's connection arrive at edge");
});

test('T49: the app Pod sees the ingress; whether a header tells more, nobody read', () => {
  const verdict = judge(
    evidenceOf(
      ...legsOf(sameNode(1, `${C}:4`, 30081, `${C}:4`)),
      ...legsOf(toApp(2)),
      ...linked(2, 1),
    ),
  );
  expect(verdict.scenario).toBe('preservedByLocal');
  expect(seenBy(verdict).at(-1)).toEqual(['default/app-3 10.244.2.10:51000', false, null]);
});

const headerWith = (fields: Partial<ProxyHeader>) => ({ ...headerOf(1, null), ...fields });

test('LOCAL: the load balancer speaks for itself', () => {
  const legs = legsOf(sameNode(1, `${LB}:33000`, 30081, `${LB}:33000`));
  const verdict = judge(evidenceOf(...legs, headerWith({ command: 'local' })));
  expect(verdict.scenario).toBe('preservedByLocal');
  expect(seenBy(verdict).at(-1)).toEqual([`default/ingress-2 ${LB}:33000`, true, true]);
  const health = legsOf(plain(1, 'node2', 'uplink', `${LB}:33000 > 192.168.50.12:80`));
  const direct = judge(evidenceOf(...health, headerWith({ command: 'local' })));
  expect(direct.scenario).toBe('direct');
  expect(direct.text).toContain('as health checks do');
});

test('a header that names nobody leaves the client unknown', () => {
  const legs = legsOf(sameNode(1, `${LB}:33000`, 30081, `${LB}:33000`));
  const verdict = judge(evidenceOf(...legs, headerOf(1, null)));
  expect(verdict).toMatchObject({ scenario: 'unknown', believable: null });
  expect(verdict.text).toContain('names no client');
});

test('a node whose agent is missing: whose connection it was is not known', () => {
  const legs = legsOf(crossNode(1, `${C}:40000`)).filter((leg) => leg.node === 'node2');
  const verdict = judge(evidenceOf(...legs));
  expect(verdict).toMatchObject({ scenario: 'unknown', believable: null });
  expect(verdict.text).toContain('node3');
  expect(seenBy(verdict).at(-1)?.[1]).toBeNull();
});

test('an ingress whose cause was not seen: unknown', () => {
  expect(judge(evidenceOf(...legsOf(toApp(1))))).toMatchObject({ scenario: 'unknown' });
});

test('IPv6, with a header behind SNAT', () => {
  const six = (ip: string, port: number) => ({ ip, port });
  const client = six('2001:db8::10', 47138);
  const legs = legsOf(sameNode(1, `${LB}:33000`, 30081, '10.244.2.1:5')).map((leg) => ({ ...leg }));
  const header: ProxyHeader = {
    ...headerOf(1, claim),
    claimed: { src: client, dst: six('2001:db8::2', 443) },
  };
  const verdict = judge(evidenceOf(...legs, header));
  expect(verdict).toMatchObject({ scenario: 'proxyProtocol', believable: true });
  expect(verdict.clientSeenBy[0]).toMatchObject({ sees: '[2001:db8::10]:47138', isClient: true });
});

test('no hops, no verdict', () => {
  expect(sourceVerdictOf({ hops: [], arrivals: [], headers: [], context })).toBeNull();
});

test('SNAT under Local, or without a Service, is not laid at the door of kube-proxy', () => {
  const causeOf = (port: number) =>
    judge(evidenceOf(...legsOf(sameNode(1, `${C}:4`, port, '10.244.2.1:5')))).text;
  expect(causeOf(30081)).toContain(
    'although default/ingress-local has externalTrafficPolicy: Local',
  );
  expect(causeOf(8000)).toContain('no Service of the topology explains why');
});
