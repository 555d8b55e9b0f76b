import { formatNs } from './format.ts';
import { partyName } from './lanes.ts';
import type { Hop, Path } from './model.ts';
import { type HopPhases, PHASE_WORDS, PHASES, phasesOf } from './phases.ts';
import { trafficText } from './trafficWords.ts';

/** Below this share of the row a segment is widened so that it can be seen. */
const MIN_SEGMENT_PERCENT = 0.4;

/** How long each hop took over each phase, to one scale. Each row is stamped by one clock, none by two. */
export function HopTimings({ path }: { readonly path: Path }) {
  const rows = path.hops.map((hop) => ({ hop, timing: phasesOf(hop) }));
  const hasPhases = rows.some(({ timing }) => (timing?.phases.length ?? 0) > 0);
  const longestNs = hasPhases ? Math.max(...rows.map(({ timing }) => timing?.totalNs ?? 0)) : 0;
  return (
    <>
      {longestNs > 0 && <Scale longestNs={longestNs} />}
      <ul className="ht-timings">
        {rows.map(({ hop, timing }) => (
          <li key={hop.index}>
            <div className="ht-timing-label">
              <span>
                {hop.index + 1}. {partyName(hop.from)} → {partyName(hop.to)}
              </span>
              <span className="ht-muted">{clockText(timing)}</span>
            </div>
            {timing !== null && longestNs > 0 && <Bar timing={timing} longestNs={longestNs} />}
            <div className="ht-muted ht-timing-text">{timingText(hop, timing)}</div>
          </li>
        ))}
      </ul>
    </>
  );
}

function Scale({ longestNs }: { readonly longestNs: number }) {
  return (
    <>
      <p className="ht-lead">
        Each row starts at its own SYN and keeps to its own clock. All rows have one scale: their
        full width is {formatNs(longestNs)}.
      </p>
      <ul className="ht-legend" aria-label="Phases">
        {PHASES.map((name) => (
          <li key={name}>
            <i className={`ht-swatch ht-phase-${name}`} aria-hidden="true" />
            {PHASE_WORDS[name]}
          </li>
        ))}
      </ul>
    </>
  );
}

function Bar({ timing, longestNs }: { readonly timing: HopPhases; readonly longestNs: number }) {
  return (
    <div className="ht-bar" aria-hidden="true">
      {timing.phases.map(({ name, startNs, endNs }) => (
        <i
          key={name}
          className={`ht-phase-${name}`}
          style={{
            left: `${(100 * startNs) / longestNs}%`,
            width: `${Math.max(MIN_SEGMENT_PERCENT, (100 * (endNs - startNs)) / longestNs)}%`,
          }}
        />
      ))}
    </div>
  );
}

function clockText(timing: HopPhases | null): string {
  return timing === null ? 'not observed' : `clock of ${timing.clock}`;
}

function timingText(hop: Hop, timing: HopPhases | null): string {
  if (timing === null) return 'No agent saw this hop arrive, so it has no times.';
  const parts = timing.phases.map(
    ({ name, startNs, endNs }) => `${PHASE_WORDS[name]} ${formatNs(endNs - startNs)}`,
  );
  if (hop.times.establishedNs === null) {
    parts.push('no handshake was seen to complete');
    if (!timing.isOpen) parts.push(`ended ${formatNs(timing.totalNs)} after the SYN`);
  } else if (hop.times.firstResponseNs === null) parts.push('no response was seen');
  if (timing.isOpen) parts.push('the end was not seen');
  const traffic = trafficText(hop);
  if (traffic !== null) parts.push(`carried ${traffic}`);
  return parts.join(' · ');
}
