/** Dashboards name columns, kinds, panels and variables: each must exist, or the panel is silently empty. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { answerOf } from '../datasource/answer.ts';
import { KINDS } from '../datasource/query.ts';
import { SampleReader } from '../datasource/sampleReader.ts';
import { REQUEST_LINK, SERVICE_LINK } from '../frames/ids.ts';

const FOLDER = new URL('.', import.meta.url);
const SOURCE_ID = 'hoptrace-hoptrace-datasource';
const CORE_PANELS = [
  'stat',
  'table',
  'timeseries',
  'state-timeline',
  'traces',
  'nodeGraph',
  'text',
];
const OUR_PANELS = ['hoptrace-hoppath-panel', 'hoptrace-pathgraph-panel'];

const sourceSchema = z.strictObject({
  type: z.literal(SOURCE_ID),
  uid: z.literal('$' + '{datasource}'),
});
const targetSchema = z.looseObject({
  refId: z.string(),
  datasource: sourceSchema,
  kind: z.enum(KINDS.map(({ value }) => value)),
});
const panelSchema = z.looseObject({
  id: z.int(),
  type: z.enum([...CORE_PANELS, ...OUR_PANELS]),
  title: z.string().min(1),
  description: z.string().min(1),
  datasource: sourceSchema,
  targets: z.array(targetSchema).min(1),
  gridPos: z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
  fieldConfig: z.object({
    overrides: z.array(
      z.object({ matcher: z.object({ id: z.literal('byName'), options: z.string() }) }),
    ),
  }),
  transformations: z
    .array(z.looseObject({ id: z.string(), options: z.record(z.string(), z.unknown()) }))
    .optional(),
});
const dashboardSchema = z.looseObject({
  uid: z.string(),
  title: z.string(),
  tags: z.array(z.string()),
  schemaVersion: z.int().min(39),
  templating: z.object({ list: z.array(z.looseObject({ name: z.string(), type: z.string() })) }),
  panels: z.array(panelSchema),
});

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
const dashboards = files.map((file) => {
  const text = readFileSync(new URL(file, FOLDER), 'utf8');
  return { file, text, dashboard: dashboardSchema.parse(JSON.parse(text)) };
});

/** Every name of a column that a transformation, an override or a reduction of this panel speaks of. */
function columnsNamed(panel: z.infer<typeof panelSchema>): string[] {
  const names = panel.fieldConfig.overrides.map(({ matcher }) => matcher.options);
  const reduced = JSON.stringify(panel).match(/"fields":"\/\^(\w+)\$\/"/)?.[1];
  if (reduced !== undefined) names.push(reduced);
  for (const { id, options } of panel.transformations ?? []) {
    if (id === 'filterFieldsByName') names.push(...includedNames(options));
    if (id === 'groupBy') names.push(...Object.keys(Object(options.fields)));
    if (id === 'organize')
      names.push(
        ...Object.keys({ ...Object(options.indexByName), ...Object(options.renameByName) }),
      );
  }
  return names.map((name) => name.replace(/ \(count\)$/, ''));
}

function includedNames(options: Record<string, unknown>): string[] {
  return z.object({ include: z.object({ names: z.array(z.string()) }) }).parse(options).include
    .names;
}

test('the dashboards have fixed uids of their own, and the tag that links them', () => {
  expect(dashboards.map(({ dashboard }) => dashboard.uid).sort()).toEqual(
    files.map((file) => `hoptrace-${file.replace('.json', '')}`).sort(),
  );
  for (const { dashboard } of dashboards) expect(dashboard.tags).toContain('hoptrace');
});

test.each(dashboards)(
  '$file: panels have ids of their own and do not cover one another',
  ({ dashboard }) => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const a of panels) {
      expect(a.gridPos.x + a.gridPos.w).toBeLessThanOrEqual(24);
      for (const b of panels.filter(({ id }) => id > a.id)) {
        const { x, y, w, h } = a.gridPos;
        const apart =
          x + w <= b.gridPos.x ||
          b.gridPos.x + b.gridPos.w <= x ||
          y + h <= b.gridPos.y ||
          b.gridPos.y + b.gridPos.h <= y;
        expect([a.title, b.title, apart]).toEqual([a.title, b.title, true]);
      }
    }
  },
);

test.each(dashboards)(
  '$file: every column that is named is in the frames of its query',
  async ({ dashboard }) => {
    const samples = readFileSync(new URL('../datasource/samples.json', FOLDER), 'utf8');
    const reader = new SampleReader(async () => JSON.parse(samples));
    const range = { fromMs: 0, toMs: 900_000 };
    for (const panel of dashboard.panels) {
      const known = new Set<string>();
      for (const { kind, refId, form } of panel.targets) {
        const query = {
          refId,
          kind,
          form: z.enum(['hops', 'trace', 'nodeGraph']).optional().parse(form) ?? 'hops',
        };
        const frames = await answerOf({ reader, query, range, maxSteps: 100, isExplore: false });
        for (const { fields } of frames) for (const { name } of fields) known.add(name);
      }
      for (const name of columnsNamed(panel))
        expect([panel.title, name, known.has(name)]).toEqual([panel.title, name, true]);
    }
  },
);

test.each(dashboards)('$file: every variable that is used is there', ({ dashboard, text }) => {
  const known = new Set(dashboard.templating.list.map(({ name }) => name));
  const used = [...text.matchAll(/\$\{?([a-z]\w*)/g)].map(([, name]) => name ?? '');
  for (const name of used) expect([name, known.has(name)]).toEqual([name, true]);
});

test('links of the frames lead to dashboards and variables that exist', () => {
  for (const { url } of [REQUEST_LINK, SERVICE_LINK]) {
    const [, uid, variable] = /^\/d\/([\w-]+)\?var-(\w+)=/.exec(url) ?? [];
    const target = dashboards.find(({ dashboard }) => dashboard.uid === uid)?.dashboard;
    expect(target?.templating.list.map(({ name }) => name)).toContain(variable);
  }
});
