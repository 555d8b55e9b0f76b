/** POST /api/v1/silences under bodies that are nearly right, wrong in every field, and no JSON at all. */
import { silenceInputSchema } from '@hoptrace/domain/rest/alerts.ts';
import { problemSchema } from '@hoptrace/domain/rest/queries.ts';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { buildApi } from './app.ts';
import { readConfig } from './config.ts';
import { engineWith, scriptedStore, T_US } from './testing/alerts.ts';
import { memoryStore } from './testing/memoryStore.ts';

const RUNS = Number(process.env.FUZZ_REQUESTS ?? 4_000);
const TOKEN = 'shop-op-secret-0123456789';
const OWN = ['lab', 'shop-eu'];

async function setup() {
  const { engine } = engineWith(scriptedStore());
  const tokens = [
    { name: 'shop-op', role: 'operator', tenant: 'shop', clusters: OWN, token: TOKEN },
  ];
  const env = {
    HOPTRACE_API_WEB_ROOT: '/nonexistent',
    HOPTRACE_API_TOKENS_FILE: '/tokens',
    HOPTRACE_API_REQUESTS_PER_MINUTE: '10000000',
  };
  const config = readConfig(env, () => JSON.stringify(tokens));
  const app = await buildApi({
    ...{ config, store: memoryStore(), nowUs: () => T_US, alerts: engine },
  });
  const headers = { host: 'localhost', authorization: `Bearer ${TOKEN}` };
  const post = (payload: string, type = 'application/json') =>
    app.inject({
      ...{ method: 'POST', url: '/api/v1/silences', payload },
      headers: { ...headers, 'content-type': type },
    });
  const end = (silenceId: string) =>
    app.inject({ method: 'DELETE', url: `/api/v1/silences/${silenceId}`, headers });
  return { app, post, end };
}

/** By field, what is right; a wrong one may be anything that JSON has. */
const RIGHT = {
  match: fc.dictionary(
    fc.constantFrom('rule', 'node', 'service', 'team', 'cluster'),
    fc.constantFrom('lab', 'x', ''),
  ),
  startsAtUs: fc.integer({ min: -2, max: 3 }).map((hours) => T_US + hours * 3_600_000_000),
  endsAtUs: fc.integer({ min: -1, max: 900 }).map((hours) => T_US + hours * 3_600_000_000),
  clusters: fc.array(fc.constantFrom('lab', 'shop-eu', 'bank'), { maxLength: 3 }),
  createdBy: fc.string({ minLength: 1, maxLength: 20 }),
  comment: fc.string({ maxLength: 20 }),
};
const WRONG = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, -1, 1e300, 'x'.repeat(3_000), null, '\ud800', '\0'),
);
const fieldOf = (right: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: WRONG });
const bodies = fc
  .tuple(
    fc.record(
      Object.fromEntries(Object.entries(RIGHT).map(([name, right]) => [name, fieldOf(right)])),
      { requiredKeys: [] },
    ),
    fc.dictionary(
      fc.constantFrom('__proto__', 'constructor', 'silenceId', 'tenant', 'author'),
      WRONG,
      {
        maxKeys: 1,
      },
    ),
    fc.boolean(),
  )
  .map(([body, more, isPlain]) => JSON.stringify(isPlain ? body : { ...body, ...more }));

test('a body is kept as it is given or refused with the field that is wrong', async () => {
  const { app, post, end } = await setup();
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      const answer = await post(body);
      const { statusCode } = answer;
      seen.set(statusCode, (seen.get(statusCode) ?? 0) + 1);
      if (statusCode === 201) {
        const silence = answer.json();
        const given = silenceInputSchema.parse(JSON.parse(body));
        expect(silence).toMatchObject({ ...given, clusters: expect.anything() });
        expect(silence).toMatchObject({ tenant: 'shop', author: 'shop-op' });
        expect(silence.clusters.length).toBeGreaterThan(0);
        expect(OWN).toEqual(expect.arrayContaining(silence.clusters));
        expect((await end(silence.silenceId)).statusCode).toBe(200);
        return;
      }
      expect([400, 403]).toContain(statusCode);
      const problem = problemSchema.parse(answer.json());
      expect(problem.code).toMatch(/^HOP_[A-Z_]+$/);
      if (problem.code === 'HOP_PARAMETER_INVALID')
        expect(problem.errors?.length).toBeGreaterThan(0);
    }),
    { numRuns: RUNS },
  );
  // Each way was gone: kept, refused as wrong, refused as another tenant's.
  for (const statusCode of [201, 400, 403]) expect(seen.get(statusCode)).toBeGreaterThan(0);
  await app.close();
}, 300_000);

test.each([
  ['nothing', '', 'application/json'],
  ['half of it', '{"match":{', 'application/json'],
  ['no object', '[]', 'application/json'],
  ['null', 'null', 'application/json'],
  ['a prototype', '{"__proto__":{"a":1},"match":{"node":"a"}}', 'application/json'],
  ['very deep', `${'['.repeat(20_000)}${']'.repeat(20_000)}`, 'application/json'],
  [
    'very deep inside',
    `{"comment":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
    'application/json',
  ],
  ['very long', JSON.stringify({ comment: 'x'.repeat(5_000_000) }), 'application/json'],
  ['a text with a toString of its own', '{"comment":{"toString":0}}', 'application/json'],
  ['a form', 'match=node', 'application/x-www-form-urlencoded'],
  ['XML', '<a/>', 'application/xml'],
  ['bytes', '\u0000\u0001\u0002', 'application/octet-stream'],
])('%s is refused with a problem', async (_name, body, type) => {
  const { app, post } = await setup();
  const answer = await post(body, type);
  expect(answer.statusCode).toBeGreaterThanOrEqual(400);
  expect(answer.statusCode).toBeLessThan(500);
  expect(problemSchema.parse(answer.json()).code).toMatch(/^HOP_[A-Z_]+$/);
  await app.close();
});

test('what is wrong inside a body is named with its value', async () => {
  const { app, post } = await setup();
  const body = { match: { node: 7 }, clusters: ['lab', 8], createdBy: ['a', 'b'], endsAtUs: 1.5 };
  const problem = problemSchema.parse((await post(JSON.stringify(body))).json());
  expect(problem.errors?.map(({ field, text }) => [field, text])).toEqual([
    ['match.node', 'match.node cannot be "7".'],
    ['endsAtUs', 'endsAtUs cannot be "1.5".'],
    ['clusters.1', 'clusters.1 cannot be "8".'],
    ['createdBy', 'createdBy cannot be ["a","b"].'],
    ['comment', 'comment is missing.'],
  ]);
  await app.close();
});
