import type { FocusEvent, FormEvent } from 'react';
import { type Filters, hasFilters, NO_FILTERS, RANGES } from './filters.ts';
import { instantOf, localOf } from './instants.ts';

interface FilterBarProps {
  readonly filters: Filters;
  readonly onChange: (filters: Filters) => void;
  /** `namespace/name` of the services seen, as suggestions. */
  readonly services: readonly string[];
  readonly hasExtraHopsFilter?: boolean;
  /** Which texts can be filtered by; the time always can. */
  readonly fields?: readonly ('service' | 'client' | 'node')[];
}

const ALL_FIELDS = ['service', 'client', 'node'] as const;

/** Filters of a list. A text counts when the field is left or Enter is pressed. */
export function FilterBar({
  filters,
  onChange,
  services,
  hasExtraHopsFilter = false,
  fields = ALL_FIELDS,
}: FilterBarProps) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const text = (name: string) => String(data.get(name) ?? '').trim();
    onChange({
      ...filters,
      service: text('service'),
      client: text('client'),
      node: text('node'),
    });
  };
  return (
    <search>
      <form className="filters" onSubmit={submit}>
        <RangeField filters={filters} onChange={onChange} />
        {fields.includes('service') && (
          <TextField
            name="service"
            value={filters.service}
            hint="namespace/name"
            suggestions={services}
          />
        )}
        {fields.includes('client') && (
          <TextField name="client" value={filters.client} hint="IP address" />
        )}
        {fields.includes('node') && <TextField name="node" value={filters.node} hint="machine" />}
        {hasExtraHopsFilter && (
          <label className="field field-check">
            <input
              type="checkbox"
              checked={filters.hasExtraHops}
              onChange={(event) => onChange({ ...filters, hasExtraHops: event.target.checked })}
            />
            extra hops only
          </label>
        )}
        {fields.length > 0 && (
          <button
            type="button"
            className="button button-quiet"
            disabled={!hasFilters(filters)}
            onClick={() => onChange({ ...NO_FILTERS, range: filters.range })}
          >
            Clear
          </button>
        )}
        <button type="submit" className="sr-only" tabIndex={-1}>
          Apply
        </button>
      </form>
    </search>
  );
}

interface TextFieldProps {
  readonly name: string;
  readonly value: string;
  readonly hint: string;
  readonly suggestions?: readonly string[];
}

function TextField({ name, value, hint, suggestions }: TextFieldProps) {
  const apply = (event: FocusEvent<HTMLInputElement>) => {
    if (event.target.value.trim() !== value) event.target.form?.requestSubmit();
  };
  const listId = suggestions === undefined ? undefined : `${name}-list`;
  return (
    <label className="field">
      <span>{name}</span>
      <input
        // The address may change without this field (back button, Clear): then it starts anew.
        key={value}
        name={name}
        defaultValue={value}
        placeholder={hint}
        list={listId}
        onBlur={apply}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
      />
      {suggestions !== undefined && (
        <datalist id={listId}>
          {suggestions.map((suggestion) => (
            <option key={suggestion} value={suggestion} />
          ))}
        </datalist>
      )}
    </label>
  );
}

function RangeField({ filters, onChange }: Pick<FilterBarProps, 'filters' | 'onChange'>) {
  const { range } = filters;
  const choose = (key: string) => {
    const known = RANGES.find((each) => each.key === key);
    if (known !== undefined) onChange({ ...filters, range: { kind: 'recent', key: known.key } });
    else onChange({ ...filters, range: fixedHour(Date.now()) });
  };
  return (
    <>
      <label className="field">
        <span>time</span>
        <select
          value={range.kind === 'recent' ? range.key : 'fixed'}
          onChange={(event) => choose(event.target.value)}
        >
          {RANGES.map(({ key, text }) => (
            <option key={key} value={key}>
              {text}
            </option>
          ))}
          <option value="fixed">from … to …</option>
        </select>
      </label>
      {range.kind === 'fixed' &&
        (['from', 'to'] as const).map((name) => (
          <label key={name} className="field field-time">
            <span>{name}</span>
            <input
              key={range[name]}
              type="datetime-local"
              step={1}
              defaultValue={localOf(range[name])}
              onBlur={(event) => {
                const instant = instantOf(event.target.value);
                if (instant !== instantOf(localOf(range[name])))
                  onChange({ ...filters, range: { ...range, [name]: instant } });
              }}
            />
          </label>
        ))}
    </>
  );
}

/** A first guess that the viewer will change: the last hour, standing still. */
function fixedHour(nowMs: number): Filters['range'] {
  const instant = (ms: number) => new Date(Math.floor(ms / 1000) * 1000).toISOString();
  return { kind: 'fixed', from: instant(nowMs - 3_600_000), to: instant(nowMs) };
}
