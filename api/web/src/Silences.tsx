import type { ShownSilence } from '../../../domain/src/rest/alerts.ts';
import { formatClock, formatDay } from '../../../grafana-plugin/src/view/format.ts';
import type { ViewTheme } from '../../../grafana-plugin/src/view/theme.ts';
import { ViewRoot } from '../../../grafana-plugin/src/view/ViewRoot.tsx';
import { getJson, isObject } from './api.ts';
import { REFRESH_MS } from './memory.ts';
import { Section, Waiting } from './Section.tsx';
import { usePoll } from './usePoll.ts';

interface SilencesProps {
  readonly theme: ViewTheme;
  readonly isLive: boolean;
  /** Something fires: how to keep it quiet is worth saying. */
  readonly isFiring: boolean;
}

/** What keeps receivers quiet: where, until when, by whom and why. Nothing where there is neither a silence nor a need. */
export function Silences({ theme, isLive, isFiring }: SilencesProps) {
  const polled = usePoll('silences', fetchSilences, { intervalMs: isLive ? REFRESH_MS : 0 });
  const { data, failure } = polled;
  if (data === null && failure === null) return null;
  if (data?.length === 0 && !isFiring) return null;
  return (
    <ViewRoot theme={theme} className="sections">
      <Section
        title="Silences"
        note="They keep receivers quiet and hide nothing: alerts are listed all the same."
      >
        {data === null && <Waiting polled={polled} what="the silences" />}
        {data !== null && failure !== null && (
          <p className="status-stale">! As last heard: {failure.title}.</p>
        )}
        {data !== null && data.length > 0 && <SilenceTable silences={data} />}
        {data?.length === 0 && (
          <p className="dim">
            None. <code>hoptrace silences set node=node3 --for 2h --why 'it is being drained'</code>
          </p>
        )}
      </Section>
    </ViewRoot>
  );
}

function SilenceTable({ silences }: { readonly silences: readonly ShownSilence[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
    <section className="ht-scroll" tabIndex={0} aria-label="Silences, to scroll">
      <table className="ht-table" aria-label="Silences">
        <thead>
          <tr>
            {['state', 'alerts with', 'in clusters', 'until', 'by', 'why'].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {silences.map(({ silenceId, state, match, clusters, endsAtUs, ...rest }) => (
            <tr key={silenceId}>
              <td className={state === 'active' ? 'ht-extra' : 'ht-muted'}>
                {state === 'active' ? 'holds' : 'waits'}
              </td>
              <td className="ht-mono">
                {Object.entries(match)
                  .map(([label, value]) => `${label}=${value}`)
                  .join(' ')}
              </td>
              <td>{clusters.length === 0 ? 'all' : clusters.join(', ')}</td>
              <td className="ht-mono ht-nowrap">{instant(endsAtUs)}</td>
              <td>
                {rest.createdBy}
                {rest.author === null ? '' : ` (token ${rest.author})`}
              </td>
              <td>{rest.comment}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const instant = (us: number): string => `${formatDay(us)} ${formatClock(us).slice(0, 5)}`;

function fetchSilences(signal: AbortSignal) {
  return getJson('/api/v1/silences', signal, parse);
}

function parse(body: unknown): readonly ShownSilence[] | null {
  return isObject(body) && Array.isArray(body.items) ? body.items : null;
}
