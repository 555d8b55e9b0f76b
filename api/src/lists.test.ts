import { incidentListSchema } from '@hoptrace/domain/rest/incidents.ts';
import { pathSchema } from '@hoptrace/domain/rest/path.ts';
import { expect, test } from '@jest/globals';
import { samplePaths } from '../../test/samples/paths.ts';
import { apiUnderTest, NOW_US } from './testing/apiUnderTest.ts';
import { memoryStore } from './testing/memoryStore.ts';

const paths = samplePaths(NOW_US - 60_000_000);
const newestFirst = [...paths].reverse();
const setup = () => apiUnderTest({ store: memoryStore(paths) });

test('fields: each item has what was asked for, below arrays too, and null stays null', async () => {
  const { get } = await setup();
  const answer = await get('/api/v1/paths?fields=pathId,client.ip,hops.rtt.valueNs,service');
  expect(answer.json().items).toEqual(
    newestFirst.map(({ pathId, client, service, hops }) => ({
      pathId,
      client: { ip: client.ip },
      hops: hops.map(({ rtt }) => ({ rtt: rtt === null ? null : { valueNs: rtt.valueNs } })),
      service,
    })),
  );
  expect((await get('/api/v1/paths?fields=client.ip,client')).json().items[0]).toEqual({
    client: newestFirst[0]?.client,
  });
});

test('fields and format do not change where a page starts', async () => {
  const { get } = await setup();
  const { nextCursor } = (await get('/api/v1/paths?limit=3')).json();
  const second = await get(`/api/v1/paths?limit=3&cursor=${nextCursor}&fields=pathId`);
  expect(second.json().items).toEqual(newestFirst.slice(3, 6).map(({ pathId }) => ({ pathId })));
  const rest = await get(`/api/v1/paths?limit=100&cursor=${nextCursor}&format=ndjson`);
  expect(rest.body.trimEnd().split('\n')).toHaveLength(4);
});

test('ndjson: one whole document a line, and a trailer that tells where to go on', async () => {
  const { get } = await setup();
  const answer = await get('/api/v1/paths?format=ndjson&limit=5');
  expect(answer.headers['content-type']).toBe('application/x-ndjson');
  const lines = answer.body.trimEnd().split('\n');
  expect(lines.map((line) => pathSchema.parse(JSON.parse(line)))).toEqual(newestFirst.slice(0, 5));
  const cursor = answer.trailers['x-next-cursor'];
  const rest = await get(`/api/v1/paths?format=ndjson&limit=5&cursor=${cursor}`);
  expect(rest.body.trimEnd().split('\n')).toHaveLength(2);
  expect(rest.trailers['x-next-cursor']).toBe('');
});

test('csv: a head, a column for each field, quotes where needed, and nothing that a spreadsheet runs', async () => {
  const [first] = samplePaths(NOW_US - 60_000_000);
  const evil = { ...first, cluster: '=cmd|"/c calc"!A1,x' } as (typeof paths)[number];
  const { get } = await apiUnderTest({ store: memoryStore([evil]) });
  const answer = await get('/api/v1/paths?format=csv&fields=pathId,cluster,client.port,hops.kind');
  expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8');
  expect(answer.headers['content-disposition']).toBe('attachment; filename="paths.csv"');
  const kinds = JSON.stringify(evil.hops.map(({ kind }) => kind)).replaceAll('"', '""');
  expect(answer.body).toBe(
    `pathId,cluster,client.port,hops.kind\r\n${evil.pathId},"'=cmd|""/c calc""!A1,x",${evil.client.port},"${kinds}"\r\n`,
  );
});

test('csv of refusals without fields has their usual columns', async () => {
  const { get } = await setup();
  const lines = (await get('/api/v1/refusals?format=csv')).body.trimEnd().split('\r\n');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toContain('pathId,startedAtUs,cluster,kind,node,destination.ip');
});

test('a bad question gets its problem although a stream was asked for', async () => {
  const { get } = await setup();
  const answer = await get('/api/v1/paths?format=csv&cursor=nonsense');
  expect([answer.statusCode, answer.json().code]).toEqual([400, 'HOP_CURSOR_INVALID']);
});

test('an answer that the caller has already is not sent again', async () => {
  const { get, store } = await setup();
  const first = await get('/api/v1/paths');
  const etag = String(first.headers.etag);
  expect(etag).toMatch(/^"[\w-]{27}"$/);
  expect(first.headers['cache-control']).toBe('private, no-cache');
  for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const again = await get('/api/v1/paths', { 'if-none-match': known });
    expect([again.statusCode, again.body, again.headers.etag]).toEqual([304, '', etag]);
  }
  expect((await get('/api/v1/paths', { 'if-none-match': '"x"' })).statusCode).toBe(200);
  store.paths.pop();
  expect((await get('/api/v1/paths', { 'if-none-match': etag })).statusCode).toBe(200);
});

test('beyond its requests a minute a caller is told to wait; probes are not counted', async () => {
  const { get } = await apiUnderTest({ env: { HOPTRACE_API_REQUESTS_PER_MINUTE: '3' } });
  const codes: number[] = [];
  for (let each = 0; each < 4; each++) codes.push((await get('/api/v1/paths')).statusCode);
  expect(codes).toEqual([200, 200, 200, 429]);
  const refused = await get('/api/v1/agents');
  expect(refused.headers['content-type']).toBe('application/problem+json');
  expect(refused.json()).toMatchObject({ code: 'HOP_RATE_LIMITED', status: 429 });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect((await get('/healthz')).statusCode).toBe(200);
});

test('incidents: refusals by cause, with the words of the newest, page by page and by id', async () => {
  const { get } = await setup();
  const list = incidentListSchema.parse((await get('/api/v1/incidents')).json());
  expect(list.items.map(({ cause, refusals, isOngoing }) => [cause, refusals, isOngoing])).toEqual([
    ['closedPort', 1, true],
    ['noEndpoints', 1, true],
    ['noLocalEndpoints', 1, true],
  ]);
  expect(list.items.every(({ text, remedy }) => text !== '' && remedy !== '')).toBe(true);
  const first = incidentListSchema.parse((await get('/api/v1/incidents?limit=2')).json());
  const second = await get(`/api/v1/incidents?limit=2&cursor=${first.nextCursor}`);
  expect([...first.items, ...incidentListSchema.parse(second.json()).items]).toEqual(list.items);
  const one = await get(`/api/v1/incidents/${list.items[1]?.incidentId}`);
  expect(one.json()).toEqual(list.items[1]);
  const none = await get('/api/v1/incidents/00000000000-0000000000000000');
  expect([none.statusCode, none.json().code]).toEqual([404, 'HOP_INCIDENT_NOT_FOUND']);
});
