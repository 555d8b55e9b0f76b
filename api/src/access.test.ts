import { expect, test } from '@jest/globals';
import { buildApi } from './app.ts';
import { readConfig } from './config.ts';
import { apiUnderTest } from './testing/apiUnderTest.ts';
import { memoryStore } from './testing/memoryStore.ts';

const TOKEN = 'correct-horse-battery';
const reachable = { HOPTRACE_API_HOST: '0.0.0.0', HOPTRACE_API_TOKEN: TOKEN };

test('on loopback only its own names are served, so that no foreign page can ask', async () => {
  const { get } = await apiUnderTest();
  for (const host of [
    'localhost',
    'LOCALHOST:7040',
    '127.0.0.1:7040',
    '[::1]:80',
    'localhost.:1',
  ]) {
    expect((await get('/api/v1/paths', { host })).statusCode).toBe(200);
  }
  for (const host of ['evil.example', 'localhost.evil.example:7040', '127.0.0.1.nip.io', '[::2]']) {
    for (const url of ['/api/v1/paths', '/', '/healthz', '/metrics', '/api/openapi.json']) {
      const answer = await get(url, { host });
      expect(answer.statusCode).toBe(421);
      expect(answer.json()).toMatchObject({ code: 'HOP_HOST_REFUSED' });
    }
  }
});

test('configured names are served too', async () => {
  const { get } = await apiUnderTest({ env: { HOPTRACE_API_ALLOWED_HOSTS: 'a.test, Hop.Test' } });
  expect((await get('/healthz', { host: 'hop.test:8443' })).statusCode).toBe(200);
  expect((await get('/healthz', { host: 'b.test' })).statusCode).toBe(421);
});

const PROTECTED = [
  '/api/v1/paths',
  '/api/v1/paths?limit=1',
  '/%61pi/v1/paths',
  '/api/v1/paths/00000000000-0000000000000000',
  '/api/v1/refusals',
  '/api/v1/agents',
  '/api/v1/overview',
  '/api/openapi.json',
  '/api/docs',
  '/api/docs/json',
  '/api/docs/static/swagger-ui.css',
  '/api/nothing',
  '/metrics',
];

test.each(PROTECTED)('beyond loopback %s wants the token', async (url) => {
  const { get, store } = await apiUnderTest({ env: reachable });
  for (const authorization of [
    undefined,
    '',
    'Bearer',
    'Bearer wrong',
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Basic ${TOKEN}`,
    TOKEN,
  ]) {
    const answer = await get(url, authorization === undefined ? {} : { authorization });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(answer.json()).toMatchObject({ code: 'HOP_UNAUTHORIZED' });
    expect(answer.body).not.toContain(TOKEN);
  }
  expect(store.asked).toEqual([]);
  const allowed = await get(url, { authorization: `bearer ${TOKEN}`, host: 'hoptrace.example' });
  expect([200, 302, 404]).toContain(allowed.statusCode);
});

test('probes and the page itself need no token', async () => {
  const { get } = await apiUnderTest({ env: reachable });
  expect((await get('/healthz')).statusCode).toBe(200);
  expect((await get('/readyz')).statusCode).toBe(200);
  expect((await get('/')).headers['content-type']).toContain('text/html');
});

test('a token on loopback is honoured, and several are while one is rotated', async () => {
  const { get } = await apiUnderTest({ env: { HOPTRACE_API_TOKEN: `${TOKEN},${TOKEN}-next` } });
  expect((await get('/api/v1/paths')).statusCode).toBe(401);
  for (const token of [TOKEN, `${TOKEN}-next`]) {
    const answer = await get('/api/v1/paths', { authorization: `Bearer ${token}` });
    expect(answer.statusCode).toBe(200);
  }
});

test('no API is built that others can reach without a token', async () => {
  const config = { ...readConfig({}, () => ''), host: '0.0.0.0' };
  const built = buildApi({ config, store: memoryStore(), nowUs: () => 0 });
  await expect(built).rejects.toMatchObject({ code: 'HOP_TOKEN_REQUIRED' });
});
