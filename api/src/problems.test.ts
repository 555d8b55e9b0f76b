import { Writable } from 'node:stream';
import { problemSchema } from '@hoptrace/domain/rest/queries.ts';
import { expect, test } from '@jest/globals';
import { samplePaths } from '../../test/samples/paths.ts';
import { apiUnderTest, NOW_US } from './testing/apiUnderTest.ts';
import { memoryStore } from './testing/memoryStore.ts';

async function problemAt(url: string, setup: Parameters<typeof apiUnderTest>[0] = {}) {
  const { get } = await apiUnderTest(setup);
  const answer = await get(url);
  expect(answer.headers['content-type']).toBe('application/problem+json');
  const problem = problemSchema.parse(answer.json());
  expect(problem.status).toBe(answer.statusCode);
  return problem;
}

test('an unknown parameter is named, with the known ones', async () => {
  const problem = await problemAt('/api/v1/paths?servcie=shop/web');
  expect(problem).toEqual({
    type: 'urn:hoptrace:error:HOP_PARAMETER_UNKNOWN',
    title: 'Unknown parameter',
    status: 400,
    code: 'HOP_PARAMETER_UNKNOWN',
    detail:
      'There is no parameter "servcie" here. Known parameters: from, to, cluster, service, client, node, outcome, extraHops, class, limit, cursor, fields, format.',
    errors: [
      {
        field: 'servcie',
        text: 'There is no parameter "servcie" here.',
        remedy:
          'Known parameters: from, to, cluster, service, client, node, outcome, extraHops, class, limit, cursor, fields, format.',
      },
    ],
  });
  expect((await problemAt('/api/v1/agents?limit=1')).detail).toContain('takes no parameters');
  expect((await problemAt('/api/v1/refusals?outcome=reset')).detail).toContain('kind');
});

test.each([
  ['from=yesterday', 'from', '"yesterday"', 'microseconds'],
  ['from=1788268800', 'from', '1788268800', 'microseconds'],
  ['to=1788268800000000000', 'to', 'nanoseconds', 'microseconds'],
  ['from=1960-01-01T00:00:00Z', 'from', 'before 1970', 'microseconds'],
  ['service=web', 'service', '"web"', 'shop/web'],
  ['client=300.1.2.3', 'client', '"300.1.2.3"', '192.0.2.7'],
  ['node=', 'node', 'empty', 'node1'],
  ['outcome=ok', 'outcome', '"ok"', 'served, reset, rejected, dropped, unknown'],
  ['extraHops=-1', 'extraHops', '"-1"', 'extra hops'],
  ['class=Z', 'class', '"Z"', 'A, B, C, D, M'],
  ['extraHops=', 'extraHops', 'empty', 'extra hops'],
  ['extraHops=%20', 'extraHops', '" "', 'extra hops'],
  ['from=2026-09-01T12:00:00+02:00', 'from', '12:00:00 02:00', '%2B'],
  ['limit=0', 'limit', '"0"', '1 to 1000'],
  ['limit=1001', 'limit', '1001', 'at most 1000'],
  ['limit=100001&format=csv', 'limit', '"100001"', '100000'],
  ['fields=pathId,client.mac', 'fields', '"client.mac"', 'ip, port, source'],
  ['fields=pathId.x', 'fields', '"pathId.x"', 'no fields'],
  ['fields=constructor', 'fields', '"constructor"', 'pathId'],
  ['format=xml', 'format', '"xml"', 'json, ndjson, csv'],
  ['outcome=served&outcome=reset', 'outcome', '2 times', 'once'],
])('%s: the field, its value and the remedy are named', async (query, field, value, remedy) => {
  const problem = await problemAt(`/api/v1/paths?${query}`);
  expect(problem.code).toBe('HOP_PARAMETER_INVALID');
  expect(problem.errors).toHaveLength(1);
  expect(problem.errors?.[0]?.field).toBe(field);
  expect(problem.errors?.[0]?.text).toContain(value);
  expect(problem.errors?.[0]?.remedy).toContain(remedy);
});

test('all bad parameters are named at once', async () => {
  const problem = await problemAt('/api/v1/paths?limit=x&outcome=ok&colour=red');
  expect(problem.errors?.map((error) => error.field).sort()).toEqual([
    'colour',
    'limit',
    'outcome',
  ]);
});

test('a window that is empty or ends before it starts is refused', async () => {
  const to = '2026-09-01T12:00:00Z';
  const reversed = await problemAt(`/api/v1/paths?from=2026-09-01T13:00:00Z&to=${to}`);
  expect(reversed.detail).toContain('from (2026-09-01T13:00:00.000Z) is not before to');
  expect((await problemAt(`/api/v1/overview?from=${to}&to=${to}`)).status).toBe(400);
  const future = await problemAt('/api/v1/refusals?from=2026-09-01T15:00:00Z');
  expect(future.detail).toContain('is not before now (2026-09-01T14:10:00.000Z)');
});

