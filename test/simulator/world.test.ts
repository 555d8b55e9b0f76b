import { recordSchema } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import { drawPlan, WEATHERS } from './plan.ts';
import { simulate } from './world.ts';

const small = { clients: 40 };

test.each(WEATHERS)('%s: the same seed gives the same records, another seed others', (weather) => {
  const make = (seed: number) =>
    JSON.stringify(simulate({ ...drawPlan(seed, weather), ...small }).records);
  const [first, again, other] = [5, 5, 6].map(make);
  expect(again === first).toBe(true);
  expect(other === first).toBe(false);
});

test.each(WEATHERS)('%s: every record satisfies its schema', (weather) => {
  for (let seed = 1; seed <= 4; seed++) {
    const { records } = simulate({ ...drawPlan(seed, weather), ...small });
    const bad = records.filter(
      ({ cluster: _, node: __, bootId: ___, ...record }) => !recordSchema.safeParse(record).success,
    );
    expect(bad).toEqual([]);
    expect(records.length).toBeGreaterThan(100);
  }
});

test('calm: every client is one path or more, and every tap of a watched machine delivers', () => {
  const plan = { ...drawPlan(2, 'calm'), ...small, balancer: 'none' as const, refusalShare: 0 };
  const { truth, records } = simulate({ ...plan, floodSyns: 0 });
  const paths = truth.paths();
  const clients = [...truth.connections.values()].filter(
    ({ route }) => route.stops[0]?.machine === 'client',
  );
  expect(clients).toHaveLength(40);
  expect(new Set(paths.map(({ chain }) => chain[0])).size).toBe(40);
  expect(paths.every(({ outcome }) => outcome === 'served')).toBe(true);
  const legs = new Set(
    records.flatMap((each) => (each.kind === 'leg' ? [`${each.node} ${each.legId}`] : [])),
  );
  const taps = [...truth.connections.values()].reduce((n, { route }) => n + route.sites.length, 0);
  expect(legs.size).toBe(taps);
});

test('hostile: ports are reused, and no two live connections share a tuple', () => {
  const { truth, portReuse } = simulate({ ...drawPlan(4, 'hostile'), clients: 300 });
  expect(portReuse).toBeGreaterThan(5);
  const byTuple = new Map<string, { from: number; to: number }[]>();
  for (const { route, startNs, endNs, refusal } of truth.connections.values()) {
    const [source, target] = route.stops;
    if (refusal !== null || source === undefined || target === undefined) continue;
    const key = `${source.ip}:${source.port}>${target.ip}:${target.port}`;
    const lives = byTuple.get(key) ?? [];
    byTuple.set(key, [...lives, { from: startNs, to: endNs[0] ?? Number.POSITIVE_INFINITY }]);
  }
  for (const lives of byTuple.values()) {
    const inOrder = lives.sort((a, b) => a.from - b.from);
    const early = inOrder.filter(({ from }, index) => from <= (inOrder[index - 1]?.to ?? -1));
    expect(early).toEqual([]);
  }
});

test('calm: a request that a proxy passes on lies inside the one that caused it, on every tap of the proxy', () => {
  const plan = { ...drawPlan(2, 'calm'), ...small, balancer: 'none' as const, refusalShare: 0 };
  const taps = { milestoneLoss: 0, hasExchanges: true };
  const { truth, records } = simulate({ ...plan, taps, proxy: { ...plan.proxy, localShare: 0 } });
  const told = records.filter((each) => each.kind === 'exchange');
  const made = [...truth.connections.values()].reduce(
    (sum, { exchanges, route }) => sum + exchanges.length * route.sites.length,
    0,
  );
  expect(told).toHaveLength(made);
  const all = [...truth.connections.values()];
  const upstream = all.filter(({ route }) => route.stops[0]?.machine !== 'client');
  const causes = upstream.flatMap((outbound) =>
    outbound.exchanges.map((exchange) => ({
      exchange,
      cause: all
        .flatMap((inbound) => inbound.exchanges.map((each) => ({ inbound, each })))
        .find(({ inbound, each }) =>
          truth.areBurstsLinked([inbound.id, each.burst], [outbound.id, exchange.burst]),
        ),
    })),
  );
  expect(causes.length).toBeGreaterThan(10);
  const outside = causes.filter(
    ({ exchange, cause }) =>
      cause === undefined ||
      (exchange.requestNs[0] ?? 0) < (cause.each.requestNs.at(-1) ?? 0) ||
      (exchange.responseNs[0] ?? 0) > (cause.each.responseNs.at(-1) ?? 0),
  );
  expect(outside).toEqual([]);
});

const quiet = { ...small, refusalShare: 0, floodSyns: 0, upstreamRefusalShare: 0 };
const plainBoxes = { family: 'ipv4', hasSynproxy: false, hasIsnFirewall: false } as const;

