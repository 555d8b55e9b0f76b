import { useState } from 'react';
import type { TopologyItem } from '../../../domain/src/rest/topology.ts';
import { ChangeList } from '../../../grafana-plugin/src/view/ChangeList.tsx';
import { formatClock, formatDay, plural } from '../../../grafana-plugin/src/view/format.ts';
import { topologyFacts } from '../../../grafana-plugin/src/view/topologyFacts.ts';
import { ViewRoot } from '../../../grafana-plugin/src/view/ViewRoot.tsx';
import { fetchChanges, fetchTopology, type Topology } from './apiViews.ts';
import { instantOf, localOf } from './instants.ts';
import { Link } from './Link.tsx';
import { type PageProps, REFRESH_MS } from './memory.ts';
import { serviceHref } from './route.ts';
import { Section, Waiting } from './Section.tsx';
import { Failed, Loading, NotFound, StaleBanner } from './states.tsx';
import { usePoll } from './usePoll.ts';
import { navigate } from './useRoute.ts';

type TopologyPageProps = PageProps & { readonly query: URLSearchParams };

const KINDS = [
  'Service',
  'EndpointSlice',
  'Ingress',
  'Gateway',
  'HTTPRoute',
  'ConfigMap',
  'HealthCheck',
  'Node',
  'Pod',
  'AgentNode',
] as const;
const PAGE = '500';
const HOUR_US = 3_600_000_000;

/** Kubernetes objects as they were at an instant, and what changed in the hour before. */
export function TopologyPage({ query, theme, isLive }: TopologyPageProps) {
  const at = query.get('at') ?? '';
  const kind = KINDS.find((each) => each === query.get('kind')) ?? 'Service';
  const [tick, setTick] = useState(0);
  const timing = { intervalMs: isLive && at === '' ? REFRESH_MS : 0, tick };
  const asked = new URLSearchParams({ kind, limit: PAGE, ...(at === '' ? {} : { at }) });
  const topology = usePoll(asked.toString(), (signal) => fetchTopology(asked, signal), timing);
  const changes = usePoll(
    at,
    (signal) => {
      const toUs = at === '' ? Date.now() * 1000 : instantUs(at);
      const from = String(Math.max(0, toUs - HOUR_US));
      return fetchChanges(new URLSearchParams({ from, to: String(toUs) }), signal);
    },
    timing,
  );
  const go = (next: { at?: string; kind?: string }) => {
    const text = new URLSearchParams();
    const when = next.at ?? at;
    const which = next.kind ?? kind;
    if (when !== '') text.set('at', when);
    if (which !== 'Service') text.set('kind', which);
    navigate(`/topology${text.size === 0 ? '' : `?${text}`}`, 'replace');
  };
  const { data, failure } = topology;
  return (
    <>
      <h1 className="title">Topology {at === '' ? 'now' : 'as of then'}</h1>
      <TopologyBar {...{ at, kind, go }} />
      {data === null && failure === null && <Loading what="topology" />}
      {data === null && failure !== null && (
        <Failed failure={failure} onRetry={() => setTick((before) => before + 1)} />
      )}
      {data !== null && failure !== null && <StaleBanner failure={failure} since="it was loaded" />}
      {data !== null && (
        <ViewRoot theme={theme} className="sections">
          {data.items.length === 0 ? (
            <NotFound
              title={`No ${kind} is known at this time`}
              detail="Topology is told by a watch of the Kubernetes API, a file or POST /v1/topology; what nobody told is not known."
            />
          ) : (
            <Section title={headingOf(data, kind)}>
              <ObjectTable items={data.items} />
              {data.nextCursor !== null && (
                <p className="ht-muted">The first {PAGE} are shown; ask the API for more.</p>
              )}
            </Section>
          )}
          <Section title="Changes in the hour before">
            {changes.data === null ? (
              <Waiting polled={changes} what="the changes" />
            ) : (
              <ChangeList changes={changes.data.items} isWhole={changes.data.isWhole} />
            )}
          </Section>
        </ViewRoot>
      )}
    </>
  );
}

interface TopologyBarProps {
  readonly at: string;
  readonly kind: (typeof KINDS)[number];
  readonly go: (next: { at?: string; kind?: string }) => void;
}

function TopologyBar({ at, kind, go }: TopologyBarProps) {
  return (
    <div className="filters">
      <label className="field field-time">
        <span>as of</span>
        <input
          key={at}
          type="datetime-local"
          step={1}
          defaultValue={localOf(at)}
          onBlur={(event) => {
            const instant = instantOf(event.target.value);
            if (instant !== instantOf(localOf(at))) go({ at: instant });
          }}
        />
      </label>
      <button type="button" className="button" disabled={at === ''} onClick={() => go({ at: '' })}>
        Now
      </button>
      <fieldset className="kinds" aria-label="Kind">
        {KINDS.map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={kind === each}
            onClick={() => go({ kind: each })}
          >
            {each}
          </button>
        ))}
      </fieldset>
    </div>
  );
}

function headingOf({ items, nextCursor, atUs }: Topology, kind: string): string {
  const noun = kind === 'Ingress' && items.length !== 1 ? 'Ingresse' : kind;
  const count = `${plural(items.length, noun)}${nextCursor === null ? '' : ' and more'}`;
  return `${count} at ${formatDay(atUs)} ${formatClock(atUs).slice(0, 8)}`;
}

function instantUs(at: string): number {
  return /^\d+$/.test(at) ? Number(at) : Date.parse(at) * 1000;
}

function ObjectTable({ items }: { readonly items: readonly TopologyItem[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
    <section className="ht-scroll" tabIndex={0} aria-label="Objects, to scroll">
      <table className="ht-table" aria-label="Objects">
        <thead>
          <tr>
            <th scope="col">name</th>
            <th scope="col">what it was</th>
            <th scope="col">so since</th>
            <th scope="col">told by</th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={`${item.cluster} ${item.namespace} ${item.name}`}>
              <th scope="row">
                {item.kind === 'Service' ? (
                  <Link href={serviceHref(`${item.namespace}/${item.name}`)}>
                    {item.namespace}/{item.name}
                  </Link>
                ) : (
                  `${item.namespace === '' ? '' : `${item.namespace}/`}${item.name}`
                )}
              </th>
              <td>{topologyFacts(item).join(' · ')}</td>
              <td className="ht-mono ht-nowrap">
                {item.validFromUs === null
                  ? 'before anybody told'
                  : `${formatDay(item.validFromUs)} ${formatClock(item.validFromUs).slice(0, 8)}`}
              </td>
              <td>{item.source}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
