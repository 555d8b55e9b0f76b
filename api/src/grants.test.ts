import { createHash } from 'node:crypto';
import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { samplePaths } from '../../test/samples/paths.ts';
import { buildApi } from './app.ts';
import { readConfig } from './config.ts';
import { AppError, describeError } from './errors.ts';
import { NOW_US } from './testing/apiUnderTest.ts';
import { memoryStore } from './testing/memoryStore.ts';

const tokenOf = (name: string) => `${name}-secret-0123456789`;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const FILE = [
  { name: 'grafana', role: 'reader', token: tokenOf('grafana') },
  { name: 'shop-team', role: 'reader', clusters: ['shop'], sha256: sha256(tokenOf('shop-team')) },
  { name: 'node-agent', role: 'agent', token: tokenOf('node-agent') },
  { name: 'on-call', role: 'operator', token: tokenOf('on-call') },
];

async function apiWithGrants() {
  const lab = samplePaths(NOW_US - 60_000_000);
  const shop = samplePaths(NOW_US - 30_000_000).map((path) => ({ ...path, cluster: 'shop' }));
  const env = { HOPTRACE_API_HOST: '0.0.0.0', HOPTRACE_API_TOKENS_FILE: '/etc/hoptrace/tokens' };
  const config = readConfig(env, () => JSON.stringify(FILE));
  const store = memoryStore([...lab, ...shop]);
  const app = await buildApi({ config, store, nowUs: () => NOW_US });
  return (name: string, url: string, method: 'GET' | 'POST' = 'GET') =>
    app.inject({ method, url, headers: { authorization: `Bearer ${tokenOf(name)}` } });
}

test('a token that is not known is 401; one whose role does not ask questions is 403', async () => {
  const ask = await apiWithGrants();
  expect((await ask('nobody', '/api/v1/paths')).statusCode).toBe(401);
  const agent = await ask('node-agent', '/api/v1/paths');
  expect([agent.statusCode, agent.json().code]).toEqual([403, 'HOP_FORBIDDEN']);
  expect(agent.json().detail).toContain('role agent; this needs reader');
  for (const name of ['grafana', 'shop-team', 'on-call']) {
    expect((await ask(name, '/api/v1/paths')).statusCode).toBe(200);
  }
});

test('a reader may not change anything; whoever may is told that there is nothing to change', async () => {
  const ask = await apiWithGrants();
  expect((await ask('grafana', '/api/v1/paths', 'POST')).json().code).toBe('HOP_FORBIDDEN');
  expect((await ask('on-call', '/api/v1/paths', 'POST')).statusCode).toBe(405);
});

test('a token for one cluster sees nothing of another', async () => {
  const ask = await apiWithGrants();
  const clustersAt = async (name: string, url: string) => {
    const { items } = (await ask(name, url)).json();
    return [...new Set(items.map((item: { cluster: string }) => item.cluster))].sort();
  };
  expect(await clustersAt('grafana', '/api/v1/paths')).toEqual(['lab', 'shop']);
  expect(await clustersAt('shop-team', '/api/v1/paths')).toEqual(['shop']);
  expect(await clustersAt('grafana', '/api/v1/paths?cluster=lab')).toEqual(['lab']);
  const other = await ask('shop-team', '/api/v1/paths?cluster=lab');
  expect([other.statusCode, other.json().code]).toEqual([403, 'HOP_FORBIDDEN']);
});

test('every change that is asked for is told in the log, with who asked and how it ended', async () => {
  const lines: string[] = [];
  const stream = new Writable({
    write: (line: Buffer, _encoding, done) => {
      lines.push(line.toString());
      done();
    },
  });
  const env = { HOPTRACE_API_TOKENS_FILE: '/etc/hoptrace/tokens' };
  const config = readConfig(env, () => JSON.stringify(FILE));
  const app = await buildApi({
    config,
    store: memoryStore(),
    nowUs: () => NOW_US,
    logger: { level: 'info', stream },
  });
  const remove = (name: string) =>
    app.inject({
      method: 'DELETE',
      url: '/api/v1/silences/0b0f3e0c-8f4c-4b9e-9d5e-1f2a3b4c5d6e',
      headers: { host: 'localhost', authorization: `Bearer ${tokenOf(name)}` },
    });
  expect((await remove('grafana')).statusCode).toBe(403);
  expect((await remove('on-call')).statusCode).toBe(400);
  await app.close();
  const audited = lines.map((line) => JSON.parse(line)).filter((entry) => entry.audit === true);
  const params = { silenceId: '0b0f3e0c-8f4c-4b9e-9d5e-1f2a3b4c5d6e' };
  expect(audited).toMatchObject([
    {
      caller: 'grafana',
      method: 'DELETE',
      route: '/api/v1/silences/:silenceId',
      params,
      status: 403,
    },
    { caller: 'on-call', method: 'DELETE', status: 400 },
  ]);
  expect(lines.join('')).not.toContain('secret');
});

test.each([
  ['no JSON', '{', 'is no JSON'],
  ['an unknown role', JSON.stringify([{ ...FILE[0], role: 'root' }]), '0.role'],
  ['a short token', JSON.stringify([{ ...FILE[0], token: 'short' }]), 'at least 16'],
  ['no token', JSON.stringify([{ name: 'x', role: 'reader' }]), 'either token or sha256'],
  [
    'a tenant without clusters',
    JSON.stringify([{ ...FILE[0], tenant: 'acme' }]),
    'must name the clusters of its tenant',
  ],
  ['a name twice', JSON.stringify([FILE[0], FILE[0]]), 'twice'],
  ['nothing', '[]', 'holds no token'],
])('a file with %s keeps the API from starting, and no token is told', (_, file, what) => {
  const read = () => readConfig({ HOPTRACE_API_TOKENS_FILE: '/t' }, () => file);
  let told = '';
  try {
    read();
  } catch (error) {
    if (error instanceof AppError) told = describeError(error);
  }
  expect(told).toContain(what);
  expect(told).toContain('HOPTRACE_API_TOKENS_FILE');
  expect(told).not.toContain('secret');
});
