import { useEffect, useRef } from 'react';
import { RefusalList } from '../../../grafana-plugin/src/view/RefusalList.tsx';
import { fetchOverview, fetchRefusals } from './api.ts';
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
import { KindFilter } from './KindFilter.tsx';
import { ListFrame } from './ListFrame.tsx';
import { type PageProps, REFRESH_MS } from './memory.ts';
import { RefusalTimes } from './RefusalTimes.tsx';
import { pathHref } from './route.ts';
import { Empty } from './states.tsx';
import { usePages } from './usePages.ts';
import { usePoll } from './usePoll.ts';
import { useReading } from './useReading.ts';
import { navigate } from './useRoute.ts';

type RefusalsPageProps = PageProps & { readonly query: URLSearchParams };

/** Refused connections by cause, each cause with its remedy. */
export function RefusalsPage({ query, theme, isLive, memory }: RefusalsPageProps) {
  const filters = filtersOf(query);
  const key = pageQuery(filters);
  const listRef = useRef<HTMLDivElement>(null);
  const isReading = useReading(listRef);
  const intervalMs = isLive && filters.range.kind === 'recent' ? REFRESH_MS : 0;
  const pages = usePages({
    key,
    intervalMs,
    fetchFirst: (signal) => fetchRefusals(apiQuery(filters, 'refusals', Date.now()), signal),
    fetchNext: (cursor, signal) => fetchRefusals(apiNextQuery(filters, 'refusals', cursor), signal),
    isReading,
    remembered: memory.refusals,
    remember: (state) => {
      memory.refusals = state;
    },
  });
  const overview = usePoll(
    apiWindow(filters.range, 0).toString(),
    (signal) => fetchOverview(apiWindow(filters.range, Date.now()), signal),
    { intervalMs },
  );
  useEffect(() => {
    memory.refusalsHref = `/refusals${key}`;
    memory.listHref = `/refusals${key}`;
  }, [key, memory]);
  const change = (next: Filters) => navigate(`/refusals${pageQuery(next)}`, 'replace');
  const range = rangeText(filters.range);
  const services = overview.data?.services.map(({ namespace, name }) => `${namespace}/${name}`);
  return (
    <>
      <h1 className="title">Refused connections</h1>
      <FilterBar
        filters={filters}
        onChange={change}
        services={[...new Set(services ?? [])]}
        hasExtraHopsFilter={false}
      />
      <RefusalTimes {...{ filters, theme, intervalMs }} />
      <KindFilter filters={filters} onChange={change} />
      <ListFrame
        pages={pages}
        noun="refusal"
        range={range}
        listRef={listRef}
        empty={
          <Empty
            what="refusals"
            range={range}
            isFiltered={hasFilters(filters)}
            onClear={() => change({ ...NO_FILTERS, range: filters.range })}
            agents={overview.data?.agents ?? null}
          />
        }
      >
        <RefusalList
          refusals={pages.shown?.items ?? []}
          theme={theme}
          hrefOf={pathHref}
          onOpen={(pathId) => navigate(pathHref(pathId))}
        />
      </ListFrame>
    </>
  );
}
