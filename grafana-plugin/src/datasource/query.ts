/** What a query of the data source holds. */
import type { DataSourceJsonData } from '@grafana/data';
import type { DataQuery } from '@grafana/schema';

export const KINDS = [
  { value: 'paths', label: 'Paths', description: 'One row a request, newest first' },
  { value: 'path', label: 'One path', description: 'The hops of one request; draws the hop path' },
  { value: 'graph', label: 'Path graph', description: 'Paths added up: client to app Pod' },
  {
    value: 'refusals',
    label: 'Refusals',
    description: 'Refused connections, with cause and remedy',
  },
  { value: 'refusalStates', label: 'Refusals: states', description: 'Node and port over time' },
  {
    value: 'refusalCounts',
    label: 'Refusals: counts',
    description: 'Refused SYNs over time, by kind',
  },
  { value: 'refusalMarks', label: 'Refusals: marks', description: 'For annotations' },
  { value: 'overview', label: 'Counts', description: 'One row of counts of the time range' },
  {
    value: 'services',
    label: 'Services',
    description: 'Paths, refusals and extra hops by service',
  },
  { value: 'agents', label: 'Agents', description: 'Who reports, and what was lost' },
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
