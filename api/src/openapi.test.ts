import { expect, test } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { z } from 'zod';
import { samplePaths } from '../../test/samples/paths.ts';
import { apiUnderTest, NOW_US } from './testing/apiUnderTest.ts';
import { memoryStore } from './testing/memoryStore.ts';

const mediaSchema = z.object({ schema: z.record(z.string(), z.unknown()) });
const operationSchema = z.object({
  operationId: z.string().min(1),
  summary: z.string().min(1),
  tags: z.array(z.string()).min(1),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.enum(['query', 'path']),
        required: z.boolean().optional(),
        description: z.string().optional(),
        schema: z.record(z.string(), z.unknown()),
      }),
    )
    .optional(),
  responses: z.record(
    z.string().regex(/^([1-5]\d\d|[1-5]XX|default)$/),
    z.object({ description: z.string().min(1), content: z.record(z.string(), mediaSchema) }),
  ),
});
const documentSchema = z.object({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.object({ title: z.string(), version: z.string() }),
  paths: z.record(
    z.string().startsWith('/'),
    z.partialRecord(z.enum(['get', 'post', 'delete']), operationSchema),
  ),
  components: z.object({
    schemas: z.record(z.string(), z.record(z.string(), z.unknown())),
    securitySchemes: z.unknown().optional(),
  }),
  security: z.unknown().optional(),
});

const ROUTES = [
  '/api/dependencies',
  '/api/services',
  '/api/services/{service}/operations',
  '/api/traces',
  '/api/traces/{id}',
  '/api/v1/agents',
  '/api/v1/alerts',
  '/api/v1/audit',
  '/api/v1/changes',
  '/api/v1/incidents',
  '/api/v1/incidents/{id}',
  '/api/v1/live',
  '/api/v1/load-balancers',
  '/api/v1/missing',
  '/api/v1/overview',
  '/api/v1/paths',
  '/api/v1/paths/{id}',
  '/api/v1/paths/{id}/routes',
  '/api/v1/refusals',
  '/api/v1/refusals/timeline',
  '/api/v1/rules',
  '/api/v1/services',
  '/api/v1/services/{namespace}/{name}/graph',
  '/api/v1/services/{namespace}/{name}/stats',
  '/api/v1/silences',
  '/api/v1/silences/{silenceId}',
  '/api/v1/topology',
  '/healthz',
  '/metrics',
  '/readyz',
];

async function documentOf(env: Record<string, string> = {}, headers = {}) {
  const { get } = await apiUnderTest({ env });
  const answer = await get('/api/openapi.json', headers);
  expect(answer.statusCode).toBe(200);
  return { raw: answer.json(), ...documentSchema.parse(answer.json()) };
}

/** Every value under the key `$ref`, wherever it is. */
function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    key === '$ref' && typeof child === 'string' ? [child] : refsIn(child),
  );
}

test('every route is documented with its answers and problems, and every operation id is unique', async () => {
  const { paths } = await documentOf();
  expect(Object.keys(paths).sort()).toEqual(ROUTES);
  const operations = Object.entries(paths).flatMap(([route, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ route, method, ...operation })),
  );
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { route, method, responses } of operations) {
    const expected = route === '/api/v1/live' ? '101' : method === 'post' ? '201' : '200';
    expect(responses).toHaveProperty(expected);
    if (!route.startsWith('/api/')) continue;
    for (const status of ['4XX', '5XX']) {
      expect(responses[status]?.content['application/problem+json']?.schema).toEqual({
        $ref: '#/components/schemas/Problem',
      });
    }
  }
});

test('the document is valid OpenAPI 3.1 by its official schema, and a broken one is not', async () => {
  const { raw } = await documentOf();
  expect(await new Validator().validate(raw)).toEqual({ valid: true });
  const broken = structuredClone(raw);
  broken.paths['/api/v1/paths'].get.parameters[0].in = 'body';
  expect((await new Validator().validate(broken)).valid).toBe(false);
});

test('every $ref resolves, and every component is used', async () => {
  const { raw, components } = await documentOf();
  const refs = new Set(refsIn(raw));
  const names = Object.keys(components.schemas).map((name) => `#/components/schemas/${name}`);
  expect([...refs].sort()).toEqual(names.sort());
  expect(names.length).toBeGreaterThan(10);
});

test('parameters and fields carry their meaning', async () => {
  const { paths, components } = await documentOf();
  const parameters = paths['/api/v1/paths']?.get?.parameters ?? [];
  expect(parameters.map(({ name }) => name)).toEqual([
    'from',
    'to',
    'cluster',
    'service',
    'client',
    'node',
    'outcome',
    'extraHops',
    'class',
    'limit',
    'cursor',
    'fields',
    'format',
  ]);
  expect(parameters.every(({ description }) => (description ?? '').includes('Write'))).toBe(true);
  expect(parameters.every((parameter) => parameter.required !== true)).toBe(true);
  expect(JSON.stringify(components.schemas.Path)).toContain('hops known to go from one machine');
  expect(paths['/api/v1/paths/{id}']?.get?.parameters).toMatchObject([
    { name: 'id', in: 'path', required: true },
  ]);
});

test('the bearer scheme is documented where a token is asked for', async () => {
  const token = 'x'.repeat(20);
  const authorization = `Bearer ${token}`;
  const open = await documentOf();
  expect(open.components.securitySchemes).toBeUndefined();
  const closed = await documentOf({ HOPTRACE_API_TOKEN: token }, { authorization });
  expect(closed.components.securitySchemes).toEqual({ token: { type: 'http', scheme: 'bearer' } });
  expect(closed.security).toEqual([{ token: [] }]);
  expect(closed.raw.paths['/healthz'].get.security).toEqual([]);
});

test('a real answer fits the documented schema, read as JSON Schema by zod', async () => {
  const { get } = await apiUnderTest({ store: memoryStore(samplePaths(NOW_US - 1_000_000)) });
  const { components } = (await get('/api/openapi.json')).json();
  const schema = z.fromJSONSchema({
    ...inlined(components.schemas.PathList, components.schemas),
  });
  const list = (await get('/api/v1/paths')).json();
  expect(list.items).toHaveLength(7);
  expect(() => schema.parse(list)).not.toThrow();
  list.items[0].outcome = 'fine';
  expect(() => schema.parse(list)).toThrow();
});

function inlined(value: unknown, schemas: Record<string, unknown>): Record<string, unknown> {
  const text = JSON.stringify(value, (_key, child: unknown) => {
    if (typeof child !== 'object' || child === null || !('$ref' in child)) return child;
    return inlined(schemas[String(child.$ref).split('/').at(-1) ?? ''], schemas);
  });
  return JSON.parse(text);
}

test('the readable page is served without anything from elsewhere', async () => {
  const { get } = await apiUnderTest();
  const page = await get('/api/docs');
  expect(page.statusCode).toBe(200);
  expect(page.body).toContain('<title>hoptrace API</title>');
  expect(page.body).not.toMatch(/(src|href)="https?:/);
  expect(page.headers['content-security-policy']).toContain("default-src 'self'");
  expect((await get('/api/docs/static/swagger-ui-bundle.js')).statusCode).toBe(200);
  expect((await get('/api/docs/static/swagger-initializer.js')).body).toContain(
    '"validatorUrl":null',
  );
});
