import type { ReactNode } from 'react';
import type { Failure, Overview } from './api.ts';
import { Link } from './Link.tsx';

interface PanelProps {
  readonly tone: 'plain' | 'failed';
  readonly title: string;
  readonly children: ReactNode;
}

function Panel({ tone, title, children }: PanelProps) {
  return (
    <section className={`panel panel-${tone}`} role={tone === 'failed' ? 'alert' : undefined}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** Rows that keep the place of those that are on their way. */
export function Loading({ what }: { readonly what: string }) {
  return (
    <div className="loading" role="status">
      <span className="sr-only">Loading {what}</span>
      {Array.from({ length: 8 }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike and never move
        <i key={row} aria-hidden="true" />
      ))}
    </div>
  );
}

interface FailedProps {
  readonly failure: Failure;
  readonly onRetry: () => void;
}

/** Nothing can be shown: what failed, and what to do. */
export function Failed({ failure, onRetry }: FailedProps) {
  return (
    <Panel tone="failed" title={failure.title}>
      <FailureText failure={failure} />
      <button type="button" className="button" onClick={onRetry}>
        Try again
      </button>
    </Panel>
  );
}

/** The last refresh failed, what is shown is older. */
export function StaleBanner({
  failure,
  since,
}: {
  readonly failure: Failure;
  readonly since: string;
}) {
  return (
    <p className="stale" role="alert">
      <strong>Not refreshed since {since}.</strong> {failure.title}
      {failure.detail === '' ? '' : `: ${failure.detail}`}
    </p>
  );
}

function FailureText({ failure }: { readonly failure: Failure }) {
  return (
    <>
      {failure.detail !== '' && <p>{failure.detail}</p>}
      {failure.remedies.length > 0 && (
        <ul>
          {failure.remedies.map((remedy) => (
            <li key={remedy}>{remedy}</li>
          ))}
        </ul>
      )}
    </>
  );
}

export function NotFound({ title, detail }: { readonly title: string; readonly detail: string }) {
  return (
    <Panel tone="plain" title={title}>
      <p className="mono breakable">{detail}</p>
      <p>
        <Link href="/">Show recent paths</Link>
      </p>
    </Panel>
  );
}

interface EmptyProps {
  /** `paths`, `refusals`. */
  readonly what: string;
  readonly range: string;
  readonly isFiltered: boolean;
  readonly onClear: () => void;
  /** null: not known. */
  readonly agents: Overview['agents'] | null;
}

/** Nothing in the range: why that may be, and exactly what to do. */
export function Empty({ what, range, isFiltered, onClear, agents }: EmptyProps) {
  if (isFiltered) {
    return (
      <Panel tone="plain" title={`No ${what} match these filters (${range})`}>
        <p>Choose a longer time range, or take the filters back.</p>
        <button type="button" className="button" onClick={onClear}>
          Clear filters
        </button>
      </Panel>
    );
  }
  const areAgentsWell = agents !== null && agents.known > agents.silent;
  return (
    <Panel tone="plain" title={`No ${what} (${range})`}>
      <p>{agentsText(agents)}</p>
      {what === 'refusals' && areAgentsWell ? null : <Steps />}
    </Panel>
  );
}

function agentsText(agents: Overview['agents'] | null): string {
  if (agents === null) return 'Whether any agent reports is not known.';
  const { known, silent } = agents;
  if (known === 0) return 'No agent has reported yet, so hoptrace cannot know of any connection.';
  if (silent === known)
    return `All known agents (${known}) are silent: what happens on their nodes is not seen at present.`;
  const rest = silent === 0 ? '' : ` ${silent} of ${known} agents are silent.`;
  return `${known - silent} ${known - silent === 1 ? 'agent reports' : 'agents report'}, but none has seen a connection of this kind in this time.${rest}`;
}

function Steps() {
  return (
    <dl className="steps">
      <dt>See recorded traffic now</dt>
      <dd>
        <code>npm start -- --demo</code>
      </dd>
      <dt>Watch this machine (Linux, root)</dt>
      <dd>
        <code>npm run agent:build</code>
        <code>npm start</code>
      </dd>
      <dt>Make traffic in a lab cluster (Linux, root)</dt>
      <dd>
        <code>npm run lab -- up</code>
        <code>npm run lab -- traffic</code>
      </dd>
      <dt>An agent runs, but nothing comes</dt>
      <dd>
        <code>npm run hoptrace -- agent check</code>
      </dd>
    </dl>
  );
}
