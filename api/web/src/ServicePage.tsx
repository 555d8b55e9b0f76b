import { type ReactNode, useEffect, useState } from 'react';
import type { Change } from '../../../domain/src/rest/changes.ts';
import type { RefusalTimeline as RefusalTimes } from '../../../domain/src/rest/refusalTimeline.ts';
import type { ServiceGraph } from '../../../domain/src/rest/serviceGraph.ts';
import { ChangeList } from '../../../grafana-plugin/src/view/ChangeList.tsx';
import { CrossingTable } from '../../../grafana-plugin/src/view/CrossingTable.tsx';
import { FindingList } from '../../../grafana-plugin/src/view/FindingList.tsx';
import { plural } from '../../../grafana-plugin/src/view/format.ts';
import { PathGraph } from '../../../grafana-plugin/src/view/PathGraph.tsx';
import { RefusalTimeline } from '../../../grafana-plugin/src/view/RefusalTimeline.tsx';
import { ServiceFigures } from '../../../grafana-plugin/src/view/ServiceFigures.tsx';
import { SourceShares } from '../../../grafana-plugin/src/view/SourceShares.tsx';
import {
  crossingsOf,
  type Finding,
  findingsOf,
  graphOfWays,
} from '../../../grafana-plugin/src/view/serviceWays.ts';
import { ViewRoot } from '../../../grafana-plugin/src/view/ViewRoot.tsx';
import type { ChangeList as Changes } from './apiViews.ts';
import { FilterBar } from './FilterBar.tsx';
import { type Filters, filtersOf, NO_FILTERS, pageQuery, rangeText } from './filters.ts';
import { Link } from './Link.tsx';
import { type PageProps, REFRESH_MS } from './memory.ts';
import { pathHref, serviceHref } from './route.ts';
import { Section, Waiting } from './Section.tsx';
import { Empty, Failed, Loading, StaleBanner } from './states.tsx';
import type { Polled } from './usePoll.ts';
import { navigate } from './useRoute.ts';
import { useGraph, useTimeline } from './useServiceViews.ts';
import { useWidth } from './useWidth.ts';

type ServicePageProps = PageProps & { readonly service: string; readonly query: URLSearchParams };

const GRAPH_HEIGHT = 340;
const MAX_PER_STAGE = 8;

/** One service: what is wrong, what it costs, what changed, which ways its requests take. */
export function ServicePage({ service, query, theme, isLive, memory }: ServicePageProps) {
  const filters = filtersOf(query);
  const [tick, setTick] = useState(0);
  const [ref, width] = useWidth<HTMLDivElement>();
  const intervalMs = isLive && filters.range.kind === 'recent' ? REFRESH_MS : 0;
  const timing = { intervalMs, tick };
  const graph = useGraph(service, filters, timing);
  const { timeline, changes } = useTimeline({ ...filters, service }, timing);
  useEffect(() => {
    memory.listHref = `${serviceHref(service)}${pageQuery(filters)}`;
  });
  const change = (next: Filters) =>
    navigate(`${serviceHref(service)}${pageQuery({ ...next, service: '' })}`, 'replace');
  const listQuery = pageQuery({ ...NO_FILTERS, range: filters.range, service, node: filters.node });
  return (
    <div ref={ref}>
      <p className="crumbs">
        <Link href={`/services${pageQuery({ ...NO_FILTERS, range: filters.range })}`}>
          ← Services
        </Link>
      </p>
      <div className="path-title">
        <h1 className="title">{service}</h1>
        <Link href={`/${listQuery}`}>paths</Link>
        <Link href={`/refusals${listQuery}`}>refusals</Link>
        <Link href={compareHref(service, filters, null)}>before / after</Link>
      </div>
      <FilterBar filters={filters} onChange={change} services={[]} fields={['node']} />
      <GraphState
        graph={graph}
        range={rangeText(filters.range)}
        onRetry={() => setTick((before) => before + 1)}
        onClear={filters.node === '' ? null : () => change({ ...filters, node: '' })}
      />
      {graph.data !== null && width > 0 && (
        <ViewRoot theme={theme} className="sections">
          {graph.data.totals.requests > 0 && (
            <>
              <FindingList
                findings={findingsOf(graph.data)}
                linkOf={(finding) => findingLink(finding, { listQuery, filters, service })}
              />
              <ServiceFigures totals={graph.data.totals} />
              <Section title="Ways" note={noteOf(graph.data)}>
                <PathGraph
                  graph={graphOfWays(graph.data)}
                  paths={graph.data.totals.requests}
                  theme={theme}
                  width={width - 34}
                  height={GRAPH_HEIGHT}
                  maxPerStage={MAX_PER_STAGE}
                  onMachine={(node) => change({ ...filters, node })}
                />
              </Section>
            </>
          )}
          <TimelineSection {...{ timeline, changes, theme, width }} />
          <Section title="Policies and changes">
            <ChangeSection {...{ changes, service, filters }} />
          </Section>
          {graph.data.totals.requests > 0 && (
            <>
              <Section title="Source address, as each party saw it" id="source">
                <SourceShares ways={graph.data} hrefOf={pathHref} />
              </Section>
              <Section title="Crossings between machines">
                <CrossingTable
                  crossings={crossingsOf(graph.data)}
                  requests={graph.data.totals.requests}
                />
              </Section>
            </>
          )}
        </ViewRoot>
      )}
    </div>
  );
}

