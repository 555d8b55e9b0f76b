import { expect, test } from '@jest/globals';
import { serviceHopsSql, servicePointsSql } from './serviceStats.ts';
import { serviceTotalsSql } from './serviceTotals.ts';
import { expectGolden } from './testing/expectGolden.ts';

const DAY_S = 86_400;
const query = {
  fromS: 0,
  toS: DAY_S,
  stepS: 60,
  serviceNamespace: "x' OR 1=1 --",
  serviceName: 'web',
};

test.each([
  ['servicePoints.minutes', servicePointsSql(query)],
  [
    'servicePoints.hours',
    servicePointsSql({ ...query, stepS: 3600, servicePort: 'http', entryNode: 'n', ingress: 'i' }),
  ],
  ['serviceHops.minutes', serviceHopsSql(query)],
  ['serviceHops.hours', serviceHopsSql({ ...query, stepS: 7200 })],
  ['serviceTotals.minutes', serviceTotalsSql({ fromS: 0, toS: 3600 })],
  ['serviceTotals.hours', serviceTotalsSql({ fromS: 0, toS: DAY_S })],
])('the SQL of %s is the one in its golden file', async (name, sql) => {
  await expectGolden(name, sql);
  expect(sql).not.toContain('OR 1=1');
});
