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

interface TextField {
  readonly name: 'service' | 'client' | 'node' | 'outcome' | 'class' | 'extraHops' | 'refusalKind';
  readonly label: string;
  readonly placeholder: string;
}

const SHARED: readonly TextField[] = [
  { name: 'service', label: 'Service', placeholder: 'shop/web:https' },
  { name: 'node', label: 'Machine', placeholder: 'node-a' },
  { name: 'client', label: 'Client', placeholder: '192.0.2.7' },
];
const OF_PATHS: readonly TextField[] = [
  { name: 'outcome', label: 'Outcome', placeholder: 'served, reset, …' },
  { name: 'extraHops', label: 'Extra hops ≥', placeholder: '1' },
  { name: 'class', label: 'Evidence', placeholder: 'A, B, C, D or M' },
];
const OF_REFUSALS: readonly TextField[] = [
  { name: 'refusalKind', label: 'Kind', placeholder: 'reset, rejected or dropped' },
];

const LABEL_WIDTH = 14;

/** Which fields a kind of query filters by; the API knows no others. */
function fieldsOf(kind: Kind): readonly TextField[] {
  if (kind === 'paths' || kind === 'graph') return [...SHARED, ...OF_PATHS];
  return kind.startsWith('refusal') ? [...SHARED, ...OF_REFUSALS] : [];
}

export function QueryEditor({ query, onChange, onRunQuery }: Props) {
  const kind = query.kind ?? 'paths';
  const set = (change: Partial<HoptraceQuery>) => onChange({ ...query, ...change });
  const setAndRun = (change: Partial<HoptraceQuery>) => {
    set(change);
    onRunQuery();
  };
  const fields = fieldsOf(kind);
  return (
    <>
      <InlineFieldRow>
        <InlineField label="Show" labelWidth={LABEL_WIDTH}>
          <Combobox
            id={`hoptrace-kind-${query.refId}`}
            width={28}
            options={[...KINDS]}
            value={kind}
            onChange={({ value }) => setAndRun({ kind: value })}
          />
        </InlineField>
        <InlineField label="Sample data" tooltip="Made-up paths, for a first look without an agent">
          <InlineSwitch
            id={`hoptrace-sample-${query.refId}`}
            value={query.sample === true}
            onChange={({ currentTarget }) => setAndRun({ sample: currentTarget.checked })}
          />
        </InlineField>
        {fields.length > 0 && (
          <InlineField label="Newest">
            <Input
              id={`hoptrace-limit-${query.refId}`}
              width={10}
              type="number"
              value={query.limit ?? DEFAULT_LIMIT}
              onChange={({ currentTarget }) => set({ limit: Number(currentTarget.value) })}
              onBlur={onRunQuery}
            />
          </InlineField>
        )}
      </InlineFieldRow>
      {kind === 'path' && (
        <OnePath query={query} set={set} setAndRun={setAndRun} onRunQuery={onRunQuery} />
      )}
      {fields.length > 0 && (
        <InlineFieldRow>
          {fields.map(({ name, label, placeholder }) => (
            <InlineField key={name} label={label} labelWidth={LABEL_WIDTH}>
              <Input
                id={`hoptrace-${name}-${query.refId}`}
                width={22}
                placeholder={placeholder}
                value={query[name] ?? ''}
                onChange={({ currentTarget }) => set({ [name]: currentTarget.value })}
                onBlur={onRunQuery}
              />
            </InlineField>
          ))}
        </InlineFieldRow>
      )}
    </>
  );
}

interface OnePathProps {
  readonly query: HoptraceQuery;
  readonly set: (change: Partial<HoptraceQuery>) => void;
  readonly setAndRun: (change: Partial<HoptraceQuery>) => void;
  readonly onRunQuery: () => void;
}

function OnePath({ query, set, setAndRun, onRunQuery }: OnePathProps) {
  return (
    <InlineFieldRow>
      <InlineField label="Request" labelWidth={LABEL_WIDTH}>
        <Input
          id={`hoptrace-path-${query.refId}`}
          width={40}
          placeholder="$request"
          value={query.pathId ?? ''}
          onChange={({ currentTarget }) => set({ pathId: currentTarget.value })}
          onBlur={onRunQuery}
        />
      </InlineField>
      <InlineField label="Form">
        <RadioButtonGroup
          options={[...FORMS]}
          value={query.form ?? 'hops'}
          onChange={(form) => setAndRun({ form })}
        />
      </InlineField>
    </InlineFieldRow>
  );
}
