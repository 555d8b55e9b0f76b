/**
 * The API under requests made from its own OpenAPI document, before a real database.
 *
 *   FUZZ_REQUESTS=100000 FUZZ_SEED=7 npm run test:integration -- --testPathPatterns apiFuzz
 */
import { buildApi } from '@hoptrace/api/app.ts';
import { clickhouseStore } from '@hoptrace/api/clickhouseStore.ts';
import { readConfig } from '@hoptrace/api/config.ts';
import { readIncidentId } from '@hoptrace/domain/incidents/groupRefusals.ts';
import { traceIdOf } from '@hoptrace/domain/jaeger/pathTrace.ts';
import { problemSchema } from '@hoptrace/domain/rest/queries.ts';
import { insertPaths } from '@hoptrace/store/inserts/insertPaths.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import {
  type FuzzRequest,
  fuzzRequests,
  INJECTIONS,
  isWellFormed,
  openapiSchema,
  randomOf,
} from '../fuzz/requests.ts';
import { samplePaths } from '../samples/paths.ts';
import { startTestStore, type TestStore } from './embedded.ts';

const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 10_000);
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_123);
const AT_ONCE = 8;
const NOW_US = Math.floor(Date.now() / 1000) * 1_000_000;
const TOKEN = 'fuzz-reader-secret-012345';
/** In every path of the cluster that the token must not see. */
const SECRET = 'cluster-nobody-may-see';
const TIMEOUT_MS = 3_600_000;
/** For admins. */
const REFUSED = ['listAudit'];

let engine: TestStore;
let app: FastifyInstance;

const own = samplePaths(NOW_US - 60_000_000);
const foreign = samplePaths(NOW_US - 120_000_000).map((path) => ({ ...path, cluster: SECRET }));

beforeAll(async () => {
  engine = await startTestStore();
  const tokens = JSON.stringify([
    { name: 'fuzz', role: 'reader', clusters: ['lab'], token: TOKEN },
  ]);
  const env = {
    HOPTRACE_API_WEB_ROOT: '/nonexistent/hoptrace',
    HOPTRACE_API_TOKENS_FILE: '/tokens',
    HOPTRACE_API_REQUESTS_PER_MINUTE: '10000000',
    // A busy machine is no fault of the API.
    HOPTRACE_API_QUERY_TIMEOUT_MS: '120000',
  };
  const config = readConfig(env, () => tokens);
  app = await buildApi({ config, store: clickhouseStore(engine.store), nowUs: () => NOW_US });
  await insertPaths(engine.store, [...own, ...foreign], 'both');
}, 120_000);

afterAll(async () => {
  await app?.close();
  await engine?.stop();
}, 60_000);

const headers = { host: 'localhost', authorization: `Bearer ${TOKEN}` };
const send = (request: Pick<FuzzRequest, 'method' | 'url' | 'headers'> & { payload?: string }) =>
  app.inject({ ...request, headers: { ...headers, ...request.headers } });

/** Why an answer is not acceptable; null where it is. */
async function complaintAbout(request: FuzzRequest, codes: Map<string, number>) {
  const answer = await send(request);
  const note = `${request.operationId} ${answer.statusCode}`;
  codes.set(note, (codes.get(note) ?? 0) + 1);
  if (answer.statusCode >= 500) return 'a 5xx';
  // What was asked is repeated in problems; the cluster's name was never asked.
  if (answer.body.includes(SECRET)) return 'data of another tenant';
  if (answer.statusCode < 400 || request.method === 'HEAD') return null;
  if (answer.headers['content-type'] !== 'application/problem+json') return 'no problem document';
  const problem = problemSchema.safeParse(answer.json());
  if (!problem.success || !/^HOP_[A-Z_]+$/.test(problem.data.code)) return 'no code';
  const isUnknown = problem.data.code === 'HOP_PARAMETER_UNKNOWN';
  const named = (problem.data.errors ?? []).map(({ field }) => field);
  if (isUnknown && !request.unknown.every((name) => named.includes(name.slice(0, 80)))) {
    return 'an unknown parameter that is not named';
  }
  return null;
}

/** `200: 4711, 400: 5120`. */
function summaryOf(codes: ReadonlyMap<string, number>): string {
  const sums = new Map<string, number>();
  for (const [note, count] of codes) {
    const status = note.split(' ')[1] ?? '';
    sums.set(status, (sums.get(status) ?? 0) + count);
  }
  return [...sums]
    .sort()
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ');
}

