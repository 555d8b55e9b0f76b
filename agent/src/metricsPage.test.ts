import { createServer } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import type { Log } from './log.ts';
import { MetricsPage } from './metricsPage.ts';

const HOST = '127.0.0.1';
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function page(missing: string[] = []) {
  const logged: string[] = [];
  const log: Log = (_level, event, fields) => logged.push(`${event} ${JSON.stringify(fields)}`);
  const made = new MetricsPage({ prometheus: () => 'm 1\n', missing: () => missing }, log);
  closers.push(() => made.close());
  return { made, logged };
}

async function listening(missing: string[] = []) {
  const { made } = await page(missing);
  const port = await made.start({ host: HOST, port: 0 });
  return (path: string, init?: RequestInit) => fetch(`http://${HOST}:${port}${path}`, init);
}

test('metrics are served as Prometheus reads them', async () => {
  const get = await listening();
  const response = await get('/metrics');
  expect(response.headers.get('content-type')).toContain('version=0.0.4');
  expect(await response.text()).toBe('m 1\n');
});

test('ready says what is missing, and changes with it', async () => {
  const missing = ['not connected to ws://127.0.0.1:7041'];
  const get = await listening(missing);
  const early = await get('/readyz');
  expect([early.status, await early.text()]).toEqual([503, `${missing[0]}\n`]);
  missing.pop();
  expect((await get('/readyz')).status).toBe(200);
  expect((await get('/livez')).status).toBe(200);
});

test('what is not there, and what may not be done, is said', async () => {
  const get = await listening();
  const absent = await get('/');
  expect([absent.status, await absent.text()]).toEqual([
    404,
    'here are /metrics, /livez and /readyz\n',
  ]);
  expect((await get('/metrics', { method: 'POST', body: 'x' })).status).toBe(405);
});

test('a port that is taken costs the page, not the agent', async () => {
  const other = createServer();
  closers.push(() => other.close());
  await new Promise<void>((resolve) => other.listen(0, HOST, resolve));
  const address = other.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const { made, logged } = await page();
  expect(await made.start({ host: HOST, port })).toBeNull();
  expect(logged[0]).toContain('HOPTRACE_AGENT_METRICS');
});