test('a cursor is refused when it is none, or belongs to other filters, another list or range', async () => {
  const setup = { store: memoryStore(samplePaths(NOW_US - 1_000_000)) };
  const { get } = await apiUnderTest(setup);
  const { nextCursor } = (await get('/api/v1/paths?limit=1')).json();
  expect((await get(`/api/v1/paths?limit=2&cursor=${nextCursor}`)).statusCode).toBe(200);
  const forged = Buffer.from('[1,0,1,"x","y"]').toString('base64url');
  for (const url of [
    '/api/v1/paths?cursor=nonsense',
    `/api/v1/paths?cursor=${'a'.repeat(5000)}`,
    `/api/v1/paths?cursor=${forged}`,
    `/api/v1/paths?outcome=reset&cursor=${nextCursor}`,
    `/api/v1/paths?from=2026-09-01T12:00:00Z&cursor=${nextCursor}`,
    `/api/v1/refusals?cursor=${nextCursor}`,
  ]) {
    const problem = await problemAt(url, setup);
    expect(problem).toMatchObject({ code: 'HOP_CURSOR_INVALID', status: 400 });
    expect(problem.errors?.[0]).toMatchObject({ field: 'cursor' });
  }
});

test('unknown addresses, wrong methods and malformed URLs are problems too', async () => {
  expect(await problemAt('/api/v1/nothing')).toMatchObject({ code: 'HOP_NOT_FOUND', status: 404 });
  expect(await problemAt('/api')).toMatchObject({ code: 'HOP_NOT_FOUND' });
  expect(await problemAt('/%zz')).toMatchObject({ code: 'HOP_REQUEST_INVALID', status: 400 });
  const { app } = await apiUnderTest();
  for (const method of ['POST', 'DELETE', 'OPTIONS'] as const) {
    const headers = { host: 'localhost' };
    const answer = await app.inject({ method, url: '/api/v1/paths', headers, payload: '{' });
    expect(answer.statusCode).toBe(405);
    expect(answer.headers.allow).toBe('GET, HEAD');
    expect(answer.json()).toMatchObject({ code: 'HOP_METHOD_NOT_ALLOWED' });
  }
});

test('a failing store is a 503 that hides why; the log has it under the request id', async () => {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const store = memoryStore();
  store.failure = async () => {
    throw new Error('connect ECONNREFUSED 10.9.8.7:8123 SELECT secret');
  };
  const { get } = await apiUnderTest({ store, logger: { level: 'error', stream } });
  const answer = await get('/api/v1/paths', { 'x-request-id': 'trace-0123456789' });
  expect(answer.statusCode).toBe(503);
  expect(answer.json()).toMatchObject({ code: 'HOP_STORE_UNAVAILABLE' });
  expect(answer.body).not.toMatch(/secret|10\.9\.8\.7/);
  expect(answer.headers['x-request-id']).toBe('trace-0123456789');
  expect(answer.json().detail).toContain('trace-0123456789');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('trace-0123456789');
  expect(lines[0]).toContain('ECONNREFUSED');
});

test('a request id that could harm a log is replaced', async () => {
  const { get } = await apiUnderTest();
  for (const id of ['short', 'with blank inside', 'x'.repeat(129)]) {
    const answer = await get('/healthz', { 'x-request-id': id });
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  }
});

test('a store that never answers is a 504 after the query time-out', async () => {
  const store = memoryStore();
  store.failure = () => new Promise(() => {});
  const env = { HOPTRACE_API_QUERY_TIMEOUT_MS: '20' };
  const problem = await problemAt('/api/v1/paths', { store, env });
  expect(problem).toMatchObject({ code: 'HOP_STORE_TIMEOUT', status: 504 });
});

test('queries beyond the bounds are refused at once, with Retry-After', async () => {
  const store = memoryStore();
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  store.failure = () =>
    held.then(() => {
      throw new Error('released');
    });
  const env = { HOPTRACE_API_MAX_QUERIES: '1', HOPTRACE_API_MAX_WAITING: '1' };
  const { get } = await apiUnderTest({ store, env });
  const answers = [get('/api/v1/paths'), get('/api/v1/paths'), get('/api/v1/paths')];
  const refused = await Promise.race(answers);
  expect(refused.statusCode).toBe(503);
  expect(refused.json()).toMatchObject({ code: 'HOP_BUSY' });
  expect(refused.headers['retry-after']).toBe('1');
  const metrics = (await get('/metrics')).body;
  expect(metrics).toContain('hoptrace_api_queries_in_flight 1');
  expect(metrics).toContain('hoptrace_api_queries_waiting 1');
  release();
  const codes = (await Promise.all(answers)).map((answer) => answer.json().code);
  expect(codes.sort()).toEqual(['HOP_BUSY', 'HOP_STORE_UNAVAILABLE', 'HOP_STORE_UNAVAILABLE']);
  expect((await get('/metrics')).body).toContain('hoptrace_api_queries_refused_total 1');
});

test.each([
  ['99999999999999999999999999', 'nanoseconds'],
  ['9007199254740993', 'nanoseconds'],
  ['1788268800', 'seconds'],
])('a topology as of %s is refused in words: it cannot be microseconds', async (at, words) => {
  const { errors } = await problemAt(`/api/v1/topology?at=${at}`);
  expect(errors).toMatchObject([{ field: 'at', text: expect.stringContaining(words) }]);
});