test('IPv6: the same world with other addresses', () => {
  const worldOf = (family: 'ipv4' | 'ipv6') =>
    simulate({ ...drawPlan(2, 'calm'), ...quiet, ...plainBoxes, family });
  const [four, six] = [worldOf('ipv4'), worldOf('ipv6')];
  const tuples = (world: typeof four) =>
    world.records.flatMap((each) => (each.kind === 'leg' ? [each.tuple] : []));
  expect(tuples(six).length).toBe(tuples(four).length);
  expect(tuples(four).every(({ src }) => !src.ip.includes(':'))).toBe(true);
  expect(tuples(six).every(({ src, dst }) => src.ip.includes(':') && dst.ip.includes(':'))).toBe(
    true,
  );
  expect(tuples(six).map(({ src }) => src.port)).toEqual(tuples(four).map(({ src }) => src.port));
});

test('SYNPROXY: two handshakes with one client number, the second after the first, TTL anew', () => {
  const plan = { ...drawPlan(2, 'calm'), ...quiet, ...plainBoxes, hasSynproxy: true };
  const { truth, records } = simulate({ ...plan, balancer: 'none' });
  const proxied = [...truth.connections.values()].filter(({ route }) => route.middlebox);
  expect(proxied).toHaveLength(40);
  for (const { route, outer, clientHash, synNs, ackNs, pairHash } of proxied) {
    const before = route.middlebox?.before ?? 0;
    expect(outer?.clientHash).toBe(clientHash);
    expect(outer?.pairHash).not.toBe(pairHash);
    expect(synNs[before]).toBeGreaterThan(ackNs[before - 1] ?? Number.POSITIVE_INFINITY);
    expect(route.sites[before]?.routers).toBe(0);
    const legs = records.flatMap((each) =>
      each.kind === 'leg' && each.clientIsnHash === clientHash ? [each.isnPairHash] : [],
    );
    expect(new Set(legs)).toEqual(new Set([outer?.pairHash, pairHash]));
  }
});

test.each(['hasSynproxy', 'hasIsnFirewall'] as const)(
  '%s: each tap tells of exchanges by the numbers that it sees',
  (box) => {
    const plan = { ...drawPlan(2, 'calm'), ...quiet, ...plainBoxes, balancer: 'snat' as const };
    const taps = { milestoneLoss: 0, hasExchanges: true };
    const { records } = simulate({ ...plan, taps, isBalancerWatched: true, [box]: true });
    const pairs = (kind: 'leg' | 'exchange') =>
      new Set(
        records.flatMap((each) =>
          each.kind === kind && each.isnPairHash !== null
            ? [`${each.node} ${each.tap.role} ${each.isnPairHash}`]
            : [],
        ),
      );
    expect(pairs('exchange').size).toBeGreaterThan(100);
    expect(pairs('exchange')).toEqual(pairs('leg'));
  },
);

test('a firewall that draws new numbers: load balancer and nodes share no hash', () => {
  const plan = { ...drawPlan(2, 'calm'), ...quiet, ...plainBoxes, hasIsnFirewall: true };
  const { records } = simulate({ ...plan, balancer: 'snat', isBalancerWatched: true });
  const hashes = (isBalancer: boolean) =>
    records.flatMap((each) =>
      each.kind === 'leg' && (each.node === 'lb') === isBalancer
        ? [each.clientIsnHash, each.serverIsnHash, each.isnPairHash]
        : [],
    );
  const outside = new Set(hashes(true));
  expect(outside.size).toBe(3 * 40);
  expect(hashes(false).filter((hash) => outside.has(hash))).toEqual([]);
});

test('a backend that refuses: the proxy tries another one, and both are caused by the client', () => {
  const plan = { ...drawPlan(2, 'calm'), ...quiet, ...plainBoxes, balancer: 'none' as const };
  const proxy = { ...plan.proxy, keepsUpstreams: false };
  const { truth, records } = simulate({ ...plan, proxy, clients: 200, upstreamRefusalShare: 0.2 });
  const refused = [...truth.connections.values()].filter(({ refusal }) => refusal !== null);
  const told = records.flatMap((each) => (each.kind === 'refusal' ? [each.clientIsnHash] : []));
  expect(refused.length).toBeGreaterThan(5);
  expect(new Set(told)).toEqual(new Set(refused.map(({ clientHash }) => clientHash)));
  const paths = truth.paths();
  for (const { id } of refused) {
    const [path] = paths.filter(({ chain }) => chain.includes(id));
    expect(path).toMatchObject({ outcome: 'reset' });
    expect(path?.chain).toHaveLength(2);
  }
  const clients = new Set(paths.map(({ chain }) => chain[0]));
  expect(clients.size).toBe(200);
});
