import { expect, test } from '@jest/globals';
import { check, service, slice, version } from './builders.ts';
import { type RefusedAttempt, sendingOf } from './sending.ts';

const S = 1_000_000;
const T = 1_790_000_000 * S;
const LB = '192.0.2.50';
const port = { namespace: 'shop', name: 'web', port: 'http' };
const balanced = service({}, { annotations: { 'hoptrace/load-balancer-addresses': LB } });
const here = { node: 'node1', ip: '10.0.1.1' };
const there = { node: 'node2', ip: '10.0.2.1' };

/** The endpoint of node1 leaves at T, its check fails 1.5 s later. */
const history = (object = balanced) => ({
  services: [version(object, T - 900 * S)],
  slices: [version(slice([here, there]), T - 900 * S, T), version(slice([there]), T)],
  checks: [
    version(check('healthy'), T - 900 * S, T + 1.5 * S, { earliestToUs: T - 0.5 * S }),
    version(check('unhealthy'), T + 1.5 * S, Number.POSITIVE_INFINITY, {
      earliestToUs: T + 60 * S,
    }),
  ],
});
const attempt = (seconds: number, more: Partial<RefusedAttempt> = {}): RefusedAttempt => ({
  startedAtUs: T + seconds * S,
  clientIp: `203.0.113.${Math.floor(seconds)}`,
  sender: { ip: LB, isLoadBalancer: true },
  destinationIp: '198.51.100.11',
  ...more,
});
const sent = (attempts: readonly RefusedAttempt[], more: object = {}) =>
  sendingOf({ service: port, node: 'node1', attempts, history: history(), ...more });

test('one sentence: who kept sending where, for how long, how many it hit, and what the check said', () => {
  const found = sent([attempt(18), attempt(2), attempt(7.25), attempt(7.5)]);
  expect(found).toMatchObject({
    ...{ verdict: 'checkFailed', isByLoadBalancer: true, node: 'node1', isFromExact: true },
    ...{ fromUs: T, toUs: T + 18 * S, durationUs: 18 * S, unservedFromUs: T },
    ...{ failingFromUs: T + 1.5 * S, attempts: 4, clients: 3, attemptsWithoutClient: 0 },
  });
  expect(found?.text).toBe(
    `The load balancer ${LB} kept sending to node1 without a local endpoint of shop/web for 18 s: 3 clients hit it (4 attempts). Its health check (port 32000) failed for the last 17 s of these.`,
  );
  expect(found?.remedy).toContain('32000/healthz');
  expect(found?.health.map(({ observed, expected }) => [observed, expected])).toEqual([
    ['unknown', 'unhealthy'],
    ['unhealthy', 'unhealthy'],
  ]);
});

test('whoever dials the node itself is not counted as sent by the load balancer', () => {
  const direct = attempt(5, { sender: { ip: '203.0.113.9', isLoadBalancer: false } });
  expect(sent([attempt(3), direct])).toMatchObject({ attempts: 1, toUs: T + 3 * S });
  expect(sent([direct])).toBeNull();
});

test('packets to the address of the load balancer came through it', () => {
  const virtual = service({}, { ingress: [{ ip: '198.51.100.200' }] });
  const passed = attempt(5, {
    ...{ sender: { ip: '203.0.113.9', isLoadBalancer: false }, destinationIp: '198.51.100.200' },
  });
  expect(sent([passed], { history: history(virtual) })).toMatchObject({ isByLoadBalancer: true });
});

test('one that keeps the address of clients: who sent is not known, and that is said', () => {
  const kept = service({}, { ingress: [{ hostname: 'lb.example' }] });
  const found = sent([attempt(5, { sender: { ip: '203.0.113.9', isLoadBalancer: false } })], {
    history: history(kept),
  });
  expect(found).toMatchObject({ isByLoadBalancer: null, attempts: 1, clients: 1 });
  expect(found?.text).toContain('or clients that dial the node themselves');
});

test('clients that were not seen are not guessed', () => {
  const blind = attempt(5, { clientIp: LB });
  expect(sent([blind])).toMatchObject({ clients: null, attemptsWithoutClient: 1 });
  const some = sent([blind, attempt(6)]);
  expect(some).toMatchObject({ clients: 1, attemptsWithoutClient: 1 });
  expect(some?.text).toContain('at least 1 client hit it');
});

test('a check that nobody heard is not known; one that said healthy is told; a NodePort has none', () => {
  const unheard = { ...history(), checks: [] };
  expect(sent([attempt(5)], { history: unheard })).toMatchObject({ verdict: 'checkNotSeen' });
  const healthy = { ...unheard, checks: [version(check('healthy'), T - 900 * S)] };
  expect(sent([attempt(5)], { history: healthy })).toMatchObject({ verdict: 'checkSaidHealthy' });
  const nodePort = service(
    { type: 'NodePort', healthCheckNodePort: undefined },
    { annotations: { 'hoptrace/load-balancer-addresses': LB } },
  );
  const none = { ...history(nodePort), checks: [] };
  expect(sent([attempt(5)], { history: none })).toMatchObject({ verdict: 'noCheck' });
});

test('a node that never had an endpoint: counted from the first attempt, and since when is not known', () => {
  const never = { ...history(), slices: [version(slice([there]), T - 900 * S)] };
  expect(sent([attempt(100), attempt(104)], { history: never })).toMatchObject({
    ...{ fromUs: T + 100 * S, durationUs: 4 * S, isFromExact: false, unservedFromUs: null },
  });
});

test('nothing is said where the node had an endpoint, or no load balancer is known', () => {
  const served = { ...history(), slices: [version(slice([here]), T - 900 * S)] };
  expect(sent([attempt(5)], { history: served })).toBeNull();
  const plain = history(service({ type: 'NodePort' }));
  expect(sent([attempt(5)], { history: plain })).toBeNull();
});

test('duration, attempts and clients are the same in whatever order attempts come, and never more than there were', () => {
  let random = 7;
  const next = (below: number) => {
    random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
    return random % below;
  };
  for (let round = 0; round < 100; round += 1) {
    const attempts = Array.from({ length: 1 + next(20) }, () => attempt(1 + next(40)));
    const found = sent(attempts);
    const shuffled = sent([...attempts].sort(() => next(3) - 1));
    expect(shuffled).toEqual(found);
    const last = Math.max(...attempts.map(({ startedAtUs }) => startedAtUs));
    expect(found?.durationUs).toBe(last - T);
    expect(found?.clients).toBe(new Set(attempts.map(({ clientIp }) => clientIp)).size);
  }
});
