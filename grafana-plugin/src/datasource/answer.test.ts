import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { refusalsOf, samplePaths } from '../view/samples/samplePaths.ts';
import { FilterError, withAdHocFilters } from './adHoc.ts';
import { type Asked, answerOf } from './answer.ts';
import { filledQuery } from './filled.ts';
import { type HoptraceQuery, KINDS } from './query.ts';
import type { Filters, Reader } from './reader.ts';
import { SampleReader } from './sampleReader.ts';

const documents = JSON.parse(readFileSync(new URL('samples.json', import.meta.url), 'utf8'));
const samples = new SampleReader(async () => documents);
const RANGE = { fromMs: 1_000_000_000_000, toMs: 1_000_000_900_000 };

function asked(query: Partial<HoptraceQuery>, reader: Reader = samples): Asked {
  return {
    reader,
    query: { refId: 'A', kind: 'paths', ...query },
    range: RANGE,
    maxSteps: 100,
    isExplore: false,
  };
}

test('the sample documents of the data source are those of the views', () => {
  // Written by scripts/grafanaSamples.ts.
  const paths = JSON.parse(JSON.stringify(samplePaths));
  expect(documents.paths).toEqual([...paths, ...paths, ...paths]);
  expect(documents.refusals).toEqual(JSON.parse(JSON.stringify(refusalsOf(documents.paths))));
  const { paths: count, outcomes } = documents.overview;
  expect(count).toBe(documents.paths.length);
  expect(Object.values(outcomes).reduce((sum: number, each) => sum + Number(each), 0)).toBe(count);
});

test.each(KINDS.map(({ value }) => value))('a query of kind %s is answered', async (kind) => {
  const frames = await answerOf(asked({ kind, pathId: 'sample-cross-node' }));
  expect(frames.length).toBeGreaterThan(0);
  for (const { fields } of frames) expect(fields.length).toBeGreaterThan(0);
});

test('the API is asked for the time range in microseconds, its end included, and for every filter', async () => {
  const calls: { filters: Filters; limit: number }[] = [];
  const reader: Reader = {
    paths: async (filters, limit) => {
      calls.push({ filters, limit });
      return { items: [], isCut: false };
    },
    path: samples.path.bind(samples),
    refusals: samples.refusals.bind(samples),
    overview: samples.overview.bind(samples),
    agents: samples.agents.bind(samples),
  };
  await answerOf(
    asked({ service: 'shop/web', node: 'node-a', outcome: 'reset', limit: 90_000 }, reader),
  );
  expect(calls).toEqual([
    {
      filters: {
        from: '1000000000000000',
        to: '1000000900001000',
        service: 'shop/web',
        client: undefined,
        node: 'node-a',
        outcome: 'reset',
        extraHops: undefined,
        class: undefined,
      },
      limit: 5000,
    },
  ]);
});

test('Explore gets a path in all its forms, a panel in the one that was asked for', async () => {
  const one = asked({ kind: 'path', pathId: 'sample-dropped' });
  const names = async (question: Asked) => (await answerOf(question)).map(({ name }) => name);
  expect(await names(one)).toEqual(['sample-dropped']);
  expect(await names({ ...one, isExplore: true })).toEqual([
    'sample-dropped',
    'sample-dropped',
    'nodes',
    'edges',
  ]);
  const types = (await answerOf({ ...one, isExplore: true })).map(
    (f) => f.meta.preferredVisualisationType,
  );
  expect(types).toEqual(['table', 'trace', 'nodeGraph', 'nodeGraph']);
});

test('sample paths lie in the time range and obey the filters', async () => {
  const [frame] = await answerOf(asked({ outcome: 'dropped', limit: 3 }));
  const column = (name: string) => frame?.fields.find((field) => field.name === name)?.values ?? [];
  expect(column('outcome')).toEqual(['dropped', 'dropped', 'dropped']);
  for (const time of column('time')) {
    expect(Number(time)).toBeGreaterThanOrEqual(RANGE.fromMs);
    expect(Number(time)).toBeLessThanOrEqual(RANGE.toMs + 1);
  }
});

test('variables are filled in; "all", nothing, and a variable without a value are no filter', () => {
  const values: Record<string, string> = { $service: 'shop/web', $node: '*' };
  const fill = (text: string) => values[text] ?? text;
  const query = {
    refId: 'A',
    kind: 'paths',
    service: '$service',
    node: '$node',
    client: ' ',
    pathId: '$none',
  } as const;
  expect(filledQuery(query, fill)).toEqual({ refId: 'A', kind: 'paths', service: 'shop/web' });
});

test('ad hoc filters become filters of the API; what it cannot do is refused, not ignored', () => {
  const query = { refId: 'A', kind: 'paths', node: 'own' } as const;
  const is = (key: string, value: string, operator = '=') => [{ key, operator, value }];
  expect(withAdHocFilters(query, is('service', 'shop/web'))).toEqual({
    ...query,
    service: 'shop/web',
  });
  expect(withAdHocFilters(query, is('node', 'other')).node).toBe('own');
  expect(() => withAdHocFilters(query, is('service', 'x', '!='))).toThrow(FilterError);
  expect(() => withAdHocFilters(query, is('colour', 'red'))).toThrow('filters by service, client');
  expect(() => withAdHocFilters({ ...query, kind: 'refusals' }, is('class', 'A'))).toThrow(
    'cannot be filtered by class',
  );
  expect(() => withAdHocFilters({ ...query, kind: 'overview' }, is('node', 'a'))).toThrow(
    'cannot be filtered by',
  );
});
