import { expect, test } from '@jest/globals';
import {
  apiNextQuery,
  apiQuery,
  filtersOf,
  hasFilters,
  NO_FILTERS,
  pageQuery,
  rangeText,
} from './filters.ts';

const NOW_MS = Date.UTC(2026, 8, 1, 14);
const parse = (text: string) => filtersOf(new URLSearchParams(text));

test('filters survive the address', () => {
  const text =
    '?range=1h&service=shop%2Fweb&client=203.0.113.10&node=node-a&outcome=dropped&extraHops=1';
  expect(pageQuery(parse(text))).toBe(text);
});

test('defaults make an empty address, unknown values are left out', () => {
  expect(pageQuery(NO_FILTERS)).toBe('');
  expect(parse('?outcome=exploded&range=3w&extraHops=no')).toEqual(NO_FILTERS);
  expect(hasFilters(NO_FILTERS)).toBe(false);
});

test('the default range is left to the clock of the API, others are told in microseconds', () => {
  expect(apiQuery(NO_FILTERS, 'paths', NOW_MS).toString()).toBe('');
  expect(apiQuery(parse('?range=1h'), 'paths', NOW_MS).get('from')).toBe(
    String((NOW_MS - 3_600_000) * 1000),
  );
});

test('a fixed range is passed on as it was given', () => {
  const filters = parse('?from=2026-09-01T14:00:00Z&to=2026-09-01T15:00:00Z');
  expect(apiQuery(filters, 'paths', NOW_MS).get('to')).toBe('2026-09-01T15:00:00Z');
  expect(rangeText(filters.range)).toBe('2026-09-01T14:00:00Z to 2026-09-01T15:00:00Z');
  expect(rangeText(parse('?to=2026-09-01T15:00:00Z').range)).toBe(
    '15 minutes before 2026-09-01T15:00:00Z',
  );
});

test('a refusal has a kind instead of an outcome, and no extra hops', () => {
  const filters = parse('?outcome=dropped&extraHops=1&node=node-a');
  expect(apiQuery(filters, 'refusals', NOW_MS).toString()).toBe('node=node-a&kind=dropped');
  expect(apiQuery(parse('?outcome=served'), 'refusals', NOW_MS).toString()).toBe('');
});

test('a further page repeats the filters and leaves the window to the cursor', () => {
  expect(apiNextQuery(parse('?range=1h&outcome=reset'), 'paths', 'c1').toString()).toBe(
    'outcome=reset&cursor=c1',
  );
});
