import { alertListSchema, alertRuleListSchema } from '@hoptrace/domain/rest/alerts.ts';
import { expect, test } from '@jest/globals';
import type { InjectOptions } from 'fastify';
import { buildApi } from './app.ts';
import { readConfig } from './config.ts';
import { engineWith, scriptedStore, T_US } from './testing/alerts.ts';
import { memoryStore } from './testing/memoryStore.ts';

async function setup({ isOn = true } = {}) {
  const store = scriptedStore();
  const { engine, turn, clock } = engineWith(store);
  const config = readConfig({ HOPTRACE_API_WEB_ROOT: '/nonexistent/hoptrace' }, () => '');
  const alerts = isOn ? engine : null;
  const app = await buildApi({ config, store: memoryStore(), nowUs: () => clock.us, alerts });
  const call = async (url: string, more: InjectOptions = {}) => {
    const answer = await app.inject({ url, headers: { host: 'localhost' }, ...more });
    return { status: answer.statusCode, body: answer.json() };
  };
  return { store, turn, clock, call };
}

test('alerts are listed with what filters ask for, and when they were evaluated', async () => {
  const { store, turn, call } = await setup();
  expect((await call('/api/v1/alerts')).body).toEqual({
    ...{ items: [], nextCursor: null, evaluatedAtUs: null },
  });
  store.refused = 5;
  await turn(0);
  const all = alertListSchema.parse((await call('/api/v1/alerts')).body);
  expect(all).toMatchObject({ evaluatedAtUs: T_US, items: [{ state: 'firing', value: 5 }] });
  const count = async (query: string) => (await call(`/api/v1/alerts?${query}`)).body.items.length;
  expect(await count('service=shop/web&node=node3&rule=refused-connections')).toBe(1);
  expect(await count('service=shop/other')).toBe(0);
  expect(await count('state=resolved')).toBe(0);
  expect(await count('severity=info')).toBe(0);
  expect((await call('/api/v1/alerts?state=bad')).body.errors[0]).toMatchObject({
    field: 'state',
    remedy: 'Write one of pending, firing, resolved.',
  });
});

test('rules are listed; where alerts are off there are none, and a silence is refused with the reason', async () => {
  const on = await setup();
  const { items } = alertRuleListSchema.parse((await on.call('/api/v1/rules')).body);
  expect(items.map(({ id }) => id)).toEqual(['refused-connections']);
  const off = await setup({ isOn: false });
  expect((await off.call('/api/v1/rules')).body.items).toEqual([]);
  expect((await off.call('/api/v1/alerts')).body.evaluatedAtUs).toBeNull();
  const payload = { ...SILENCE, endsAtUs: T_US + 60_000_000 };
  const refused = await off.call('/api/v1/silences', { method: 'POST', payload });
  expect(refused).toMatchObject({ status: 400, body: { errors: [{ field: 'HOPTRACE_ALERTS' }] } });
});

const SILENCE = { match: { node: 'node3' }, createdBy: 'me', comment: 'drained' };

test('a silence is set, shown on its alerts, listed, and ended', async () => {
  const { store, turn, call } = await setup();
  store.refused = 5;
  await turn(0);
  const payload = { ...SILENCE, endsAtUs: T_US + 60_000_000 };
  const made = await call('/api/v1/silences', { method: 'POST', payload });
  expect(made).toMatchObject({ status: 201, body: { ...payload, startsAtUs: T_US } });
  expect((await call('/api/v1/alerts')).body.items[0].isSilenced).toBe(true);
  expect((await call('/api/v1/silences')).body.items).toEqual([made.body]);
  const url = `/api/v1/silences/${made.body.silenceId}`;
  expect(await call(url, { method: 'DELETE' })).toMatchObject({ status: 200 });
  expect((await call('/api/v1/silences')).body.items).toEqual([]);
  expect((await call('/api/v1/alerts')).body.items[0].isSilenced).toBe(false);
  expect(await call(url, { method: 'DELETE' })).toMatchObject({ status: 404 });
});

test.each([
  [{ ...SILENCE, endsAtUs: T_US }, 'endsAtUs'],
  [{ ...SILENCE, endsAtUs: T_US + 40 * 86_400_000_000 }, 'endsAtUs'],
  [{ ...SILENCE, match: {}, endsAtUs: T_US + 1 }, 'match'],
  [{ ...SILENCE, endsAtUs: T_US + 1, until: 1 }, 'until'],
  [{ match: { node: 'node3' }, endsAtUs: T_US + 1, createdBy: 'me' }, 'comment'],
])('a bad silence is refused with the field: %j', async (payload, field) => {
  const { call } = await setup();
  const { status, body } = await call('/api/v1/silences', { method: 'POST', payload });
  expect([status, body.errors[0].field]).toEqual([400, field]);
});
