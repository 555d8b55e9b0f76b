/**
 * The alert rules for Grafana: those over ClickHouse asked of a genuine store as Grafana's user, quiet on a day like any
 * other and firing when it is not; those over Prometheus read by promtool.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createAlertMetrics } from '@hoptrace/api/alerts/alertMetrics.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { openStore, type Store } from '@hoptrace/store/client.ts';
import { insertHeartbeat } from '@hoptrace/store/inserts/insertHeartbeat.ts';
import { insertPaths } from '@hoptrace/store/inserts/insertPaths.ts';
import { rollUpMinutes } from '@hoptrace/store/rollups/rollUp.ts';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { parse } from 'yaml';
import { z } from 'zod';
import { startTestStore, type TestStore } from './embedded.ts';
import { hop, party, refusedPath, samplePath } from './storeSamples.ts';

jest.setTimeout(120_000);

const FOLDER = 'deploy/grafana/alerting';
const DASHBOARDS = 'grafana-plugin/src/dashboards';
const rangeSchema = z.strictObject({ from: z.int().min(0), to: z.literal(0) });
const datasourceSchema = z.strictObject({ type: z.string(), uid: z.string() });
const querySchema = z.strictObject({
  refId: z.literal('A'),
  datasourceUid: z.string(),
  relativeTimeRange: rangeSchema,
  model: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('clickhouse'),
      refId: z.literal('A'),
      datasource: datasourceSchema,
      editorType: z.literal('sql'),
      queryType: z.literal('table'),
      format: z.literal(1),
      rawSql: z.string(),
    }),
    z.strictObject({
      kind: z.literal('prometheus'),
      refId: z.literal('A'),
      datasource: datasourceSchema,
      instant: z.literal(true),
      range: z.literal(false),
      expr: z.string(),
    }),
  ]),
});
const thresholdSchema = z.strictObject({
  refId: z.literal('C'),
  datasourceUid: z.literal('__expr__'),
  relativeTimeRange: rangeSchema,
  model: z.strictObject({
    refId: z.literal('C'),
    type: z.literal('threshold'),
    expression: z.literal('A'),
    datasource: datasourceSchema,
    conditions: z.tuple([
      z.strictObject({
        evaluator: z.strictObject({ type: z.literal('gt'), params: z.tuple([z.number()]) }),
      }),
    ]),
  }),
});
const ruleSchema = z.strictObject({
  // Grafana takes at most 40 characters.
  uid: z.string().regex(/^[a-z-]{1,40}$/),
  title: z.string(),
  condition: z.literal('C'),
  for: z.string().regex(/^\d+[sm]$/),
  noDataState: z.enum(['OK', 'NoData', 'Alerting']),
  execErrState: z.literal('Error'),
  dashboardUid: z.string(),
  panelId: z.int(),
  labels: z.strictObject({ severity: z.enum(['critical', 'warning']) }),
  annotations: z.strictObject({ summary: z.string(), runbook: z.string().optional() }),
  data: z.tuple([querySchema, thresholdSchema]),
});
const fileSchema = z.strictObject({
  apiVersion: z.literal(1),
  groups: z.tuple([
    z.strictObject({
      orgId: z.literal(1),
      name: z.string(),
      folder: z.literal('hoptrace'),
      interval: z.string(),
      rules: z.array(ruleSchema).min(1),
    }),
  ]),
});
type Kind = 'clickhouse' | 'prometheus';
type Rule = z.infer<typeof ruleSchema>;

function rulesOf(kind: Kind): Rule[] {
  const read: unknown = parse(readFileSync(path.join(FOLDER, `${kind}.yaml`), 'utf8'));
  // The schema of a model goes by its data source; Grafana's files have no word for it.
  const named = JSON.parse(JSON.stringify(read), (_, value: unknown) =>
    isModel(value) ? { kind, ...value } : value,
  );
  return fileSchema.parse(named).groups[0].rules;
}

const isModel = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && ('rawSql' in value || 'expr' in value);

const thresholdOf = (rule: Rule): number => rule.data[1].model.conditions[0].evaluator.params[0];

const dashboards = readdirSync(DASHBOARDS)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(path.join(DASHBOARDS, name), 'utf8')))
  .map((each) =>
    z.object({ uid: z.string(), panels: z.array(z.object({ id: z.int() })) }).parse(each),
  );

test.each(['clickhouse', 'prometheus'] as const)(
  'rules over %s: ids are their own, panels and data sources are there',
  (kind) => {
    const rules = rulesOf(kind);
    const uids = (['clickhouse', 'prometheus'] as const).flatMap(rulesOf).map(({ uid }) => uid);
    expect(new Set(uids).size).toBe(uids.length);
    const sources = z
      .object({ datasources: z.array(z.object({ uid: z.string(), type: z.string() })) })
      .parse(parse(readFileSync(path.join(FOLDER, 'datasources.yaml'), 'utf8'))).datasources;
    for (const { data, dashboardUid, panelId } of rules) {
      const { model, datasourceUid } = data[0];
      expect(model.datasource.uid).toBe(datasourceUid);
      expect(sources).toContainEqual(model.datasource);
      const panels = dashboards.find(({ uid }) => uid === dashboardUid)?.panels ?? [];
      expect(panels.map(({ id }) => id)).toContain(panelId);
    }
  },
);

test('expressions for Prometheus are ones that it takes, over values that the API serves', async () => {
  const rules = rulesOf('prometheus').flatMap(({ uid, data: [{ model }] }) =>
    model.kind === 'prometheus' ? [{ alert: uid.replaceAll('-', '_'), expr: model.expr }] : [],
  );
  const registry = new Registry();
  createAlertMetrics(registry);
  const served = new Set((await registry.getMetricsAsJSON()).map(({ name }) => name));
  for (const { expr } of rules)
    for (const name of expr.match(/hoptrace_\w+/g) ?? []) expect(served).toContain(name);
  const folder = mkdtempSync(path.join(tmpdir(), 'hoptrace-promtool-'));
  try {
    const file = path.join(folder, 'rules.json');
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'grafana', rules }] }));
    const said = execFileSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
    expect(said).toContain(`${rules.length} rules found`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('over ClickHouse', () => {
  let fixture: TestStore;
  let grafana: Store;
  /** A whole minute in 2026, when the rules are asked. */
  const NOW_S = 1_790_006_400;
  const YESTERDAY_S = NOW_S - 40_000;

  beforeAll(async () => {
    fixture = await startTestStore();
    grafana = openStore(fixture.engine.as('grafana'));
  }, 120_000);
  afterAll(async () => {
    await grafana?.close();
    await fixture?.stop();
  }, 60_000);

  /** As Grafana's data source fills in its macros. */
  async function firing(atS: number): Promise<Record<string, Record<string, unknown>[]>> {
    const found: Record<string, Record<string, unknown>[]> = {};
    for (const rule of rulesOf('clickhouse')) {
      const { model, relativeTimeRange } = rule.data[0];
      if (model.kind !== 'clickhouse') continue;
      const sql = model.rawSql
        .replaceAll('$__fromTime', `toDateTime(${atS - relativeTimeRange.from})`)
        .replaceAll('$__toTime', `toDateTime(${atS})`);
      const rows = await grafana.select({ name: 'test', sql, params: {} });
      const over = rows
        .map((row) => z.record(z.string(), z.unknown()).parse(row))
        .filter((row) => Number(Object.values(row).at(-1)) > thresholdOf(rule));
      if (over.length > 0) found[rule.uid] = over;
    }
    return found;
  }

  const nodeA = party({ node: 'node-a' });
  const app = party({
    role: 'app',
    name: 'shop/web-1',
    node: 'node-b',
    ip: '10.1.0.5',
    port: 8080,
  });
  const paths = (atS: number, tail: number, change: { rttUs: number; isBad: boolean }): Path[] =>
    [0, 1, 2].map((index) => {
      const ns = change.rttUs * 1000;
      const rtt = { valueNs: ns, lowNs: ns, highNs: ns, method: 'handshakeDifference' as const };
      return samplePath({
        startedAtUs: atS * 1e6 + index,
        tail: tail + index,
        weight: 100,
        extraHops: change.isBad ? 1 : 0,
        hops: [hop({ index: 0, from: nodeA, to: app, rtt })],
        sourceVerdict: {
          scenario: change.isBad ? 'rewrittenByCluster' : 'direct',
          ...{ text: '', believable: true, remedy: '', clientSeenBy: [] },
        },
      });
    });
  const heartbeat = (seenAtS: number, ringEvents: number) =>
    insertHeartbeat(fixture.store, {
      ...{ cluster: 'c1', node: 'node-a', bootId: 'boot-0001', seenUs: seenAtS * 1e6 },
      losses: { ringEvents, badFrames: 0, evictedLegs: 0, unsentRecords: 0, ringRefusals: 0 },
      ...{ addresses: [], facts: null },
    });

  test('a day like the one before is quiet', async () => {
    await insertPaths(
      fixture.store,
      paths(YESTERDAY_S, 100, { rttUs: 400, isBad: false }),
      'before',
    );
    await insertPaths(fixture.store, paths(NOW_S - 120, 200, { rttUs: 420, isBad: false }), 'now');
    await heartbeat(NOW_S - 5, 0);
    await rollUpMinutes(fixture.store, { fromS: NOW_S - 86_400, toS: NOW_S });
    expect(await firing(NOW_S)).toEqual({});
  });

  test('what went wrong is told, with service, node and cause', async () => {
    const LATER_S = NOW_S + 3_600;
    await insertPaths(
      fixture.store,
      paths(LATER_S - 120, 300, { rttUs: 4_000, isBad: true }),
      'bad',
    );
    const refused = [400, 401, 402].map((tail) =>
      refusedPath({ startedAtUs: (LATER_S - 60) * 1e6 + tail, tail }),
    );
    const forged = samplePath({
      ...{ startedAtUs: (LATER_S - 60) * 1e6, tail: 500 },
      sourceVerdict: {
        ...{ scenario: 'forged', text: '', believable: false, remedy: '', clientSeenBy: [] },
      },
    });
    await insertPaths(fixture.store, [...refused, forged], 'refused and forged');
    await heartbeat(LATER_S - 200, 7);
    await rollUpMinutes(fixture.store, { fromS: LATER_S - 86_400, toS: LATER_S });
    const told = await firing(LATER_S);
    expect(Object.keys(told).sort()).toEqual([
      'hoptrace-ch-agent-silent',
      'hoptrace-ch-client-lost',
      'hoptrace-ch-evidence-lost',
      'hoptrace-ch-extra-hops',
      'hoptrace-ch-forged',
      'hoptrace-ch-hop-slower',
      'hoptrace-ch-refused',
    ]);
    expect(told['hoptrace-ch-refused']).toMatchObject([
      { refused: '3', node: 'node-a', cause: 'noEndpoints' },
    ]);
    expect(told['hoptrace-ch-agent-silent']).toMatchObject([{ node: 'node-a' }]);
    expect(told['hoptrace-ch-extra-hops']?.[0]).toMatchObject({ service: expect.any(String) });
  });
});
