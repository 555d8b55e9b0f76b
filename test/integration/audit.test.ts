/** The audit log over a real ClickHouse: kept by the least privileged user, listed page by page, by tenant. */
import { buildAlerts } from '@hoptrace/api/alerts/alerts.ts';
import { readAlertConfig } from '@hoptrace/api/alerts/config.ts';
import { buildApi } from '@hoptrace/api/app.ts';
import { buildAudit } from '@hoptrace/api/audit/audit.ts';
import type { AuditTrail } from '@hoptrace/api/audit/auditTrail.ts';
import { clickhouseStore } from '@hoptrace/api/clickhouseStore.ts';
import { readConfig } from '@hoptrace/api/config.ts';
import { createMetrics } from '@hoptrace/api/metrics.ts';
import { silenceListSchema } from '@hoptrace/domain/rest/alerts.ts';
import { type AuditEntry, auditListSchema } from '@hoptrace/domain/rest/audit.ts';
import { writeAudit } from '@hoptrace/store/audit.ts';
import { openStore, type Store } from '@hoptrace/store/client.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { runHoptrace } from '../process/hoptraceCommand.ts';
import { startTestStore, type TestStore } from './embedded.ts';

const NOW_US = Math.floor(Date.now() / 1000) * 1_000_000;
const tokenOf = (name: string) => `${name}-secret-0123456789`;
const TOKENS = [
  { name: 'root', role: 'admin' },
  { name: 'shop-admin', role: 'admin', tenant: 'shop', clusters: ['eu', 'us'] },
  { name: 'shop-op', role: 'operator', tenant: 'shop', clusters: ['eu'] },
  { name: 'bank-op', role: 'operator', tenant: 'bank', clusters: ['bank'] },
  { name: 'reader', role: 'reader' },
].map((grant) => ({ ...grant, token: tokenOf(grant.name) }));

let engine: TestStore;
let store: Store;
let audit: AuditTrail;
let app: FastifyInstance;

beforeAll(async () => {
  engine = await startTestStore();
  // As the API works in the product: without the right to change or delete what is kept.
  store = openStore({ ...engine.engine.as('reader'), database: engine.store.database });
  const metrics = createMetrics({ withProcess: false });
  audit = buildAudit({ store, metrics, log: () => {} });
  const env = {
    HOPTRACE_API_WEB_ROOT: '/nonexistent',
    HOPTRACE_API_TOKENS_FILE: '/tokens',
    HOPTRACE_API_QUERY_TIMEOUT_MS: '120000',
  };
  const config = readConfig(env, () => JSON.stringify(TOKENS));
  // Of two writes the later one counts: time goes on, a little.
  let ticks = 0;
  const nowUs = () => NOW_US + ticks++;
  const alerts = buildAlerts({
    ...{ config: readAlertConfig({}, () => ''), store, metrics, nowUs, apiUrl: '' },
    ...{ queryTimeoutMs: 120_000, log: () => {} },
  });
  app = await buildApi({ config, store: clickhouseStore(store), nowUs, metrics, alerts, audit });
}, 120_000);

afterAll(async () => {
  await app?.close();
  await audit?.close();
  await store?.close();
  await engine?.stop();
}, 60_000);

const send = async (name: string, method: 'GET' | 'POST', url: string, payload?: object) =>
  app.inject({
    ...{ method, url, ...(payload === undefined ? {} : { payload }) },
    headers: { host: 'localhost', authorization: `Bearer ${tokenOf(name)}` },
  });
const entries = async (name: string, query = '') => {
  const answer = await send(name, 'GET', `/api/v1/audit?to=${NOW_US + 1_000_000}${query}`);
  expect([answer.statusCode, query]).toEqual([200, query]);
  return auditListSchema.parse(answer.json());
};
const idsOf = ({ items }: { items: AuditEntry[] }) => items.map(({ entryId }) => entryId);

