/** What people and scripts send as JSON, under bodies that are nearly right and wrong in any field. */
import { problemSchema } from '@hoptrace/domain/rest/queries.ts';
import { afterEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { envelope, leg, refusal } from '../testing/builders.ts';
import { type TestCollector, testCollector } from '../testing/collector.ts';
import { RECORDS_TYPE } from './postRoutes.ts';

const RUNS = Number(process.env.FUZZ_REQUESTS ?? 1_500);
const TIMEOUT_MS = 600_000;
let collector: TestCollector;
afterEach(() => collector.close());

const post = (url: string, type: string, payload: string) =>
  collector.app.inject({ method: 'POST', url, headers: { 'content-type': type }, payload });

const WRONG = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(
    null,
    -1,
    0,
    1e300,
    Number.MAX_SAFE_INTEGER,
    '',
    'x'.repeat(3_000),
    '\ud800',
    '\0',
  ),
  fc.constantFrom({ toString: 0 }, { length: -1 }, [[[]]]),
);

/** The same with some values, at any depth, replaced or left out. */
function spoiled(value: unknown, share: number): fc.Arbitrary<unknown> {
  const whole = keptOrSpoiled(value, share);
  return fc.oneof(
    { weight: Math.round(1 / share), arbitrary: whole },
    { weight: 1, arbitrary: WRONG },
  );
}

function keptOrSpoiled(value: unknown, share: number): fc.Arbitrary<unknown> {
  if (Array.isArray(value)) return fc.tuple(...value.map((each) => spoiled(each, share)));
  if (typeof value !== 'object' || value === null) return fc.constant(value);
  const parts = Object.entries(value).map(([key, each]) => [key, spoiled(each, share)] as const);
  return fc.record(Object.fromEntries(parts), {
    requiredKeys: parts.map(([key]) => key).filter((_, at) => at % 7 !== 0),
  });
}

async function judge(url: string, type: string, payload: string, seen: Map<number, number>) {
  const answer = await post(url, type, payload);
  const { statusCode } = answer;
  seen.set(statusCode, (seen.get(statusCode) ?? 0) + 1);
  expect(statusCode).toBeLessThan(500);
  if (statusCode >= 400) expect(problemSchema.parse(answer.json()).code).toMatch(/^HOP_[A-Z_]+$/);
}

test(
  'NDJSON: no body is answered 5xx, and each refusal is a problem',
  async () => {
    collector = await testCollector();
    const seen = new Map<number, number>();
    let seq = 0;
    const body = fc.tuple(
      spoiled(envelope({ count: 2 }), 0.01),
      spoiled(leg(), 0.02),
      spoiled(refusal(), 0.02),
    );
    await fc.assert(
      fc.asyncProperty(body, async (lines) => {
        const [head, ...records] = lines;
        const numbered = records.map((each) =>
          Object(each) === each && !Array.isArray(each) ? { ...Object(each), seq: ++seq } : each,
        );
        const text = [head, ...numbered].map((each) => JSON.stringify(each)).join('\n');
        await judge('/v1/records', RECORDS_TYPE, text, seen);
      }),
      { numRuns: RUNS },
    );
    expect(seen.get(200)).toBeGreaterThan(0);
    expect(seen.get(400)).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

const CLUSTER = {
  kind: 'List',
  items: [
    {
      kind: 'Node',
      metadata: { name: 'node1', labels: { zone: 'a' }, annotations: {} },
      spec: { podCIDRs: ['10.244.1.0/24'] },
      status: { addresses: [{ type: 'InternalIP', address: '192.168.50.11' }] },
    },
    {
      kind: 'Service',
      metadata: { namespace: 'shop', name: 'web', uid: 'u1' },
      spec: {
        type: 'NodePort',
        clusterIP: '10.96.0.1',
        externalTrafficPolicy: 'Local',
        ports: [{ name: 'http', port: 80, targetPort: 8080, nodePort: 30080, protocol: 'TCP' }],
      },
    },
    {
      kind: 'EndpointSlice',
      metadata: {
        namespace: 'shop',
        name: 'web-1',
        labels: { 'kubernetes.io/service-name': 'web' },
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.244.1.5'], nodeName: 'node1', conditions: { ready: true } }],
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    },
    {
      kind: 'Pod',
      metadata: { namespace: 'shop', name: 'web-1', uid: 'u2' },
      spec: { nodeName: 'node1' },
      status: { phase: 'Running', podIP: '10.244.1.5', podIPs: [{ ip: '10.244.1.5' }] },
    },
  ],
};

test(
  'topology: no body is answered 5xx, and each refusal is a problem',
  async () => {
    collector = await testCollector();
    const seen = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(spoiled(CLUSTER, 0.02), (cluster) =>
        judge('/api/v1/topology?cluster=lab', 'application/json', JSON.stringify(cluster), seen),
      ),
      { numRuns: RUNS },
    );
    expect(seen.get(200)).toBeGreaterThan(0);
    expect(seen.get(400)).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);
