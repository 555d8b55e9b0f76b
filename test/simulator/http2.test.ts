import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import { drawPlan, type WorldPlan } from './plan.ts';
import { simulate, type World } from './world.ts';

type ProxyLink = Extract<Sourced, { kind: 'proxyLink' }>;

/** Nothing is lost, nobody is refused, no load balancer, every client speaks HTTP/2 to nginx. */
function worldOf(changes: Partial<WorldPlan> = {}): World {
  const plan = drawPlan(2, 'calm');
  return simulate({
    ...plan,
    ...{ clients: 60, balancer: 'none', refusalShare: 0, floodSyns: 0, maxRequests: 4 },
    ...{ hasSynproxy: false, hasIsnFirewall: false, upstreamRefusalShare: 0 },
    proxy: { ...plan.proxy, model: 'lastRead', localShare: 0, slowBodyShare: 0 },
    http2: { share: 1, hasUpstreams: false },
    ...changes,
  });
}

const linksOf = ({ records }: World, side: ProxyLink['side']) =>
  records.filter((each): each is ProxyLink => each.kind === 'proxyLink' && each.side === side);

/** Of the links that name a client by this rule, the share in which it is the right one. */
function shareRight(world: World, rule: 'lastRead' | 'oldest'): number {
  const idOf = new Map(
    [...world.truth.connections.values()].map((each) => [each.pairHash, each.id]),
  );
  const said = linksOf(world, 'request').flatMap(({ subject, [rule]: client }) =>
    client === null ? [] : [[idOf.get(client.isnPairHash), idOf.get(subject.isnPairHash)]],
  );
  const right = said.filter(([from, to]) => world.truth.isLinked(from ?? -1, to ?? -1));
  return right.length / said.length;
}

test('every conversation comes to its end, and a client with several requests is several paths', () => {
  const { truth } = worldOf();
  const clients = [...truth.connections.values()].filter(
    ({ route }) => route.stops[0]?.machine === 'client',
  );
  expect(clients).toHaveLength(60);
  expect(clients.every(({ end, responseNs }) => end === 'fin' && responseNs.length > 0)).toBe(true);
  const counts = clients.map(
    ({ id }) => truth.paths().filter(({ chain }) => chain[0] === id).length,
  );
  expect(Math.max(...counts)).toBeGreaterThan(3);
});

test('the kernel sees bursts: several requests in one read, and one response for all of them', () => {
  const world = worldOf();
  const causes = linksOf(world, 'request').map(({ lastRead }) => JSON.stringify(lastRead));
  const most = Math.max(...causes.map((one) => causes.filter((each) => each === one).length));
  expect(most).toBeGreaterThan(3);
  const answered = linksOf(world, 'response').map(({ subject }) => JSON.stringify(subject));
  expect(new Set(answered).size).toBe(answered.length);
  expect(answered.length).toBeLessThan(causes.length / 1.5);
});

test('the first "response" of a connection is SETTINGS: it names what another client got', () => {
  const { proxy } = drawPlan(2, 'calm');
  const fresh = { ...proxy, localShare: 0, slowBodyShare: 0, keepsUpstreams: false };
  const world = worldOf({ proxy: { ...fresh, model: 'lastRead' } });
  const { truth } = world;
  const idOf = new Map([...truth.connections.values()].map((each) => [each.pairHash, each.id]));
  const first = linksOf(world, 'response').filter(({ subject }) => subject.burst === 1);
  const foreign = first.filter(
    ({ subject, lastRead }) =>
      !truth.isLinked(
        idOf.get(subject.isnPairHash) ?? -1,
        idOf.get(lastRead?.isnPairHash ?? '') ?? -1,
      ),
  );
  expect(first.length).toBeGreaterThan(20);
  expect(foreign.length).toBeGreaterThan(first.length * 0.9);
});

test('rules as recorded: nginx by the last read is right, HAProxy by its queue loses step', () => {
  const { proxy } = drawPlan(2, 'calm');
  const loops = { ...proxy, loopNs: 30_000_000, localShare: 0.2, slowBodyShare: 0 };
  const nginx = worldOf({ clients: 300, proxy: { ...loops, model: 'lastRead' } });
  const haproxy = worldOf({ clients: 300, proxy: { ...loops, model: 'oldest' } });
  expect(shareRight(nginx, 'lastRead')).toBeGreaterThan(0.995);
  expect(shareRight(haproxy, 'lastRead')).toBeLessThan(0.98);
  const unawaited = linksOf(haproxy, 'request').filter(({ oldest }) => oldest === null);
  expect(unawaited.length).toBeGreaterThan(linksOf(haproxy, 'request').length / 3);
});

test('HTTP/2 to the backends: one connection serves several clients, and some of their requests have no link', () => {
  const world = worldOf({ clients: 300, http2: { share: 0.5, hasUpstreams: true } });
  const { truth } = world;
  const all = [...truth.connections.values()];
  const shared = all.filter(
    ({ id }) => all.filter((client) => truth.isLinked(client.id, id)).length > 1,
  );
  expect(shared.length).toBeGreaterThan(3);
  const idOf = new Map(all.map((each) => [each.pairHash, each.id]));
  const told = new Set(
    linksOf(world, 'request').map(
      ({ subject, lastRead }) =>
        `${idOf.get(lastRead?.isnPairHash ?? '')}>${idOf.get(subject.isnPairHash)}`,
    ),
  );
  const silent = shared.flatMap(({ id }) =>
    all.filter((client) => truth.isLinked(client.id, id) && !told.has(`${client.id}>${id}`)),
  );
  expect(silent.length).toBeGreaterThan(0);
});

test('through a load balancer in TCP mode the bursts of both sides keep step', () => {
  const world = worldOf({ balancer: 'tcp', isBalancerWatched: true });
  const links = linksOf(world, 'request').filter(({ node }) => node === 'lb');
  expect(links.length).toBeGreaterThan(100);
  expect(links.every(({ subject, lastRead }) => subject.burst === lastRead?.burst)).toBe(true);
  const ofOne = links.filter(
    ({ subject }) => subject.isnPairHash === links[0]?.subject.isnPairHash,
  );
  expect(ofOne.map(({ subject }) => subject.burst)).toEqual(ofOne.map((_, index) => index + 1));
});