test('a silence that was set is found in the log, and whoever may not set one too', async () => {
  const silence = {
    ...{ match: { node: 'node3' }, endsAtUs: NOW_US + 60_000_000, createdBy: 'Ann' },
    comment: 'drained; it\'s "done"\n',
  };
  const made = await send('shop-op', 'POST', '/api/v1/silences', silence);
  expect(made.statusCode).toBe(201);
  const { items } = await entries('root', '&action=createSilence');
  expect(items).toMatchObject([
    {
      ...{ caller: 'shop-op', role: 'operator', tenant: 'shop', clusters: ['eu'] },
      ...{ subject: made.json().silenceId, outcome: 'done', before: null, after: silence },
      ...{ requestId: expect.any(String), atUs: expect.any(Number) },
    },
  ]);
  expect((await send('reader', 'POST', '/api/v1/silences', silence)).statusCode).toBe(403);
  await audit.close();
  const refused = await entries('root', '&outcome=refused');
  expect(refused.items).toMatchObject([
    { caller: 'reader', status: 403, code: 'HOP_FORBIDDEN', subject: null, after: null },
  ]);
  expect(idsOf(await entries('root', '&caller=shop-op&cluster=eu&tenant=shop'))).toHaveLength(1);
  expect(idsOf(await entries('root', '&caller=shop-op&cluster=us'))).toHaveLength(0);
  const { requestId, subject } = items[0] as AuditEntry;
  expect(idsOf(await entries('root', `&requestId=${requestId}&subject=${subject}`))).toHaveLength(
    1,
  );
});

test('over a real connection a silence is set and ended, and both are in the log', async () => {
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const ask = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${url}/api/v1/silences${path}`, {
      method,
      headers: {
        authorization: `Bearer ${tokenOf('bank-op')}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: JSON.parse(await answer.text()) };
  };
  const match = { node: 'vault' };
  const wanted = { match, endsAtUs: NOW_US + 60_000_000, createdBy: 'Bo', comment: 'moved' };
  const made = await ask('POST', '', wanted);
  expect(made).toMatchObject({ status: 201, body: { ...wanted, clusters: ['bank'] } });
  const { silenceId } = made.body;
  expect((await ask('GET', '')).body.items).toMatchObject([{ silenceId, state: 'active' }]);
  expect(await ask('DELETE', `/${silenceId}`)).toMatchObject({ status: 200 });
  expect((await ask('GET', '')).body.items).toEqual([]);
  const ended = await ask('GET', '?state=ended');
  expect(ended.body.items).toMatchObject([{ silenceId, state: 'ended' }]);
  const { items } = await entries('root', `&subject=${silenceId}`);
  expect(items.map(({ action }) => action).toSorted()).toEqual(['createSilence', 'endSilence']);
});

test('the command sets a silence, shows it, ends it, and says what it may not', async () => {
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('the API does not listen');
  const url = `http://127.0.0.1:${address.port}`;
  const as = (name: string, ...args: string[]) =>
    runHoptrace(url, ['silences', ...args], { HOPTRACE_API_TOKEN: tokenOf(name) });
  const labels = ['rule=refused-connections', 'node=node3'];
  const wanted = ['--for', '2h', '--why', 'node3 is being drained', '--by', 'Kim'];
  const made = await as('shop-op', 'set', ...labels, ...wanted, '-o', 'json');
  expect([made.code, made.stderr]).toEqual([0, expect.stringContaining('silences end')]);
  const { items } = silenceListSchema.pick({ items: true }).parse(JSON.parse(made.stdout));
  const [silence] = items;
  expect(silence).toMatchObject({
    ...{ match: { rule: 'refused-connections', node: 'node3' }, clusters: ['eu'] },
    ...{ createdBy: 'Kim', comment: 'node3 is being drained', state: 'active' },
  });
  const id = silence?.silenceId ?? '';
  expect((await as('shop-op', '-o', 'wide')).stdout).toContain(id);
  expect((await as('reader', 'set', ...labels, ...wanted)).code).toBe(77);
  expect((await as('bank-op', 'end', id)).code).toBe(1);
  expect(await as('shop-op', 'set', 'node3', ...wanted)).toMatchObject({
    ...{ code: 2, stderr: expect.stringContaining('"node3" is no label') },
  });
  expect((await as('shop-op', 'set', ...labels, '--for', '31d', '--why', 'x')).code).toBe(2);
  expect((await as('shop-op', 'end', id)).code).toBe(0);
  const again = await as('shop-op', 'end', id);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining(id)]);
}, 180_000);

