/** What a query of the data source holds. */
import type { DataSourceJsonData } from '@grafana/data';
import type { DataQuery } from '@grafana/schema';

const KIND_LABELS = {
  paths: 'Paths',
  path: 'One path',
  graph: 'Path graph',
  refusals: 'Refusals',
  refusalStates: 'Refusals: states',
  refusalCounts: 'Refusals: counts',
  refusalMarks: 'Refusals: marks',
  overview: 'Counts',
  services: 'Services',
  agents: 'Agents',
};
export type Kind = keyof typeof KIND_LABELS;

/** Values and their labels, for a choice. */
export function optionsOf<Value extends string>(labels: Readonly<Record<Value, string>>) {
  return Object.entries<string>(labels).map(([value, label]) => ({ value: value as Value, label }));
}

export const KINDS = optionsOf(KIND_LABELS);

/** In which form a path is answered. Explore gets all of them. */
const FORM_LABELS = { hops: 'Hops', trace: 'Trace', nodeGraph: 'Node graph' };
export const FORMS = optionsOf(FORM_LABELS);

export type Form = keyof typeof FORM_LABELS;

export interface HoptraceQuery extends DataQuery {
  kind: Kind;
  /** Answers from sample paths instead of the API. */
  sample?: boolean;
  /** Paths only: shown as they are found. */
  live?: boolean;
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
