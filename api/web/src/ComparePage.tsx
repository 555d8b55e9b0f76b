import { useState } from 'react';
import type { Change } from '../../../domain/src/rest/changes.ts';
import { BeforeAfter } from '../../../grafana-plugin/src/view/BeforeAfter.tsx';
import { formatClock } from '../../../grafana-plugin/src/view/format.ts';
import { fetchChanges, fetchGraph } from './apiViews.ts';
import { type Split, splitOf } from './compare.ts';
import { FilterBar } from './FilterBar.tsx';
import { type Filters, filtersOf, NO_FILTERS, pageQuery } from './filters.ts';
import { instantOf, localOf } from './instants.ts';
import { Link } from './Link.tsx';
import type { PageProps } from './memory.ts';
import { serviceHref } from './route.ts';
import { Failed, Loading } from './states.tsx';
import { usePoll } from './usePoll.ts';
import { navigate } from './useRoute.ts';
import { useWidth } from './useWidth.ts';

type ComparePageProps = PageProps & { readonly service: string; readonly query: URLSearchParams };

/** A service before and after an instant: by default its newest change of a policy. */
export function ComparePage({ service, query, theme }: ComparePageProps) {
  const filters = filtersOf(query);
  const [tick, setTick] = useState(0);
  // Stands still while the page is open, so that both sides are of one range.
  const [openedMs, setOpenedMs] = useState(() => Date.now());
  const [ref, width] = useWidth<HTMLDivElement>();
  const key = `${service} ${query} ${openedMs}`;
  const fixed = splitOf(filters.range, { nowMs: openedMs, asked: query.get('split'), changes: [] });
  const window = (fromUs: number, toUs: number) =>
    new URLSearchParams({ from: String(fromUs), to: String(toUs) });
  const changes = usePoll(
    key,
    (signal) => {
      const asked = window(fixed.fromUs, fixed.toUs);
      asked.set('service', service);
      return fetchChanges(asked, signal);
    },
    { intervalMs: 0, tick },
  );
  const known = changes.data !== null || changes.failure !== null;
  const split = splitOf(filters.range, {
    nowMs: openedMs,
    asked: query.get('split'),
    changes: changes.data?.items ?? [],
  });
  const sideKey = `${key} ${split.atUs} ${known}`;
  const sides = {
    before: useSide(
      `${sideKey} before`,
      service,
      known ? window(split.fromUs, split.atUs) : null,
      tick,
    ),
    after: useSide(
      `${sideKey} after`,
      service,
      known ? window(split.atUs, split.toUs) : null,
      tick,
    ),
  };
  const failure = sides.before.failure ?? sides.after.failure;
  const go = (next: Filters, atUs: number | null) => {
    const text = new URLSearchParams(pageQuery({ ...NO_FILTERS, range: next.range }));
    if (atUs !== null) text.set('split', String(atUs));
    setOpenedMs(Date.now());
    navigate(`${serviceHref(service)}/compare${text.size === 0 ? '' : `?${text}`}`, 'replace');
  };
  return (
    <div ref={ref}>
      <p className="crumbs">
        <Link href={`${serviceHref(service)}${pageQuery({ ...NO_FILTERS, range: filters.range })}`}>
          ← {service}
        </Link>
      </p>
      <h1 className="title">Before and after · {service}</h1>
      <FilterBar filters={filters} onChange={(next) => go(next, null)} services={[]} fields={[]} />
      <SplitBar
        split={split}
        changes={changes.data?.items ?? []}
        onSplit={(at) => go(filters, at)}
      />
      {failure !== null && (
        <Failed failure={failure} onRetry={() => setTick((before) => before + 1)} />
      )}
      {failure === null && (sides.before.data === null || sides.after.data === null) && (
        <Loading what="both sides" />
      )}
      {sides.before.data !== null && sides.after.data !== null && width > 0 && (
        <BeforeAfter
          before={sides.before.data}
          after={sides.after.data}
          theme={theme}
          width={width}
        />
      )}
    </div>
  );
}

/** Not asked for while the split is not known. */
function useSide(key: string, service: string, window: URLSearchParams | null, tick: number) {
  return usePoll(
    key,
    (signal) =>
      window === null
        ? new Promise<never>((_, reject) => signal.addEventListener('abort', reject))
        : fetchGraph(service, window, signal),
    { intervalMs: 0, tick },
  );
}

interface SplitBarProps {
  readonly split: Split;
  readonly changes: readonly Change[];
  readonly onSplit: (atUs: number) => void;
}

function SplitBar({ split, changes, onSplit }: SplitBarProps) {
  const local = localOf(String(split.atUs));
  return (
    <div className="filters split">
      <label className="field field-time">
        <span>split at</span>
        <input
          key={local}
          type="datetime-local"
          step={1}
          defaultValue={local}
          onBlur={(event) => {
            const instant = instantOf(event.target.value);
            if (instant !== instantOf(local)) onSplit(Date.parse(instant) * 1000);
          }}
        />
      </label>
      <p className="split-text">{split.text}</p>
      {changes.length > 0 && (
        <label className="field">
          <span>or at a change</span>
          <select
            value={changes.some(({ atUs }) => atUs === split.atUs) ? split.atUs : ''}
            onChange={(event) => onSplit(Number(event.target.value))}
          >
            <option value="" disabled>
              choose
            </option>
            {changes.map(({ atUs, text, name }) => (
              <option key={`${atUs} ${name} ${text}`} value={atUs}>
                {formatClock(atUs).slice(0, 8)} {text}
              </option>
            ))}
          </select>
        </label>
      )}
    </div>
  );
}
