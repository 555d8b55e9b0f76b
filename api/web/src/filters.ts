/** The filters of both lists: from the page's address, to the query of the API and back. */
import type { Outcome } from '../../../grafana-plugin/src/view/model.ts';
import { OUTCOME_ORDER } from '../../../grafana-plugin/src/view/words.ts';

export const RANGES = [
  { key: '5m', minutes: 5, text: 'last 5 minutes' },
  { key: '15m', minutes: 15, text: 'last 15 minutes' },
  { key: '1h', minutes: 60, text: 'last hour' },
  { key: '6h', minutes: 360, text: 'last 6 hours' },
  { key: '24h', minutes: 1440, text: 'last 24 hours' },
] as const;

export type RangeKey = (typeof RANGES)[number]['key'];

/** Either one of the ranges that end now, or two instants as they were given (ISO 8601 or microseconds). */
export type TimeRange =
  | { readonly kind: 'recent'; readonly key: RangeKey }
  | { readonly kind: 'fixed'; readonly from: string; readonly to: string };

export interface Filters {
  readonly range: TimeRange;
  readonly service: string;
  readonly client: string;
  readonly node: string;
  readonly outcome: Outcome | null;
  readonly hasExtraHops: boolean;
}

const DEFAULT_RANGE: TimeRange = { kind: 'recent', key: '15m' };

export const NO_FILTERS: Filters = {
  range: DEFAULT_RANGE,
  service: '',
  client: '',
  node: '',
  outcome: null,
  hasExtraHops: false,
};

/** Reads the page's query. What it does not know it leaves out. */
export function filtersOf(query: URLSearchParams): Filters {
  return {
    range: rangeOf(query),
    service: query.get('service') ?? '',
    client: query.get('client') ?? '',
    node: query.get('node') ?? '',
    outcome: OUTCOME_ORDER.find((outcome) => outcome === query.get('outcome')) ?? null,
    hasExtraHops: Number(query.get('extraHops') ?? 0) > 0,
  };
}

function rangeOf(query: URLSearchParams): TimeRange {
  const from = query.get('from') ?? '';
  const to = query.get('to') ?? '';
  if (from !== '' || to !== '') return { kind: 'fixed', from, to };
  const known = RANGES.find(({ key }) => key === query.get('range'));
  return known === undefined ? DEFAULT_RANGE : { kind: 'recent', key: known.key };
}

/** The page's own query: defaults are left out, so that a short address stays short. */
export function pageQuery(filters: Filters): string {
  const query = new URLSearchParams();
  const { range } = filters;
  if (range.kind === 'recent' && range.key !== '15m') query.set('range', range.key);
  if (range.kind === 'fixed') setAll(query, { from: range.from, to: range.to });
  setAll(query, chosen(filters));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/** The window of an API call, in microseconds for a range that ends now. `to` is left open, so that it is now. */
export function apiWindow(range: TimeRange, nowMs: number): URLSearchParams {
  const query = new URLSearchParams();
  if (range.kind === 'fixed') setAll(query, { from: range.from, to: range.to });
  // 15 minutes is the default of the API, by its own clock: no need to trust this machine's.
  else if (range.key !== '15m')
    query.set('from', String((nowMs - minutesOf(range.key) * 60_000) * 1000));
  return query;
}

/** The query of the first page of a list. Refusals know neither `outcome` nor `extraHops`: an outcome becomes `kind`. */
export function apiQuery(
  filters: Filters,
  list: 'paths' | 'refusals',
  nowMs: number,
): URLSearchParams {
  const query = apiWindow(filters.range, nowMs);
  setAll(query, listFilters(filters, list));
  return query;
}

/** A further page: its cursor carries the window, the filters must be told again. */
export function apiNextQuery(
  filters: Filters,
  list: 'paths' | 'refusals',
  cursor: string,
): URLSearchParams {
  const query = new URLSearchParams();
  setAll(query, { ...listFilters(filters, list), cursor });
  return query;
}

function listFilters(filters: Filters, list: 'paths' | 'refusals'): Record<string, string> {
  const { outcome, extraHops, ...common } = chosen(filters);
  if (list === 'paths') return { ...common, outcome, extraHops };
  const isKind = outcome === 'reset' || outcome === 'rejected' || outcome === 'dropped';
  return { ...common, kind: isKind ? outcome : '' };
}

function chosen({ service, client, node, outcome, hasExtraHops }: Filters) {
  return { service, client, node, outcome: outcome ?? '', extraHops: hasExtraHops ? '1' : '' };
}

function setAll(query: URLSearchParams, values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value.trim() !== '') query.set(name, value.trim());
  }
}

export function hasFilters({ service, client, node, outcome, hasExtraHops }: Filters): boolean {
  return service !== '' || client !== '' || node !== '' || outcome !== null || hasExtraHops;
}

export function rangeText(range: TimeRange): string {
  if (range.kind === 'recent')
    return RANGES.find(({ key }) => key === range.key)?.text ?? range.key;
  if (range.to === '') return `since ${range.from}`;
  return range.from === '' ? `15 minutes before ${range.to}` : `${range.from} to ${range.to}`;
}

function minutesOf(key: RangeKey): number {
  return RANGES.find((range) => range.key === key)?.minutes ?? 15;
}
