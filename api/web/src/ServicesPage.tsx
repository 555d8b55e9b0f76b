import { useState } from 'react';
import type { ServiceTotals } from '../../../domain/src/rest/services.ts';
import {
  formatClock,
  formatNs,
  formatShare,
  plural,
} from '../../../grafana-plugin/src/view/format.ts';
import { ViewRoot } from '../../../grafana-plugin/src/view/ViewRoot.tsx';
import { fetchServices, type ServiceList } from './apiViews.ts';
import { FilterBar } from './FilterBar.tsx';
import { apiWindow, filtersOf, pageQuery, rangeText } from './filters.ts';
import { Link } from './Link.tsx';
import { type PageProps, REFRESH_MS } from './memory.ts';
import { serviceHref } from './route.ts';
import { Empty, Failed, Loading, StaleBanner } from './states.tsx';
import { usePoll } from './usePoll.ts';
import { navigate } from './useRoute.ts';

type ServicesPageProps = PageProps & { readonly query: URLSearchParams };

/** All services: what goes wrong first, then the busiest. */
export function ServicesPage({ query, theme, isLive }: ServicesPageProps) {
  const filters = filtersOf(query);
  const [tick, setTick] = useState(0);
  const intervalMs = isLive && filters.range.kind === 'recent' ? REFRESH_MS : 0;
  const { data, failure } = usePoll(
    apiWindow(filters.range, 0).toString(),
    (signal) => fetchServices(apiWindow(filters.range, Date.now()), signal),
    { intervalMs, tick },
  );
  const range = rangeText(filters.range);
  const rangeQuery = pageQuery({ ...filters, service: '', client: '', node: '', outcome: null });
  return (
    <>
      <h1 className="title">Services</h1>
      <FilterBar
        filters={filters}
        onChange={(next) => navigate(`/services${pageQuery(next)}`, 'replace')}
        services={[]}
        fields={[]}
      />
      {data === null && failure === null && <Loading what="services" />}
      {data === null && failure !== null && (
        <Failed failure={failure} onRetry={() => setTick((before) => before + 1)} />
      )}
      {data !== null && failure !== null && <StaleBanner failure={failure} since="it was loaded" />}
      {data !== null && data.items.length === 0 && (
        <Empty what="requests" range={range} isFiltered={false} onClear={() => {}} agents={null} />
      )}
      {data !== null && data.items.length > 0 && (
        <ViewRoot theme={theme} className="list">
          <p className="status">{statusOf(data)}</p>
          <ServiceTable items={sorted(data.items)} rangeQuery={rangeQuery} />
        </ViewRoot>
      )}
    </>
  );
}

/** Roll-ups are counted by minute; what is newer is on the service's own page. */
function statusOf({ items, countedUntilUs }: ServiceList): string {
  const until =
    countedUntilUs === null ? '' : ` · counted until ${formatClock(countedUntilUs).slice(0, 8)}`;
  return `${plural(items.length, 'service')}${until}`;
}

const refusedOf = ({ outcomes }: ServiceTotals): number =>
  (outcomes.reset ?? 0) + (outcomes.rejected ?? 0) + (outcomes.dropped ?? 0);

function sorted(items: readonly ServiceTotals[]): ServiceTotals[] {
  return [...items].sort((a, b) => refusedOf(b) - refusedOf(a) || b.requests - a.requests);
}

interface ServiceTableProps {
  readonly items: readonly ServiceTotals[];
  readonly rangeQuery: string;
}

function ServiceTable({ items, rangeQuery }: ServiceTableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
    <section className="ht-scroll boxed" tabIndex={0} aria-label="Services, to scroll">
      <table className="ht-table services-table" aria-label="Services">
        <thead>
          <tr>
            <th scope="col">service</th>
            {['requests', '✕ refused', '⤳ extra hop', 'p50', 'p99'].map((name) => (
              <th key={name} scope="col" className="ht-right">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => {
            const { namespace, name, port } = item.service;
            const { response } = item;
            const refused = refusedOf(item);
            return (
              <tr key={`${namespace}/${name}:${port}`}>
                <th scope="row">
                  <Link href={`${serviceHref(`${namespace}/${name}`)}${rangeQuery}`}>
                    {namespace}/{name}
                  </Link>
                  {port === '' ? '' : `:${port}`}
                </th>
                <td className="ht-right">{item.requests}</td>
                <td className={`ht-right ${refused > 0 ? 'ht-refused' : ''}`}>
                  {formatShare(refused, item.requests)}
                </td>
                <td className={`ht-right ${item.withExtraHops > 0 ? 'ht-extra' : ''}`}>
                  {formatShare(item.withExtraHops, item.requests)}
                </td>
                <td className="ht-right">{response === null ? '–' : formatNs(response.p50Ns)}</td>
                <td className="ht-right">
                  {response === null || response.count < 100 ? '–' : formatNs(response.p99Ns)}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
