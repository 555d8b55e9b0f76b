import type { ReactNode } from 'react';
import { formatNs, plural } from './format.ts';
import { partyName } from './lanes.ts';
import type { Path, RefusalInfo } from './model.ts';
import { causeText, evidenceText, refusalTitle } from './words.ts';

interface NoticeProps {
  readonly tone: 'refused' | 'extra' | 'warning';
  readonly title: string;
  readonly children: ReactNode;
}

const MARKS = { refused: '✕', extra: '⤳', warning: '!' } as const;

function Notice({ tone, title, children }: NoticeProps) {
  return (
    <section className={`ht-notice ht-notice-${tone}`} aria-label={title}>
      <span className="ht-notice-mark" aria-hidden="true">
        {MARKS[tone]}
      </span>
      <div>
        <h2>{title}</h2>
        {children}
      </div>
    </section>
  );
}

/** Extra hops with their reason, and warnings about the evidence. */
export function Notices({ path }: { readonly path: Path }) {
  const extra = path.hops.filter((hop) => hop.extra === true);
  return (
    <>
      {extra.map((hop) => (
        <Notice
          key={hop.index}
          tone="extra"
          title={`Extra hop: ${hop.from.node ?? partyName(hop.from)} → ${hop.to.node ?? partyName(hop.to)}`}
        >
          <p>{hop.extraReason ?? 'An allowed choice would have avoided this crossing.'}</p>
        </Notice>
      ))}
      {path.warnings.length > 0 && (
        <Notice
          tone="warning"
          title={`${plural(path.warnings.length, 'warning')} about the evidence`}
        >
          <ul>
            {path.warnings.map(({ code, text, subject }) => (
              <li key={`${code} ${subject} ${text}`}>
                <strong>{subject}</strong>: {text} <code>{code}</code>
              </li>
            ))}
          </ul>
        </Notice>
      )}
    </>
  );
}

/** What an engineer must read first: where and why, what to do, and on what that rests. */
export function RefusalNotice({ refusal }: { readonly refusal: RefusalInfo }) {
  return (
    <Notice tone="refused" title={`${refusalTitle(refusal)}: ${causeText(refusal.cause)}`}>
      <p>{refusal.text}</p>
      {refusal.remedy !== '' && (
        <p>
          <strong>What to do:</strong> {refusal.remedy}
        </p>
      )}
      <p className="ht-muted">{refusalEvidence(refusal)}</p>
    </Notice>
  );
}

/** On what the verdict rests: evidence, the kernel's or ICMP's name for it, when it came, and the SYNs seen. */
export function refusalEvidence(refusal: RefusalInfo): string {
  const reason = refusal.reason === '' ? '' : ` (${refusal.reason})`;
  const when = refusal.afterNs > 0 ? `, ${formatNs(refusal.afterNs)} after the first SYN` : '';
  return `Evidence: ${evidenceText(refusal.evidence)}${reason}${when}; ${plural(refusal.synCount, 'SYN')} seen in all.`;
}
