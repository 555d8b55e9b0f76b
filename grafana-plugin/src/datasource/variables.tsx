import {
  CustomVariableSupport,
  type DataQueryRequest,
  type DataQueryResponse,
  type MetricFindValue,
  type QueryEditorProps,
} from '@grafana/data';
import type { DataQuery } from '@grafana/schema';
import { Combobox, InlineField } from '@grafana/ui';
import { from, map, type Observable } from 'rxjs';
import { REFUSAL_KINDS } from '../frames/refusals.ts';
import { OUTCOME_ORDER, serviceText } from '../view/words.ts';
import type { HoptraceDataSource } from './HoptraceDataSource.ts';
import { type HoptraceOptions, type HoptraceQuery, optionsOf } from './query.ts';
import type { Filters, Reader } from './reader.ts';

const LISTS = optionsOf({
  service: 'Services',
  node: 'Nodes',
  outcome: 'Outcomes',
  class: 'Classes of evidence',
  refusalKind: 'Kinds of refusal',
});

export interface VariableQuery extends DataQuery {
  list: string;
}

/** Who can list names; the data source. */
export interface Lister {
  list(what: string, range?: { fromMs: number; toMs: number }): Promise<MetricFindValue[]>;
}

const FIXED: Readonly<Record<string, readonly string[]>> = {
  outcome: OUTCOME_ORDER,
  class: ['A', 'B', 'C', 'D', 'M'],
  refusalKind: REFUSAL_KINDS,
};

/** Sorted names of one list; an unknown list has none. */
export async function valuesOf(reader: Reader, what: string, window: Filters): Promise<string[]> {
  const fixed = FIXED[what];
  if (fixed !== undefined) return [...fixed];
  if (what === 'node') return sorted((await reader.agents()).items.map(({ node }) => node));
  if (what !== 'service') return [];
  const { services } = await reader.overview(window);
  return sorted(services.map((service) => serviceText(service)));
}

function sorted(values: readonly string[]): string[] {
  return [...new Set(values)].sort((a, b) => a.localeCompare(b));
}

export class HoptraceVariables extends CustomVariableSupport<
  HoptraceDataSource,
  VariableQuery,
  HoptraceQuery,
  HoptraceOptions
> {
  override readonly editor = VariableEditor;
  private readonly lister: Lister;

  constructor(lister: Lister) {
    super();
    this.lister = lister;
  }

  override query(request: DataQueryRequest<VariableQuery>): Observable<DataQueryResponse> {
    const [target] = request.targets;
    const range = { fromMs: request.range.from.valueOf(), toMs: request.range.to.valueOf() };
    return from(this.lister.list(target?.list ?? 'service', range)).pipe(map((data) => ({ data })));
  }
}

type EditorProps = QueryEditorProps<
  HoptraceDataSource,
  HoptraceQuery,
  HoptraceOptions,
  VariableQuery
>;

function VariableEditor({ query, onChange }: EditorProps) {
  return (
    <InlineField label="List" labelWidth={14}>
      <Combobox
        id="hoptrace-variable-list"
        width={30}
        options={LISTS}
        value={query.list ?? 'service'}
        onChange={({ value }) => onChange({ ...query, refId: 'hoptrace', list: value })}
      />
    </InlineField>
  );
}
