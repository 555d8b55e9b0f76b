import { pathFilterSchema, refusalFilterSchema } from '@hoptrace/domain/rest/queries.ts';
import { expect, test } from '@jest/globals';
import { writeCursor } from './cursor.ts';
import {
  type PathListParams,
  pathDocumentsSql,
  pathKeysSql,
  toPageRequest,
} from './pathFilters.ts';
import { expectGolden } from './testing/expectGolden.ts';

const NOW_US = 1_790_000_000_000_000;
const cursor = writeCursor({ pathId: '0hmi1l2u4sg-0000000000000001', fromUs: 5, toUs: 9 });

const pathParams = (query: Record<string, string>): PathListParams =>
  toPageRequest(pathFilterSchema.parse(query), { nowUs: NOW_US }).params;

test.each<[string, Record<string, string>]>([
  ['listPaths.plain', {}],
  ['listPaths.service', { service: 'shop/web' }],
  ['listPaths.nextPage', { cursor }],
  [
    'listPaths.everything',
    {
      service: 'shop/web:http',
      client: '198.51.100.7',
      node: 'node-a',
      outcome: 'served',
      extraHops: '1',
      class: 'A',
      cursor,
    },
  ],
])('the SQL of %s is the one in its golden file', async (name, query) => {
  const params = pathParams(query);
  await expectGolden(name, `${pathKeysSql(params)}\n${pathDocumentsSql(params)}`);
});

test('the SQL of listRefusals is the one in its golden file', async () => {
  const filter = refusalFilterSchema.parse({ kind: 'dropped', client: '198.51.100.7' });
  const { params } = toPageRequest(filter, { nowUs: NOW_US });
  await expectGolden('listRefusals.kind', pathKeysSql({ ...params, hasRefusal: true }));
});

test('no text of a filter reaches the SQL', () => {
  const params = pathParams({ node: "x' OR 1=1 --", service: 'shop/web' });
  const sql = `${pathKeysSql(params)}\n${pathDocumentsSql(params)}`;
  expect(sql).not.toContain('OR 1=1');
  expect(sql).not.toContain('shop');
});

test('the range defaults to the 15 minutes before now, or before `to`', () => {
  expect(pathParams({})).toMatchObject({ fromUs: NOW_US - 900_000_000, toUs: NOW_US });
  expect(pathParams({ to: '1000000000' })).toMatchObject({
    fromUs: 100_000_000,
    toUs: 1_000_000_000,
  });
  expect(pathParams({ to: '10' })).toMatchObject({ fromUs: 0, toUs: 10 });
});

test('a cursor brings its range along unless the filter names one', () => {
  expect(pathParams({ cursor })).toMatchObject({ fromUs: 5, toUs: 9 });
  expect(pathParams({ cursor, from: '7', to: '8' })).toMatchObject({ fromUs: 7, toUs: 8 });
});
