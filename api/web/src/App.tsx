import { useEffect, useRef, useState } from 'react';
import { AgentsPage } from './AgentsPage.tsx';
import { AlertsPage } from './AlertsPage.tsx';
import { fetchAlerts } from './api.ts';
import { ComparePage } from './ComparePage.tsx';
import { Header } from './Header.tsx';
import { type Memory, newMemory, REFRESH_MS } from './memory.ts';
import { PathPage } from './PathPage.tsx';
import { PathsPage } from './PathsPage.tsx';
import { RefusalsPage } from './RefusalsPage.tsx';
import type { Route } from './route.ts';
import { ServicePage } from './ServicePage.tsx';
import { ServicesPage } from './ServicesPage.tsx';
import { NotFound } from './states.tsx';
import { TopologyPage } from './TopologyPage.tsx';
import { usePoll } from './usePoll.ts';
import { useRoute } from './useRoute.ts';
import { useTheme } from './useTheme.ts';

const TITLES: Record<Route['page'], string> = {
  paths: 'Paths',
  path: 'Path',
  refusals: 'Refusals',
  services: 'Services',
  service: 'Service',
  compare: 'Before and after',
  topology: 'Topology',
  agents: 'Agents',
  alerts: 'Alerts',
  notFound: 'Not found',
};

/** The frame of the page: head, and what the address stands for. */
export function App() {
  const route = useRoute();
  const { theme, choice, choose } = useTheme();
  const [isLive, setLive] = useState(true);
  const memory = useRef<Memory>(newMemory());
  // On every page: whoever looks at a path should see that something fires.
  const alerts = usePoll('alerts', fetchAlerts, { intervalMs: isLive ? REFRESH_MS : 0 });
  const subject = 'service' in route ? route.service : null;
  useEffect(() => {
    document.title = `${subject ?? TITLES[route.page]} · hoptrace`;
  }, [route.page, subject]);
  const shared = { theme, isLive, memory: memory.current };
  return (
    <>
      <Header
        page={route.page}
        firing={alerts.data?.items.filter(({ state }) => state === 'firing').length ?? 0}
        isLive={isLive}
        onLive={setLive}
        themeChoice={choice}
        onTheme={choose}
        memory={memory.current}
      />
      <main id="main">
        {route.page === 'paths' && <PathsPage query={route.query} {...shared} />}
        {route.page === 'path' && <PathPage key={route.pathId} pathId={route.pathId} {...shared} />}
        {route.page === 'refusals' && <RefusalsPage query={route.query} {...shared} />}
        {route.page === 'services' && <ServicesPage query={route.query} {...shared} />}
        {route.page === 'service' && (
          <ServicePage
            key={route.service}
            service={route.service}
            query={route.query}
            {...shared}
          />
        )}
        {route.page === 'compare' && (
          <ComparePage service={route.service} query={route.query} {...shared} />
        )}
        {route.page === 'topology' && <TopologyPage query={route.query} {...shared} />}
        {route.page === 'agents' && <AgentsPage query={route.query} {...shared} />}
        {route.page === 'alerts' && <AlertsPage alerts={alerts} theme={theme} isLive={isLive} />}
        {route.page === 'notFound' && (
          <NotFound title="There is no such page" detail={route.address} />
        )}
      </main>
    </>
  );
}
