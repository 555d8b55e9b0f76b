import { useState } from 'react';
import { type Agent, codeWords, lossesText } from '../../../grafana-plugin/src/view/agentModel.ts';
import {
  formatClock,
  formatDay,
  formatShare,
  plural,
} from '../../../grafana-plugin/src/view/format.ts';
import { ViewRoot } from '../../../grafana-plugin/src/view/ViewRoot.tsx';
import { fetchAgents, fetchMissing, type Missing } from './apiViews.ts';
import { FilterBar } from './FilterBar.tsx';
import { apiWindow, filtersOf, pageQuery, rangeText } from './filters.ts';
import { type PageProps, REFRESH_MS } from './memory.ts';
import { Section, Waiting } from './Section.tsx';
import { Empty, Failed, Loading, StaleBanner } from './states.tsx';
import { usePoll } from './usePoll.ts';
import { navigate } from './useRoute.ts';

type AgentsPageProps = PageProps & { readonly query: URLSearchParams };

const SHOWN = 200;

/** Who watches, who is silent, what was lost: how far what is shown elsewhere can be trusted. */
export function AgentsPage({ query, theme, isLive }: AgentsPageProps) {
  const filters = filtersOf(query);
  const [tick, setTick] = useState(0);
  const intervalMs = isLive && filters.range.kind === 'recent' ? REFRESH_MS : 0;
  const agents = usePoll('agents', fetchAgents, { intervalMs: isLive ? REFRESH_MS : 0, tick });
  const missing = usePoll(
    apiWindow(filters.range, 0).toString(),
    (signal) => fetchMissing(apiWindow(filters.range, Date.now()), signal),
    { intervalMs, tick },
  );
  return (
    <>
      <h1 className="title">Agents and data quality</h1>
      <FilterBar
        filters={filters}
        onChange={(next) => navigate(`/agents${pageQuery(next)}`, 'replace')}
        services={[]}
        fields={[]}
      />
      {agents.data === null && agents.failure === null && <Loading what="agents" />}
      {agents.data === null && agents.failure !== null && (
        <Failed failure={agents.failure} onRetry={() => setTick((before) => before + 1)} />
      )}
      {agents.data !== null && agents.failure !== null && (
        <StaleBanner failure={agents.failure} since="it was loaded" />
      )}
      {agents.data !== null && agents.data.items.length === 0 && (
        <Empty
          what="agents"
          range="last 24 hours"
          isFiltered={false}
          onClear={() => {}}
          agents={{ known: 0, silent: 0 }}
        />
      )}
      {agents.data !== null && agents.data.items.length > 0 && (
        <ViewRoot theme={theme} className="sections">
          <Lead agents={agents.data.items} />
          <Section title="Agents">
            <AgentTable agents={agents.data.items} />
          </Section>
          <Section title={`What is missing · ${rangeText(filters.range)}`}>
            {missing.data === null ? (
              <Waiting polled={missing} what="what is missing" />
            ) : (
              <MissingFacts missing={missing.data} />
            )}
          </Section>
        </ViewRoot>
      )}
    </>
  );
}

function Lead({ agents }: { readonly agents: readonly Agent[] }) {
  const silent = agents.filter(({ isSilent }) => isSilent);
  if (silent.length > 0) return <p className="ht-extra">! {silentText(silent, agents.length)}</p>;
  return (
    <p className="ht-lead">
      {plural(agents.length, 'agent')} known, all of them report. A machine that never had an agent
      is not in this list.
    </p>
  );
}

function silentText(silent: readonly Agent[], count: number): string {
  const names = silent
    .slice(0, 3)
    .map(({ node }) => node)
    .join(', ');
  return `${silent.length} of ${plural(count, 'agent')} silent (${names}${silent.length > 3 ? ', …' : ''}): what happens there is not seen at present, and absence of refusals there means nothing.`;
}

function AgentTable({ agents }: { readonly agents: readonly Agent[] }) {
  const sorted = [...agents].sort(
    (a, b) => Number(b.isSilent) - Number(a.isSilent) || a.node.localeCompare(b.node),
  );
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard */}
      <section className="ht-scroll" tabIndex={0} aria-label="Agents, to scroll">
        <table className="ht-table" aria-label="Agents">
          <thead>
            <tr>
              <th scope="col">machine</th>
              <th scope="col">state</th>
              <th scope="col">last heard of</th>
              <th scope="col">lost in 24 h</th>
              <th scope="col">kernel</th>
              <th scope="col" className="ht-right">
                containers
              </th>
            </tr>
          </thead>
          <tbody>
            {sorted
              .slice(0, SHOWN)
              .map(({ cluster, node, isSilent, lastSeenUs, losses, facts }) => (
                <tr key={`${cluster} ${node}`}>
                  <th scope="row">
                    {node} <span className="ht-muted">{cluster}</span>
                  </th>
                  <td className={isSilent ? 'ht-extra' : ''}>
                    {isSilent ? '! silent' : '✓ reports'}
                  </td>
                  <td className="ht-mono ht-nowrap">
                    {formatDay(lastSeenUs)} {formatClock(lastSeenUs).slice(0, 8)}
                  </td>
                  <td>{lossesText(losses) || 'nothing'}</td>
                  <td>{facts?.kernel ?? 'not told'}</td>
                  <td className="ht-right">{facts === null ? '–' : facts.containers}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </section>
      {sorted.length > SHOWN && (
        <p className="ht-muted">{sorted.length - SHOWN} more are not shown, silent ones first.</p>
      )}
    </>
  );
}

function MissingFacts({ missing: { paths, silences, losses } }: { readonly missing: Missing }) {
  return (
    <>
      <p>
        {paths.total === 0
          ? 'No path in this range.'
          : `${paths.incomplete} of ${plural(paths.total, 'path')} (${formatShare(paths.incomplete, paths.total)}) have a part that nobody saw.`}
      </p>
      <ul className="facts">
        {paths.warnings.map(({ code, paths: count }) => (
          <li key={code}>
            {plural(count, 'path')}: {codeWords(code)}
          </li>
        ))}
        {silences.slice(0, SHOWN).map(({ cluster, node, fromUs, toUs, isOpen }) => (
          <li key={`${cluster} ${node} ${fromUs}`}>
            {node} silent from {formatClock(fromUs).slice(0, 8)}{' '}
            {isOpen ? 'until now' : `to ${formatClock(toUs).slice(0, 8)}`}
          </li>
        ))}
        {losses.slice(0, SHOWN).map(({ cluster, node, fromUs, losses: lost }) => (
          <li key={`${cluster} ${node} ${fromUs} lost`}>
            {node} at {formatClock(fromUs).slice(0, 8)}: {lossesText(lost)}
          </li>
        ))}
      </ul>
      {silences.length === 0 && losses.length === 0 && (
        <p className="ht-muted">No agent was silent, and none told of a loss, in this range.</p>
      )}
    </>
  );
}
