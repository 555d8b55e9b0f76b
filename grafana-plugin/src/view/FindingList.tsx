import type { ReactNode } from 'react';
import type { Finding } from './serviceWays.ts';

const GLYPHS: Record<Finding['tone'], string> = {
  refused: '✕',
  extra: '⤳',
  unknown: '?',
  served: '✓',
};

interface FindingListProps {
  readonly findings: readonly Finding[];
  /** Where to look on; null: nowhere. */
  readonly linkOf: (finding: Finding) => ReactNode;
}

/** What is wrong, what it costs, what to change. */
export function FindingList({ findings, linkOf }: FindingListProps) {
  return (
    <ul className="ht-findings" aria-label="Findings">
      {findings.map((finding) => (
        <li key={finding.text} className={`ht-finding ht-finding-${finding.tone}`}>
          <span className="ht-finding-glyph" aria-hidden="true">
            {GLYPHS[finding.tone]}
          </span>
          <div>
            <strong>{finding.text}</strong> {finding.cost}
            {finding.remedy !== '' && <p className="ht-muted">{finding.remedy}</p>}
          </div>
          {linkOf(finding)}
        </li>
      ))}
    </ul>
  );
}
