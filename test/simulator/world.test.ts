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
