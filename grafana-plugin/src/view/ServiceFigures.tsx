import { durationText, tailOf } from './durationWords.ts';
import { formatShare } from './format.ts';
import type { GraphTotals } from './model.ts';

/** The figures of a service in one row. A figure that was not measured is said so. */
export function ServiceFigures({ totals }: { readonly totals: GraphTotals }) {
  const { requests, outcomes, withExtraHops, crossings, incomplete } = totals;
  const refused = (outcomes.reset ?? 0) + (outcomes.rejected ?? 0) + (outcomes.dropped ?? 0);
  const figures: [string, string, '' | 'refused' | 'extra'][] = [
    ['requests', String(requests), ''],
    ['✕ refused', formatShare(refused, requests), refused > 0 ? 'refused' : ''],
    [
      '⤳ with known extra hop',
      formatShare(withExtraHops, requests),
      withExtraHops > 0 ? 'extra' : '',
    ],
    ['crossings per request', requests === 0 ? '–' : (crossings / requests).toFixed(2), ''],
    ['response p50', durationText(totals.responseP50Ns), ''],
    [`response p99`, tailOf(totals), ''],
    ['not wholly seen', formatShare(incomplete, requests), ''],
  ];
  return (
    <dl className="ht-figures">
      {figures.map(([name, value, tone]) => (
        <div key={name} className={tone === '' ? '' : `ht-figure-${tone}`}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
