import type { Filters } from './filters.ts';

const KINDS = [
  { kind: null, text: 'all' },
  { kind: 'reset', text: 'reset (RST)' },
  { kind: 'rejected', text: 'rejected (ICMP)' },
  { kind: 'dropped', text: 'dropped (silence)' },
] as const;

interface KindFilterProps {
  readonly filters: Filters;
  readonly onChange: (filters: Filters) => void;
}

/** Which kind of refusal is listed. */
export function KindFilter({ filters, onChange }: KindFilterProps) {
  const isKnown = KINDS.some(({ kind }) => kind === filters.outcome);
  const selected = isKnown ? filters.outcome : null;
  return (
    <fieldset className="kinds" aria-label="Kind of refusal">
      {KINDS.map(({ kind, text }) => (
        <button
          key={text}
          type="button"
          aria-pressed={selected === kind}
          onClick={() => onChange({ ...filters, outcome: kind })}
        >
          {text}
        </button>
      ))}
    </fieldset>
  );
}
