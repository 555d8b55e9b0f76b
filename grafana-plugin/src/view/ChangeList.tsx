import type { ReactNode } from 'react';
import { formatClock, formatDay } from './format.ts';
import type { Change } from './model.ts';

export const CHANGE_GLYPHS: Record<Change['kind'], string> = {
  policy: '◆',
  endpoints: '●',
  health: '✚',
  service: '■',
  node: '▲',
};
export const CHANGE_WORDS: Record<Change['kind'], string> = {
  policy: 'policy',
  endpoints: 'endpoints',
  health: 'health check',
  service: 'Service',
  node: 'node',
};

interface ChangeListProps {
  readonly changes: readonly Change[];
  /** false: older ones may be missing. */
  readonly isWhole: boolean;
  readonly linkOf?: (change: Change) => ReactNode;
}

/** How much later than it happened a change may have been noticed, before it is worth saying. */
const SHARP_US = 1_000_000;

/** Changes, newest first: when, what, from what to what. */
export function ChangeList({ changes, isWhole, linkOf }: ChangeListProps) {
  if (changes.length === 0)
    return (
      <p className="ht-muted">
        No change of policies, endpoints or ports is known in this range. Where no topology is told,
        none can be.
      </p>
    );
  return (
    <>
      <div className="ht-scroll">
        <table className="ht-table" aria-label="Changes">
          <thead>
            <tr>
              <th scope="col">when</th>
              <th scope="col">what</th>
              <th scope="col">change</th>
              {linkOf !== undefined && <th scope="col">effect</th>}
            </tr>
          </thead>
          <tbody>
            {changes.map((change) => (
              <tr key={`${change.atUs} ${change.name} ${change.field} ${change.text}`}>
                <td className="ht-mono ht-nowrap">{whenText(change)}</td>
                <td>
                  <span className={`ht-change-${change.kind}`} aria-hidden="true">
                    {CHANGE_GLYPHS[change.kind]}
                  </span>{' '}
                  {CHANGE_WORDS[change.kind]}{' '}
                  <span className="ht-muted">
                    {change.namespace === '' ? change.name : `${change.namespace}/${change.name}`}
                  </span>
                </td>
                <td>{change.text}</td>
                {linkOf !== undefined && <td>{linkOf(change)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {!isWhole && <p className="ht-muted">There were more; the newest are shown.</p>}
    </>
  );
}

/** Where it was not observed as it happened, the time since which it may have been so. */
function whenText({ atUs, earliestAtUs }: Change): string {
  const at = `${formatDay(atUs)} ${formatClock(atUs).slice(0, 8)}`;
  if (earliestAtUs === null) return `${at} or before`;
  return atUs - earliestAtUs <= SHARP_US
    ? at
    : `${formatClock(earliestAtUs).slice(0, 8)} to ${formatClock(atUs).slice(0, 8)}`;
}
