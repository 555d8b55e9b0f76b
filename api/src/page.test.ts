import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { apiUnderTest } from './testing/apiUnderTest.ts';
import { memoryStore } from './testing/memoryStore.ts';

let root = '';
const webRoot = () => ({ HOPTRACE_API_WEB_ROOT: join(root, 'dist') });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'hoptrace-page-'));
  await mkdir(join(root, 'dist', 'assets'), { recursive: true });
  await writeFile(join(root, 'secret.txt'), 'secret');
  await writeFile(join(root, 'dist', 'index.html'), '<!doctype html><title>page</title>');
  await writeFile(join(root, 'dist', 'favicon.svg'), '<svg/>');
  await writeFile(join(root, 'dist', '.env'), 'secret');
  await writeFile(join(root, 'dist', 'assets', 'index-Ab3.js'), 'export {}');
  await symlink('/nonexistent', join(root, 'dist', 'broken.txt'));
});
afterAll(() => rm(root, { recursive: true }));

test('the page answers at / and at its own routes, asking for changes each time', async () => {
  const { get } = await apiUnderTest({ env: webRoot() });
  for (const url of ['/', '/refusals', '/paths/0ftuxr6f400-3f1c9a5be0d24c77', '/?service=a/b.c']) {
    const answer = await get(url);
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toContain('<title>page</title>');
    expect(answer.headers).toMatchObject({
      'content-type': expect.stringContaining('text/html'),
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining("default-src 'self'"),
    });
    expect(answer.headers['content-security-policy']).not.toContain('unsafe');
  }
});

test('hashed assets are kept for ever, other files are not', async () => {
  const { get } = await apiUnderTest({ env: webRoot() });
  const asset = await get('/assets/index-Ab3.js');
  expect(asset.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect(asset.headers['content-type']).toContain('javascript');
  expect((await get('/favicon.svg')).headers['cache-control']).toBe('no-cache');
  const { etag } = (await get('/')).headers;
  expect((await get('/', { 'if-none-match': String(etag) })).statusCode).toBe(304);
});

test('a page that is still the same keeps its headers: browsers take those of a 304 for the page they kept', async () => {
  const { get } = await apiUnderTest({ env: webRoot() });
  const kept = ['content-security-policy', 'cache-control', 'x-content-type-options'] as const;
  for (const url of [
    '/',
    '/services/shop/web',
    '/paths/0ftuxr6f400-3f1c9a5be0d24c77',
    '/favicon.svg',
  ]) {
    const first = await get(url);
    const again = await get(url, { 'if-none-match': String(first.headers.etag) });
    expect(again.statusCode).toBe(304);
    for (const name of kept) expect([url, again.headers[name]]).toEqual([url, first.headers[name]]);
  }
});

test('a missing file is a 404 problem and never the page', async () => {
  const { get } = await apiUnderTest({ env: webRoot() });
  for (const url of ['/assets/index-Old.js', '/missing.png', '/broken.txt', '/api/paths']) {
    const answer = await get(url);
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ code: 'HOP_NOT_FOUND' });
  }
});

test('nothing outside the directory and no hidden file is served', async () => {
  const { get } = await apiUnderTest({ env: webRoot() });
  for (const url of [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/assets/%2e%2e/%2e%2e/secret.txt',
    '/.env',
    '/%00.txt',
  ]) {
    const answer = await get(url);
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
    expect(answer.body).not.toContain('secret"');
    expect(answer.body).not.toBe('secret');
    expect(answer.headers['content-type']).toBe('application/problem+json');
  }
});

test('a page that is not built says how to build it, and appears once it is', async () => {
  const later = join(root, 'later');
  const { get } = await apiUnderTest({ env: { HOPTRACE_API_WEB_ROOT: later } });
  const before = await get('/');
  expect(before.statusCode).toBe(503);
  expect(before.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(before.body).toContain('npm run build:web');
  expect((await get('/readyz')).json()).toMatchObject({ status: 'ready', missing: ['page'] });
  await mkdir(later);
  await writeFile(join(later, 'index.html'), '<title>built</title>');
  expect((await get('/')).body).toContain('built');
  expect((await get('/paths/x')).body).toContain('built');
  expect((await get('/readyz')).json()).toMatchObject({ status: 'ready', missing: [] });
});

test('readiness names the store when it does not answer, and does not say more', async () => {
  const store = memoryStore();
  store.failure = async () => {
    throw new Error('10.9.8.7 password wrong');
  };
  const { get } = await apiUnderTest({ store, env: webRoot() });
  const answer = await get('/readyz');
  expect(answer.statusCode).toBe(503);
  expect(answer.json()).toMatchObject({ status: 'notReady', missing: ['store'] });
  expect(answer.body).not.toContain('password wrong');
  expect((await get('/healthz')).json()).toEqual({ status: 'alive' });
});