async function valuesThatFind() {
  const { items } = (await send({ method: 'GET', url: '/api/v1/incidents', headers: {} })).json();
  const page = (await send({ method: 'GET', url: '/api/v1/paths?limit=2', headers: {} })).json();
  const incidents: string[] = items.map((item: { incidentId: string }) => item.incidentId);
  expect(incidents.every((id) => readIncidentId(id) !== null)).toBe(true);
  const ids = [...own, ...foreign].map(({ pathId }) => pathId);
  return {
    id: [...ids, ...ids.map(traceIdOf), ...incidents],
    from: [String(NOW_US - 900_000_000), new Date(NOW_US / 1000 - 60_000).toISOString()],
    to: [String(NOW_US), new Date(NOW_US / 1000).toISOString()],
    start: [String(NOW_US - 900_000_000)],
    end: [String(NOW_US)],
    endTs: [String(NOW_US / 1000)],
    lookback: ['900000', '1h'],
    service: ['default/ingress', 'default/ingress-local:http', 'no/such'],
    client: ['203.0.113.10', '2001:db8::7', '::ffff:203.0.113.10'],
    node: ['node1', 'node3'],
    cluster: ['lab', 'lab', 'elsewhere'],
    cause: ['noEndpoints', 'closedPort'],
    cursor: [page.nextCursor],
    fields: ['pathId', 'pathId,client.ip,hops.rtt.valueNs', 'hops,hops.from.name'],
    tags: ['{"client":"203.0.113.10"}', '{"error":"true","node":"node3"}', '{"x":1}'],
    operation: ['served', 'dropped', 'all'],
    minDuration: ['1ms', '10us'],
    maxDuration: ['1s'],
  };
}

test(
  `${REQUESTS} requests with seed ${SEED}: no 5xx, no data of another tenant, every refusal a problem`,
  async () => {
    const raw = await send({ method: 'GET', url: '/api/openapi.json', headers: {} });
    const document = openapiSchema.parse(raw.json());
    const requests = fuzzRequests(document, { values: await valuesThatFind() }, randomOf(SEED));
    const codes = new Map<string, number>();
    const complaints: string[] = [];
    let sent = 0;
    const worker = async () => {
      while (sent < REQUESTS && complaints.length < 5) {
        sent += 1;
        const request: FuzzRequest = requests.next().value;
        const complaint = await complaintAbout(request, codes);
        if (complaint !== null) complaints.push(`${complaint}: ${JSON.stringify(request)}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    console.info(summaryOf(codes));
    expect(complaints).toEqual([]);
    expect(sent).toBeGreaterThanOrEqual(REQUESTS);
    // Every operation was really asked, and answered well at least once.
    const operations = Object.values(document.paths).flatMap(({ get }) => get?.operationId ?? []);
    const answered = operations.filter(
      (id) =>
        codes.has(`${id} 200`) ||
        codes.has(`${id} 426`) ||
        codes.has(`${id} 304`) ||
        (REFUSED.includes(id) && codes.has(`${id} 403`)),
    );
    // The page is not built here, which does not make the API unready.
    expect(answered.sort()).toEqual(operations.sort());
    const counts = (
      await send({ method: 'GET', url: '/api/v1/paths?limit=1000', headers: {} })
    ).json();
    expect(counts.items).toHaveLength(own.length);
  },
  TIMEOUT_MS,
);

test.each(INJECTIONS.filter((text) => text.trim() !== '' && isWellFormed(text)))(
  'as a node, %j finds nothing; as anything with a form it is refused',
  async (text) => {
    const value = encodeURIComponent(text);
    const node = await send({ method: 'GET', url: `/api/v1/paths?node=${value}`, headers: {} });
    if (node.statusCode === 200) expect(node.json().items).toEqual([]);
    else expect(node.statusCode).toBe(400);
    for (const name of ['service', 'client', 'outcome', 'class', 'kind', 'cursor', 'fields']) {
      const list = name === 'kind' ? 'refusals' : 'paths';
      const answer = await send({
        method: 'GET',
        url: `/api/v1/${list}?${name}=${value}`,
        headers: {},
      });
      expect([name, answer.statusCode]).toEqual([name, 400]);
    }
  },
  TIMEOUT_MS,
);
