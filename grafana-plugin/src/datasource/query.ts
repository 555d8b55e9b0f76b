/** What a query of the data source holds. */
import type { DataSourceJsonData } from '@grafana/data';
import type { DataQuery } from '@grafana/schema';

export const KINDS = [
  { value: 'paths', label: 'Paths' },
  { value: 'path', label: 'One path' },
  { value: 'graph', label: 'Path graph' },
  {
    value: 'refusals',
    label: 'Refusals',
  },
  { value: 'refusalStates', label: 'Refusals: states' },
  {
    value: 'refusalCounts',
    label: 'Refusals: counts',
  },
  { value: 'refusalMarks', label: 'Refusals: marks' },
  { value: 'overview', label: 'Counts' },
  {
    value: 'services',
    label: 'Services',
  },
  { value: 'agents', label: 'Agents' },
] as const;

export type Kind = (typeof KINDS)[number]['value'];

/** In which form a path is answered. Explore gets all of them. */
export const FORMS = [
  { value: 'hops', label: 'Hops' },
  { value: 'trace', label: 'Trace' },
  { value: 'nodeGraph', label: 'Node graph' },
] as const;

export type Form = (typeof FORMS)[number]['value'];

export interface HoptraceQuery extends DataQuery {
  kind: Kind;
  /** Answers from sample paths instead of the API. */
  sample?: boolean;
  pathId?: string;
  form?: Form;
  service?: string;
  client?: string;
  node?: string;
  outcome?: string;
  class?: string;
  extraHops?: string;
  refusalKind?: string;
  limit?: number;
}

export interface HoptraceOptions extends DataSourceJsonData {
  apiUrl?: string;
}

export interface HoptraceSecrets {
  token?: string;
}

export const DEFAULT_LIMIT = 500;
/** The API gives pages of at most 1000; five of them are what a browser draws well. */
export const MAX_LIMIT = 5000;
