import { expect, test } from '@jest/globals';
import type { Hop } from '../rest/path.ts';
import { type ConnectionSpec, clusterOf, evidenceOf, legsOf, linkOf } from './builders.ts';
import type { Exchange } from './evidence.ts';
import { exchangesOf } from './exchangeBuilders.ts';
import { reconstruct } from './reconstruct.ts';

const context = clusterOf([
  { name: 'ingress', nodePort: 30080, endpoints: ['10.244.2.10:80@node2'] },
  { name: 'app', nodePort: 30090, endpoints: ['10.244.3.20:8080@node3'] },
]);

/*
 *  client ──► node3 eth0 │ NAT ──► node2 eth0 ──► ingress Pod ──► Pod eth0 ──► node2 eth0 ──► node3 ──► app Pod
 *                    (inbound, 1)                                        (outbound, 2)
 */
const nat = [
  '203.0.113.10:40000 > 192.168.50.13:30080',
  '192.168.50.13:19716 > 10.244.2.10:80',
] as const;
const inbound: ConnectionSpec = {
  id: 1,
  taps: [
    { node: 'node3', role: 'uplink', direction: 'rx', tuple: nat[0], nat },
    { node: 'node3', role: 'uplink', direction: 'tx', tuple: nat[1], nat },
    { node: 'node2', role: 'uplink', direction: 'rx', tuple: nat[1] },
    { node: 'node2', role: 'pod', direction: 'rx', tuple: nat[1] },
  ],
};
const onward = '10.244.2.10:51000 > 10.244.3.20:8080';
const outbound: ConnectionSpec = {
  id: 2,
  taps: [
    { node: 'node2', role: 'pod', direction: 'tx', tuple: onward },
    { node: 'node2', role: 'uplink', direction: 'tx', tuple: onward },
    { node: 'node3', role: 'uplink', direction: 'rx', tuple: onward },
    { node: 'node3', role: 'pod', direction: 'rx', tuple: onward },
  ],
};
const legs = [...legsOf(inbound), ...legsOf(outbound)];
const links = [linkOf('request', 2, 1, 1), linkOf('response', 1, 2, 2)];
/** Read at 1 ms, sent on 100 µs later; the app takes 1 ms; passed back after 200 µs more. */
const into = exchangesOf(inbound, { atNs: 1_000_000, workNs: 1_360_000 });
const out = exchangesOf(outbound, { atNs: 1_130_000, workNs: 1_000_000 });

const hopsWith = (...records: Parameters<typeof evidenceOf>): readonly Hop[] =>
  reconstruct(evidenceOf(...legs, ...records), context).flatMap((path) => path.hops);

const TWO_TAPS_NS = 1800;

test('the cost of a request on a segment is the difference of two waits, with its bound', () => {
  const hops = hopsWith(...links, ...into, ...out);
  const forward = hops.find((hop) => hop.kind === 'nodeForward');
  // Three taps on, 10 µs each, both ways.
  expect(forward?.requestCost).toMatchObject({ valueNs: 60_000, scope: 'request', burst: 1 });
  const [low, high] = [forward?.requestCost?.lowNs ?? 0, forward?.requestCost?.highNs ?? 0];
  expect(60_000 - low).toBeGreaterThanOrEqual(TWO_TAPS_NS);
  expect(high - 60_000).toBeGreaterThanOrEqual(TWO_TAPS_NS);
  // Two machines: 50 ppm of both waits on top.
  expect(high - low).toBeLessThan(2 * (TWO_TAPS_NS + 150));
});

test("a proxy's own time is what its response took longer than that of its upstream, on one clock", () => {
  const proxy = hopsWith(...links, ...into, ...out).find((hop) => hop.kind === 'proxy');
  // 1.36 ms in front of it, 1 ms at the app and six times 10 µs to it and back behind it.
  expect(proxy?.proxyTime).toMatchObject({ valueNs: 300_000, scope: 'request', burst: 1 });
  expect((proxy?.proxyTime?.highNs ?? 0) - (proxy?.proxyTime?.lowNs ?? 0)).toBeLessThan(3700);
});

test('a tap without a stamp gives no time, and no exchanges give no field', () => {
  const blind = into.map((each): Exchange => ({ ...each, responseFirstNs: null }));
  const hops = hopsWith(...links, ...blind, ...out);
  expect(hops.find((hop) => hop.kind === 'nodeForward')).not.toHaveProperty('requestCost');
  expect(hops.find((hop) => hop.kind === 'proxy')).not.toHaveProperty('proxyTime');
  expect(hopsWith(...links).every((hop) => !('requestCost' in hop))).toBe(true);
});

test('taps that did not see the same last byte of the request are not compared', () => {
  const cut = into.map((each, index) => (index === 3 ? { ...each, requestBytes: 150 } : each));
  const hops = hopsWith(...links, ...cut, ...out);
  expect(hops.find((hop) => hop.kind === 'nodeForward')).not.toHaveProperty('requestCost');
});

test('a proxy whose upstream answered before the request was whole gets no time', () => {
  const late = into.map((each) => ({
    ...each,
    requestLastNs: (each.requestLastNs ?? 0) + 500_000,
  }));
  const hops = hopsWith(...links, ...late, ...out);
  expect(hops.find((hop) => hop.kind === 'proxy')).not.toHaveProperty('proxyTime');
});

test('several requests on a connection: the one that the proxy link names, else all of them', () => {
  const second = exchangesOf(inbound, {
    atNs: 5_000_000,
    workNs: 900_000,
    burst: 2,
    stepNs: 20_000,
  });
  const named = hopsWith(...links, ...into, ...second, ...out);
  expect(named.find((hop) => hop.kind === 'nodeForward')?.requestCost).toMatchObject({
    valueNs: 60_000,
    scope: 'request',
    burst: 1,
    requests: 1,
  });
  const open = hopsWith(...into, ...second);
  expect(open.find((hop) => hop.kind === 'nodeForward')?.requestCost).toMatchObject({
    valueNs: 60_000,
    scope: 'connection',
    burst: null,
    requests: 2,
  });
  const cost = open.find((hop) => hop.kind === 'nodeForward')?.requestCost;
  expect(cost?.highNs).toBeGreaterThan(120_000);
});

test('a wait that is far longer nearer to the server is a contradiction, not a cost', () => {
  const wrong = into.map((each, index) =>
    index === 0 ? { ...each, responseFirstNs: (each.responseFirstNs ?? 0) - 400_000 } : each,
  );
  const [path] = reconstruct(evidenceOf(...legs, ...links, ...wrong, ...out), context);
  expect(path?.hops.find((hop) => hop.kind === 'nodeForward')).not.toHaveProperty('requestCost');
  expect(path?.warnings.map(({ code }) => code)).toContain('impossibleTimes');
});

test("a proxy that was not seen at its own interface gets no time: the way to it would be counted as the proxy's", () => {
  const seen = [...legs, ...into, ...out].filter(
    ({ node, tap }) => node !== 'node2' || tap.role !== 'pod',
  );
  const hops = reconstruct(evidenceOf(...seen, ...links), context).flatMap((path) => path.hops);
  const proxy = hops.find((hop) => hop.kind === 'proxy');
  expect(proxy).toBeDefined();
  expect(proxy).not.toHaveProperty('proxyTime');
});
