import { afterEach, expect, test } from '@jest/globals';
import { engineWith, receiver, scriptedStore, T_US, until } from '../testing/alerts.ts';
import { alertmanagerSink } from './alertmanagerSink.ts';
import type { SinkDeps } from './sink.ts';
import { signatureOf, webhookSink } from './webhookSink.ts';

const SECRET = '0123456789abcdef';
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function setup() {
  const to = await receiver();
  const counts: string[] = [];
  const said: string[] = [];
  const deps: SinkDeps = {
    fetch,
    count: (sink, result, alerts) => counts.push(`${sink} ${result} ${alerts}`),
    log: (_level, event) => said.push(event),
    pageUrl: 'https://hoptrace.example/',
  };
  closers.push(to.close);
  return { to, counts, said, deps, store: scriptedStore() };
}

test('a webhook gets what changed, signed over time and body, with a link to the example', async () => {
  const { to, deps, store, counts } = await setup();
  const sink = webhookSink(
    { url: `${to.url}/hook`, secret: SECRET, nowMs: () => T_US / 1000 },
    deps,
  );
  const { turn } = engineWith(store, { sinks: [sink] });
  closers.push(() => sink.close());
  store.refused = 5;
  await turn(0);
  await until(() => counts.length === 1);
  const [call] = to.calls;
  expect(call?.path).toBe('/hook');
  expect(call?.headers['x-hoptrace-signature']).toBe(
    signatureOf(SECRET, T_US / 1e6, call?.body ?? ''),
  );
  expect(JSON.parse(call?.body ?? '')).toMatchObject({
    version: 1,
    alerts: [
      {
        ruleId: 'refused-connections',
        state: 'firing',
        url: 'https://hoptrace.example/paths/path-1',
      },
    ],
  });
  expect(counts).toEqual(['webhook sent 1']);
});

test('a webhook that is away is tried again with the same key, in order, until it takes both', async () => {
  const { to, deps, store, counts, said } = await setup();
  to.answer.status = 503;
  const sink = webhookSink({ url: to.url, secret: SECRET, nowMs: () => T_US / 1000 }, deps);
  const { turn } = engineWith(store, { sinks: [sink] });
  closers.push(() => sink.close());
  store.refused = 5;
  await turn(0);
  await until(() => counts.includes('webhook failed 1'));
  to.answer.status = 200;
  store.refused = 0;
  await turn(2);
  await until(() => counts.filter((each) => each === 'webhook sent 1').length === 2);
  const keys = to.calls.map(({ headers }) => headers['idempotency-key']);
  expect(keys[1]).toBe(keys[0]);
  const states = to.calls.map(({ body }) => JSON.parse(body).alerts[0].state);
  expect([states[0], states.at(-1)]).toEqual(['firing', 'resolved']);
  expect(said).toEqual(['webhook did not take it', 'webhook answers again']);
});

test('an Alertmanager is told what fires again and again, with an end ahead, and the end when it is resolved', async () => {
  const { to, deps, store, counts } = await setup();
  const sink = alertmanagerSink(to.url, deps);
  const { turn } = engineWith(store, { sinks: [sink] });
  closers.push(() => sink.close());
  store.refused = 5;
  const sent = async (count: number, seconds: number) => {
    await turn(seconds);
    await until(() => counts.length === count);
  };
  await sent(1, 0);
  await turn(2);
  expect(to.calls).toHaveLength(1);
  await sent(2, 60);
  store.refused = 0;
  await sent(3, 2);
  const bodies = to.calls.map(({ body }) => JSON.parse(body)[0]);
  expect(to.calls[0]?.path).toBe('/api/v2/alerts');
  expect(bodies[0]).toMatchObject({
    labels: { alertname: 'refused-connections', severity: 'critical', node: 'node3' },
    startsAt: new Date(T_US / 1000).toISOString(),
    endsAt: new Date(T_US / 1000 + 240_000).toISOString(),
  });
  expect(Date.parse(bodies[2].endsAt)).toBe(T_US / 1000 + 64_000);
});