const entryAt = (number: number, more: Partial<AuditEntry>): AuditEntry => ({
  ...{ entryId: `entry-${String(number).padStart(4, '0')}`, address: '127.0.0.1' },
  // Three share an instant, so that pages end within one.
  atUs: NOW_US - 10 * 86_400_000_000 + Math.floor(number / 3),
  ...{ caller: 'x', role: 'operator', tenant: null, clusters: [], action: 'pages' },
  ...{ subject: null, outcome: 'done', status: 200, code: null, requestId: 'r' },
  ...{ before: null, after: null, ...more },
});
const OLD = `&from=${NOW_US - 11 * 86_400_000_000}&action=pages`;

test('pages hold every entry once, newest first; an export has all; entries that come twice count once', async () => {
  const all = Array.from({ length: 250 }, (_, number) => entryAt(number, {}));
  await writeAudit(store, all);
  await writeAudit(store, all.slice(0, 10));
  const seen: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page = await entries('root', `${OLD}&limit=70${more}`);
    seen.push(...idsOf(page));
    cursor = page.nextCursor;
  }
  expect(seen).toEqual(all.map(({ entryId }) => entryId).reverse());
  const url = `/api/v1/audit?format=csv&fields=entryId,outcome&limit=1000${OLD}`;
  const lines = (await send('root', 'GET', url)).body.trim().split('\r\n');
  expect([lines[0], lines.length]).toEqual(['entryId,outcome', 251]);
  const ndjson = await send('root', 'GET', `/api/v1/audit?format=ndjson&limit=2000${OLD}`);
  expect(ndjson.body.trim().split('\n')).toHaveLength(250);
});

test('an admin of a tenant sees what was about its clusters, and nothing of others', async () => {
  const day = { action: 'tenants' };
  await writeAudit(store, [
    entryAt(1000, { ...day, entryId: 'own', tenant: 'shop', clusters: ['eu'] }),
    entryAt(1001, { ...day, entryId: 'other-cluster', tenant: 'shop', clusters: ['eu', 'bank'] }),
    entryAt(1002, { ...day, entryId: 'other-tenant', tenant: 'bank', clusters: ['eu'] }),
    entryAt(1003, { ...day, entryId: 'everywhere', tenant: null, clusters: [] }),
  ]);
  const query = OLD.replace('pages', 'tenants');
  expect(idsOf(await entries('shop-admin', query))).toEqual(['own']);
  expect(idsOf(await entries('root', query))).toHaveLength(4);
  expect((await send('shop-admin', 'GET', '/api/v1/audit?cluster=bank')).statusCode).toBe(403);
  expect(idsOf(await entries('shop-admin', `${query}&tenant=bank`))).toEqual([]);
});

test.each([
  ['cursor=abc', 'HOP_CURSOR_INVALID'],
  [`cursor=${Buffer.from('[1,2]').toString('base64url')}`, 'HOP_CURSOR_INVALID'],
  ['outcome=maybe', 'HOP_PARAMETER_INVALID'],
  ['fields=nothing', 'HOP_PARAMETER_INVALID'],
  ['limit=2000', 'HOP_PARAMETER_INVALID'],
  ['who=me', 'HOP_PARAMETER_UNKNOWN'],
])('a bad question is refused: %s', async (query, code) => {
  const answer = await send('root', 'GET', `/api/v1/audit?${query}`);
  expect([answer.statusCode, answer.json().code]).toEqual([400, code]);
});

test('what is kept cannot be changed with the rights of the API', async () => {
  for (const sql of ['ALTER TABLE audit_v1 DELETE WHERE 1', 'TRUNCATE TABLE audit_v1'])
    await expect(store.command(sql)).rejects.toThrow(/privileges|ACCESS_DENIED/i);
});
