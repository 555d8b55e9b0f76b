import type { QueryEditorProps } from '@grafana/data';
import {
  Combobox,
  InlineField,
  InlineFieldRow,
  InlineSwitch,
  Input,
  RadioButtonGroup,
} from '@grafana/ui';
import type { HoptraceDataSource } from './HoptraceDataSource.ts';
import {
  DEFAULT_LIMIT,
  FORMS,
  type HoptraceOptions,
  type HoptraceQuery,
  KINDS,
  type Kind,
} from './query.ts';

type Props = QueryEditorProps<HoptraceDataSource, HoptraceQuery, HoptraceOptions>;

type TextName =
  | 'service'
  | 'client'
  | 'node'
  | 'outcome'
  | 'class'
  | 'extraHops'
  | 'refusalKind'
  | 'pathId'
  | 'limit';
/** Name, label, placeholder. */
type TextField = readonly [TextName, string, string];

const SHARED: readonly TextField[] = [
  ['limit', 'Newest', `${DEFAULT_LIMIT}`],
  ['service', 'Service', 'shop/web:https'],
  ['node', 'Machine', 'node-a'],
  ['client', 'Client', '192.0.2.7'],
];
const OF_PATHS: readonly TextField[] = [
  ...SHARED,
  ['outcome', 'Outcome', 'served, reset, …'],
  ['extraHops', 'Extra hops ≥', '1'],
  ['class', 'Evidence', 'A, B, C, D or M'],
];
const OF_REFUSALS: readonly TextField[] = [
  ...SHARED,
  ['refusalKind', 'Kind', 'reset, rejected or dropped'],
];
const OF_PATH: TextField = ['pathId', 'Request', '$request'];

const LABEL_WIDTH = 14;

/** Which fields a kind of query filters by; the API knows no others. */
function fieldsOf(kind: Kind): readonly TextField[] {
  if (kind === 'paths' || kind === 'graph') return OF_PATHS;
  return kind.startsWith('refusal') ? OF_REFUSALS : [];
}

export function QueryEditor({ query, onChange, onRunQuery }: Props) {
  const { refId, kind = 'paths' } = query;
  const set = (change: Partial<HoptraceQuery>) => onChange({ ...query, ...change });
  const setAndRun = (change: Partial<HoptraceQuery>) => {
    set(change);
    onRunQuery();
  };
  const fields = fieldsOf(kind);
  const text = ([name, label, placeholder]: TextField, width: number) => (
    <InlineField key={name} label={label} labelWidth={LABEL_WIDTH}>
      <Input
        id={`hoptrace-${name}-${refId}`}
        width={width}
        placeholder={placeholder}
        value={query[name] ?? ''}
        onChange={({ currentTarget: { value } }) =>
          set({ [name]: name === 'limit' ? Number(value) || undefined : value })
        }
        onBlur={onRunQuery}
      />
    </InlineField>
  );
  const toggle = (name: 'sample' | 'live', label: string, tooltip?: string) => (
    <InlineField label={label} tooltip={tooltip}>
      <InlineSwitch
        id={`hoptrace-${name}-${refId}`}
        value={query[name] === true}
        onChange={({ currentTarget }) => setAndRun({ [name]: currentTarget.checked })}
      />
    </InlineField>
  );
  return (
    <>
      <InlineFieldRow>
        <InlineField label="Show" labelWidth={LABEL_WIDTH}>
          <Combobox
            id={`hoptrace-kind-${refId}`}
            width={28}
            options={KINDS}
            value={kind}
            onChange={({ value }) => setAndRun({ kind: value })}
          />
        </InlineField>
        {toggle('sample', 'Sample data', 'Made-up paths, for a first look without an agent')}
        {kind === 'paths' && toggle('live', 'Live')}
      </InlineFieldRow>
      <InlineFieldRow>
        {kind === 'path' && (
          <>
            {text(OF_PATH, 40)}
            <InlineField label="Form">
              <RadioButtonGroup
                options={FORMS}
                value={query.form ?? 'hops'}
                onChange={(form) => setAndRun({ form })}
              />
            </InlineField>
          </>
        )}
        {fields.map((field) => text(field, 22))}
      </InlineFieldRow>
    </>
  );
}
