import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { problemSchema } from '@hoptrace/domain/rest/queries.ts';
import { afterEach, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { readConfig } from './config.ts';
import { listen } from './listen.ts';
import { apiUnderTest } from './testing/apiUnderTest.ts';
import { memoryStore } from './testing/memoryStore.ts';

const opened: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((app) => app.close()));
});

async function start(env: Record<string, string> = {}, store = memoryStore()) {
  const { app } = await apiUnderTest({ env, store });
  opened.push(app);
  const url = await listen(
    app,
    readConfig({ HOPTRACE_API_PORT: '0' }, () => ''),
  );
  return new URL(url);
}

/** Sends bytes as they are and answers everything until the peer closes. */
function exchange(url: URL, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname, () => socket.write(bytes));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += String(chunk);
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

const bodyOf = (answer: string) =>
  problemSchema.parse(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)));

test('bytes that are no HTTP, such as a TLS hello, get a problem and the door', async () => {
  const url = await start();
  const answer = await exchange(url, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03');
  expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(bodyOf(answer)).toMatchObject({ code: 'HOP_REQUEST_INVALID' });
});

test('headers beyond the limit are a 431 problem', async () => {
  const url = await start();
  const answer = await exchange(
    url,
    `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
  );
  expect(bodyOf(answer)).toMatchObject({ code: 'HOP_HEADERS_TOO_LARGE', status: 431 });
});

test('a taken port names the variables that help', async () => {
  const url = await start();
  const { app } = await apiUnderTest();
  opened.push(app);
  const config = readConfig({ HOPTRACE_API_PORT: url.port }, () => '');
  await expect(listen(app, config)).rejects.toMatchObject({
    code: 'HOP_PORT_IN_USE',
    errors: [{ field: 'HOPTRACE_API_PORT' }],
  });
});

test('a caller that goes away cancels its query', async () => {
  const store = memoryStore();
  const signals: AbortSignal[] = [];
  store.listPaths = (_query, { signal }) => {
    signals.push(signal);
    return new Promise(() => {});
  };
  const url = await start({}, store);
  const socket = connect(Number(url.port), url.hostname, () =>
    socket.write('GET /api/v1/paths HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  );
  await until(() => signals.length === 1);
  expect(signals[0]?.aborted).toBe(false);
  socket.destroy();
  await until(() => signals[0]?.aborted === true);
  await until(async () =>
    (await (await fetch(new URL('/metrics', url))).text()).includes(
      'hoptrace_api_queries_in_flight 0',
    ),
  );
});

test('metrics count requests by route pattern, never by address or query', async () => {
  const url = await start();
  await fetch(new URL('/api/v1/paths?client=192.0.2.7', url));
  await fetch(new URL('/api/v1/paths/0ftuxr6f400-3f1c9a5be0d24c77', url));
  await fetch(new URL('/api/v1/paths?x=1', url));
  let text = '';
  await until(async () => {
    const answer = await fetch(new URL('/metrics', url));
    expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    text = await answer.text();
    return text.includes('route="/api/v1/paths",status="400"} 1');
  });
  expect(text).toContain(
    'hoptrace_api_request_duration_seconds_count{method="GET",route="/api/v1/paths/:id",status="404"} 1',
  );
  expect(text).toContain(
    'hoptrace_api_query_duration_seconds_count{query="listPaths",result="ok"} 1',
  );
  expect(text).toContain('hoptrace_api_problems_total{code="HOP_PARAMETER_UNKNOWN"} 1');
  expect(text).not.toMatch(/192\.0\.2\.7|0ftuxr6f400/);
});

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (await isTrue()) return;
    await delay(10);
  }
  throw new Error('the awaited state did not come');
}
