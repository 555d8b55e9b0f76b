/** Silences and the audit log under tokens of two tenants and of the people who run all of it. */
import type { AuditEntry } from '@hoptrace/domain/rest/audit.ts';
import { expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { buildApi } from './app.ts';
import { createAuditMetrics } from './audit/auditMetrics.ts';
import { AuditTrail } from './audit/auditTrail.ts';
import { readConfig } from './config.ts';
import { engineWith, scriptedStore, T_US } from './testing/alerts.ts';
import { memoryStore } from './testing/memoryStore.ts';

const tokenOf = (name: string) => `${name}-secret-0123456789`;
const TOKENS = [
  { name: 'shop-op', role: 'operator', tenant: 'shop', clusters: ['lab', 'shop-eu'] },
  { name: 'shop-reader', role: 'reader', tenant: 'shop', clusters: ['lab', 'shop-eu'] },
  { name: 'bank-op', role: 'operator', tenant: 'bank', clusters: ['bank'] },
  // Another tenant in a cluster that both use.
  { name: 'guest-op', role: 'operator', tenant: 'guest', clusters: ['lab', 'shop-eu'] },
  { name: 'root', role: 'admin' },
].map((grant) => ({ ...grant, token: tokenOf(grant.name) }));

async function setup() {
  const alertStore = scriptedStore();
  const { engine, turn, clock } = engineWith(alertStore);
  const kept: AuditEntry[] = [];
  const audit = new AuditTrail({
    write: async (entries) => void kept.push(...entries),
    metrics: createAuditMetrics(new Registry()),
    log: () => {},
  });
  const env = { HOPTRACE_API_WEB_ROOT: '/nonexistent', HOPTRACE_API_TOKENS_FILE: '/tokens' };
  const config = readConfig(env, () => JSON.stringify(TOKENS));
  const api = { config, store: memoryStore(), nowUs: () => clock.us, alerts: engine, audit };
  const app = await buildApi(api);
  const call = async (
    name: string,
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    payload?: object,
  ) => {
    const headers = { host: 'localhost', authorization: `Bearer ${tokenOf(name)}` };
    const answer = await app.inject({ method, url, headers, ...(payload ? { payload } : {}) });
    return { status: answer.statusCode, body: answer.json(), text: answer.body };
  };
  const listed = async (name: string, query = '') =>
    (await call(name, 'GET', `/api/v1/silences${query}`)).body.items;
  const idsOf = async (name: string) =>
    (await listed(name)).map(({ silenceId }: { silenceId: string }) => silenceId);
  return { alertStore, turn, clock, kept, audit, call, listed, idsOf };
}

const silence = (more: object = {}) => ({
  ...{ match: { node: 'node3' }, endsAtUs: T_US + 3_600_000_000, createdBy: 'Ann' },
  ...{ comment: 'drained', ...more },
});
const create = '/api/v1/silences';

test('a silence holds in the clusters of its author, names the author, and is seen by that tenant alone', async () => {
  const { call, listed, idsOf } = await setup();
  const made = await call('shop-op', 'POST', create, silence());
  expect(made).toMatchObject({
    status: 201,
    body: { clusters: ['lab', 'shop-eu'], tenant: 'shop', author: 'shop-op', state: 'active' },
  });
  const { silenceId } = made.body;
  expect(await idsOf('shop-op')).toEqual([silenceId]);
  expect(await idsOf('shop-reader')).toEqual([silenceId]);
  expect(await idsOf('root')).toEqual([silenceId]);
  for (const other of ['bank-op', 'guest-op']) {
    expect(await listed(other)).toEqual([]);
    const ended = await call(other, 'DELETE', `${create}/${silenceId}`);
    expect(ended.status).toBe(404);
    expect(ended.text).not.toContain('Ann');
  }
  expect((await call('shop-reader', 'DELETE', `${create}/${silenceId}`)).status).toBe(403);
  expect((await call('shop-op', 'DELETE', `${create}/${silenceId}`)).body.state).toBe('ended');
});

test('one that holds more widely is not shown to a tenant; its alerts say that they are silenced', async () => {
  const { alertStore, turn, call, listed } = await setup();
  alertStore.refused = 5;
  await turn(0);
  await call('root', 'POST', create, silence({ comment: 'bank-core is being moved' }));
  expect(await listed('shop-reader')).toEqual([]);
  const alerts = await call('shop-reader', 'GET', '/api/v1/alerts');
  expect(alerts.body.items).toMatchObject([{ isSilenced: true, labels: { cluster: 'lab' } }]);
  expect(alerts.text).not.toContain('bank');
});

test('a silence of one cluster leaves the alerts of another alone', async () => {
  const { alertStore, turn, call } = await setup();
  alertStore.refused = 5;
  await turn(0);
  const isSilenced = async () =>
    (await call('root', 'GET', '/api/v1/alerts')).body.items[0].isSilenced;
  await call('bank-op', 'POST', create, silence());
  expect(await isSilenced()).toBe(false);
  await call('shop-op', 'POST', create, silence({ clusters: ['shop-eu'] }));
  expect(await isSilenced()).toBe(false);
  await call('shop-op', 'POST', create, silence({ clusters: ['lab'] }));
  expect(await isSilenced()).toBe(true);
});

test.each([
  ['clusters', { clusters: ['bank', 'lab'] }],
  ['match', { match: { cluster: 'bank' } }],
])('a silence for the cluster of another tenant is refused: by %s', async (_, more) => {
  const { call, kept, audit } = await setup();
  const answer = await call('shop-op', 'POST', create, silence(more));
  expect([answer.status, answer.body.code]).toEqual([403, 'HOP_FORBIDDEN']);
  expect((await call('shop-op', 'GET', `${create}?cluster=bank`)).status).toBe(403);
  await audit.close();
  expect(kept).toMatchObject([
    { caller: 'shop-op', outcome: 'refused', clusters: ['lab', 'shop-eu'], after: null },
  ]);
});

test('one that waits, one that holds and one that is over are told apart', async () => {
  const { call, clock, listed } = await setup();
  await call('root', 'POST', create, silence({ startsAtUs: T_US + 60_000_000 }));
  const states = async (query: string) =>
    (await listed('root', query)).map(({ state }: { state: string }) => state);
  expect(await states('')).toEqual(['pending']);
  expect(await states('?state=active')).toEqual([]);
  clock.us = T_US + 61_000_000;
  expect(await states('')).toEqual(['active']);
  clock.us = T_US + 3_600_000_000;
  expect(await states('')).toEqual([]);
  expect(await states('?state=ended')).toEqual(['ended']);
  clock.us += 8 * 86_400_000_000;
  expect(await states('?state=ended')).toEqual([]);
});

test('a change is in the audit log when it is answered: who, what, before and after; refusals follow', async () => {
  const { call, kept, audit } = await setup();
  const { silenceId } = (await call('shop-op', 'POST', create, silence())).body;
  expect(kept).toMatchObject([
    {
      ...{ caller: 'shop-op', role: 'operator', tenant: 'shop', clusters: ['lab', 'shop-eu'] },
      ...{ action: 'createSilence', subject: silenceId, outcome: 'done', status: 201, code: null },
      ...{ before: null, after: { silenceId, comment: 'drained' } },
    },
  ]);
  await call('shop-op', 'DELETE', `${create}/${silenceId}`);
  expect(kept[1]).toMatchObject({
    ...{ action: 'endSilence', subject: silenceId, atUs: T_US },
    ...{ before: { endsAtUs: T_US + 3_600_000_000 }, after: { endsAtUs: T_US } },
  });
  await call('shop-reader', 'POST', create, silence({ comment: 'not mine to say' }));
  await call('bank-op', 'POST', create, { ...silence(), match: {} });
  await call('nobody', 'POST', create, silence());
  await call('shop-op', 'GET', create);
  await audit.close();
  expect(kept.slice(2)).toMatchObject([
    { caller: 'shop-reader', outcome: 'refused', status: 403, code: 'HOP_FORBIDDEN' },
    { caller: 'bank-op', outcome: 'refused', status: 400, code: 'HOP_PARAMETER_INVALID' },
  ]);
  expect(kept).toHaveLength(4);
  expect(new Set(kept.map(({ entryId }) => entryId)).size).toBe(4);
  expect(JSON.stringify(kept)).not.toMatch(/secret|not mine/);
});

test('the audit log is for admins', async () => {
  const { call } = await setup();
  const status = async (name: string) => (await call(name, 'GET', '/api/v1/audit')).status;
  expect(await Promise.all(['root', 'shop-op', 'shop-reader', 'nobody'].map(status))).toEqual([
    200, 403, 403, 401,
  ]);
});