interface GraphStateProps {
  readonly graph: Polled<ServiceGraph>;
  readonly range: string;
  readonly onRetry: () => void;
  /** null: there is no filter to take back. */
  readonly onClear: (() => void) | null;
}

function GraphState({ graph: { data, failure }, range, onRetry, onClear }: GraphStateProps) {
  if (data === null)
    return failure === null ? (
      <Loading what="service" />
    ) : (
      <Failed failure={failure} onRetry={onRetry} />
    );
  return (
    <>
      {failure !== null && <StaleBanner failure={failure} since="it was loaded" />}
      {data.totals.requests === 0 && (
        <Empty
          what="requests"
          range={range}
          isFiltered={onClear !== null}
          onClear={() => onClear?.()}
          agents={null}
        />
      )}
    </>
  );
}

interface TimelineSectionProps {
  readonly timeline: Polled<RefusalTimes>;
  readonly changes: Polled<Changes>;
  readonly theme: PageProps['theme'];
  readonly width: number;
}

function TimelineSection({ timeline, changes, theme, width }: TimelineSectionProps) {
  return (
    <Section title="Refusals and changes over time">
      {timeline.data === null ? (
        <Waiting polled={timeline} what="the timeline" />
      ) : timeline.data.places.length === 0 ? (
        <p className="dim">No connection to a node or Pod of this service in this range.</p>
      ) : (
        <RefusalTimeline
          timeline={timeline.data}
          changes={changes.data?.items ?? []}
          theme={theme}
          width={width - 34}
          hrefOf={pathHref}
        />
      )}
    </Section>
  );
}

interface ChangeSectionProps {
  readonly changes: Polled<Changes>;
  readonly service: string;
  readonly filters: Filters;
}

function ChangeSection({ changes, service, filters }: ChangeSectionProps) {
  if (changes.data === null) return <Waiting polled={changes} what="the changes" />;
  return (
    <ChangeList
      changes={changes.data.items}
      isWhole={changes.data.isWhole}
      linkOf={(change) => (
        <Link href={compareHref(service, filters, change)}>
          before / after
          <span className="sr-only"> {change.text}</span>
        </Link>
      )}
    />
  );
}

/** Split at the change, or where the page itself chooses. */
function compareHref(service: string, filters: Filters, change: Change | null): string {
  const query = new URLSearchParams(pageQuery({ ...NO_FILTERS, range: filters.range }));
  if (change !== null) query.set('split', String(change.atUs));
  const text = query.toString();
  return `${serviceHref(service)}/compare${text === '' ? '' : `?${text}`}`;
}

function noteOf({ isWhole, totals }: ServiceGraph): string {
  return isWhole ? '' : `Of the newest ${plural(totals.requests, 'request')} of this range.`;
}

interface LinkContext {
  readonly listQuery: string;
  readonly filters: Filters;
  readonly service: string;
}

function findingLink(finding: Finding, { listQuery, filters, service }: LinkContext): ReactNode {
  if (finding.about === 'refusals') return <Link href={`/refusals${listQuery}`}>the refusals</Link>;
  if (finding.about === 'gaps') return <Link href="/agents">agents</Link>;
  if (finding.about === 'client') return <a href="#source">who saw what</a>;
  if (finding.about !== 'extraHops') return null;
  const query = pageQuery({ ...NO_FILTERS, range: filters.range, service, hasExtraHops: true });
  return <Link href={`/${query}`}>such paths</Link>;
}
