import { AlertList } from '../../../grafana-plugin/src/view/AlertList.tsx';
import { formatClock } from '../../../grafana-plugin/src/view/format.ts';
import type { ViewTheme } from '../../../grafana-plugin/src/view/theme.ts';
import type { AlertList as Alerts } from './api.ts';
import { LoadBalancers } from './LoadBalancers.tsx';
import { pathHref, serviceHref } from './route.ts';
import { Silences } from './Silences.tsx';
import { Failed, Loading, StaleBanner } from './states.tsx';
import type { Polled } from './usePoll.ts';
import { navigate } from './useRoute.ts';

interface AlertsPageProps {
  readonly alerts: Polled<Alerts>;
  readonly theme: ViewTheme;
  readonly isLive: boolean;
}

/** What fires, what waits, and what was resolved within a quarter of an hour. */
export function AlertsPage({ alerts: { data, failure }, theme, isLive }: AlertsPageProps) {
  const since = clockOf(data?.evaluatedAtUs ?? null);
  return (
    <>
      <h1 className="title">Alerts</h1>
      {data === null && failure === null && <Loading what="alerts" />}
      {data === null && failure !== null && (
        <Failed failure={failure} onRetry={() => location.reload()} />
      )}
      {data !== null && failure !== null && <StaleBanner failure={failure} since={since} />}
      {data !== null && <p className="status">{statusText(data, since)}</p>}
      {data !== null && data.items.length > 0 && (
        <AlertList
          alerts={data.items}
          theme={theme}
          hrefOf={pathHref}
          serviceHrefOf={serviceHref}
          onOpen={(href) => navigate(href)}
        />
      )}
      <Silences
        theme={theme}
        isLive={isLive}
        isFiring={data?.items.some(({ state }) => state === 'firing') === true}
      />
      <LoadBalancers theme={theme} isLive={isLive} />
    </>
  );
}

function statusText({ items, evaluatedAtUs }: Alerts, since: string): string {
  if (evaluatedAtUs === null)
    return 'No rule was evaluated yet. Where that lasts, alerts are off (HOPTRACE_ALERTS) or the store does not answer.';
  const firing = items.filter(({ state }) => state === 'firing').length;
  const words =
    items.length === 0
      ? 'Nothing fires, and nothing did within 15 minutes'
      : `${firing} of ${items.length} ${firing === 1 ? 'fires' : 'fire'}`;
  return `${words} · evaluated ${since}`;
}

const clockOf = (us: number | null): string => (us === null ? '' : formatClock(us).slice(0, 8));
