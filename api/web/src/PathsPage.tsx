import { useEffect } from 'react';
import { OverviewBar } from '../../../grafana-plugin/src/view/OverviewBar.tsx';
import { PathList } from '../../../grafana-plugin/src/view/PathList.tsx';
import { OUTCOME_ORDER } from '../../../grafana-plugin/src/view/words.ts';
import { AgentsLine } from './AgentsLine.tsx';
import { fetchOverview, fetchPaths, type Overview } from './api.ts';
import { FilterBar } from './FilterBar.tsx';
import {
  apiNextQuery,
  apiQuery,
  apiWindow,
  type Filters,
  filtersOf,
  hasFilters,
  NO_FILTERS,
  pageQuery,
  rangeText,
} from './filters.ts';
import { ListFrame } from './ListFrame.tsx';
import { type PageProps, REFRESH_MS } from './memory.ts';
import { pathHref } from './route.ts';
import { Empty } from './states.tsx';
import { usePages } from './usePages.ts';
import { type Polled, usePoll } from './usePoll.ts';
import { useReading } from './useReading.ts';
import { navigate } from './useRoute.ts';
import { useWidth } from './useWidth.ts';

type PathsPageProps = PageProps & { readonly query: URLSearchParams };

/** Recent paths with their filters. */
export function PathsPage({ query, theme, isLive, memory }: PathsPageProps) {
  const filters = filtersOf(query);
  const key = pageQuery(filters);
  const [listRef, width] = useWidth<HTMLDivElement>();
  const isReading = useReading(listRef);
  const intervalMs = isLive && filters.range.kind === 'recent' ? REFRESH_MS : 0;
  const pages = usePages({
    key,
    intervalMs,
    fetchFirst: (signal) => fetchPaths(apiQuery(filters, 'paths', Date.now()), signal),
    fetchNext: (cursor, signal) => fetchPaths(apiNextQuery(filters, 'paths', cursor), signal),
    isReading,
    remembered: memory.paths,
    remember: (state) => {
      memory.paths = state;
    },
  });
  const overview = usePoll(
    apiWindow(filters.range, 0).toString(),
    (signal) => fetchOverview(apiWindow(filters.range, Date.now()), signal),
    { intervalMs },
  );
  useEffect(() => {
    memory.pathsHref = `/${key}`;
    memory.listHref = `/${key}`;
  }, [key, memory]);
  const change = (next: Filters) => navigate(`/${pageQuery(next)}`, 'replace');
  const range = rangeText(filters.range);
  return (
    <>
      <h1 className="sr-only">Paths</h1>
      <OverviewBar
        theme={theme}
        figures={overviewFigures(overview.data)}
        scope={overviewScope(overview, range)}
        placeholder={overview.failure === null ? '…' : '–'}
        selected={filters.outcome}
        onSelect={(outcome) => change({ ...filters, outcome })}
      />
      <AgentsLine agents={overview.failure === null ? (overview.data?.agents ?? null) : null} />
      <FilterBar
        filters={filters}
        onChange={change}
        services={serviceNames(overview.data)}
        hasExtraHopsFilter
      />
      <ListFrame
        pages={pages}
        noun="path"
        range={range}
        listRef={listRef}
        empty={
          <Empty
            what="paths"
            range={range}
            isFiltered={hasFilters(filters)}
            onClear={() => change({ ...NO_FILTERS, range: filters.range })}
            agents={overview.data?.agents ?? null}
          />
        }
      >
        {width > 0 && (
          <PathList
            paths={pages.shown?.items ?? []}
            theme={theme}
            width={width}
            hrefOf={pathHref}
            onOpen={(pathId) => navigate(pathHref(pathId))}
          />
        )}
      </ListFrame>
    </>
  );
}

function overviewScope({ data, failure }: Polled<Overview>, range: string): string {
  if (failure === null)
    return `Counts are of all paths in the ${range}, without the filters below.`;
  return data === null
    ? `Counts are not available: ${failure.title}.`
    : `Counts were not refreshed: ${failure.title}.`;
}

function overviewFigures(overview: Overview | null) {
  if (overview === null) return null;
  return {
    total: overview.paths,
    withExtra: overview.withExtraHops,
    outcomes: OUTCOME_ORDER.map((outcome) => ({
      outcome,
      count: overview.outcomes[outcome] ?? 0,
    })),
  };
}

function serviceNames(overview: Overview | null): string[] {
  const names = overview?.services.map(({ namespace, name }) => `${namespace}/${name}`) ?? [];
  return [...new Set(names)];
}
