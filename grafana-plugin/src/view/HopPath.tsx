import type { ReactNode } from 'react';
import { plural } from './format.ts';
import { HopDiagram } from './HopDiagram.tsx';
import { HopRail } from './HopRail.tsx';
import { HopTable } from './HopTable.tsx';
import { HopTimings } from './HopTimings.tsx';
import type { Path } from './model.ts';
import { Notices, RefusalNotice } from './Notices.tsx';
import { PathFacts } from './PathFacts.tsx';
import { SourceChain } from './SourceChain.tsx';
import type { ViewTheme } from './theme.ts';
import { ViewRoot } from './ViewRoot.tsx';
import { isSeen } from './words.ts';

/** Below this width lanes no longer fit side by side with their figures. */
const NARROW_PX = 720;

interface HopPathProps {
  readonly path: Path;
  readonly theme: ViewTheme;
  /** Pixels that the view may fill. */
  readonly width: number;
}

/** One request: its facts, what to know first, the lanes, the source address, the times, and all of it as a table. */
export function HopPath({ path, theme, width }: HopPathProps) {
  return (
    <ViewRoot theme={theme} className={width < NARROW_PX ? 'ht-narrow' : ''}>
      {path.refusal !== null && <RefusalNotice refusal={path.refusal} />}
      <PathFacts path={path} />
      <Notices path={path} />
      {path.hops.length === 0 ? (
        <p className="ht-lead">No hop of this path is known.</p>
      ) : (
        <>
          <Section id="path" title="Path by machine">
            {width < NARROW_PX ? (
              <HopRail path={path} width={width - 2} />
            ) : (
              <HopDiagram path={path} width={width - 2} />
            )}
            <DiagramNotes path={path} />
          </Section>
          <Section id="source" title="Source address">
            <SourceChain path={path} />
          </Section>
          <Section id="times" title="Time at each hop">
            <HopTimings path={path} />
          </Section>
          <Section id="hops" title="Hops as a table">
            <HopTable path={path} />
          </Section>
        </>
      )}
    </ViewRoot>
  );
}

interface SectionProps {
  readonly id: string;
  readonly title: string;
  readonly children: ReactNode;
}

function Section({ id, title, children }: SectionProps) {
  return (
    <section className="ht-section" aria-labelledby={`ht-${id}`}>
      <h2 id={`ht-${id}`}>{title}</h2>
      {children}
    </section>
  );
}

/** What the drawing does not say by itself: its scale, whose clocks, what was not seen. */
function DiagramNotes({ path }: { readonly path: Path }) {
  const clocks = [...new Set(path.hops.flatMap(({ times }) => times.clock ?? []))];
  const unseen = path.hops.filter((hop) => !isSeen(hop)).length;
  const untimed = path.hops.filter(({ times }) => times.synNs === null).length;
  return (
    <ul className="ht-notes">
      <li>Figures on arrows are round trips. Spacing follows the order of the hops, not time.</li>
      {clocks.length > 1 && (
        <li>
          Times come from {clocks.length} clocks ({clocks.join(', ')}) that are not aligned: compare
          round trips, not times of two machines.
        </li>
      )}
      {unseen > 0 && (
        <li>
          Dashed and hollow: {plural(unseen, 'hop')} no agent saw. What happened there is not known.
        </li>
      )}
      {path.hops.map(
        (hop) =>
          hop.gap && (
            <li key={hop.index}>
              Hop {hop.index + 1}: {hop.gap.text}
            </li>
          ),
      )}
      {untimed > unseen && (
        <li>
          {plural(untimed - unseen, 'further hop')} without a time: nobody saw the SYN arrive.
        </li>
      )}
    </ul>
  );
}
