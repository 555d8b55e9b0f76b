import type { RefusalTimeline } from '../../../domain/src/rest/refusalTimeline.ts';
import type { ServiceGraph } from '../../../domain/src/rest/serviceGraph.ts';
import { type ChangeList, fetchChanges, fetchGraph, fetchTimeline } from './apiViews.ts';
import { apiWindow, type Filters } from './filters.ts';
import { type Polled, usePoll } from './usePoll.ts';

interface Timing {
  readonly intervalMs: number;
  readonly tick: number;
}

/** Places and changes of the range, of the service and machine of the filters. */
export function useTimeline(
  { range, service, node }: Filters,
  timing: Timing,
): { timeline: Polled<RefusalTimeline>; changes: Polled<ChangeList> } {
  const key = `${apiWindow(range, 0)} ${service} ${node}`;
  // Changes are not told by port.
  const [named = ''] = service.split(':');
  const timeline = usePoll(
    key,
    (signal) => fetchTimeline(asked(range, { service, node }), signal),
    timing,
  );
  const changes = usePoll(
    key,
    (signal) => fetchChanges(asked(range, { service: named }), signal),
    timing,
  );
  return { timeline, changes };
}

/** The ways of one service, `namespace/name`. */
export function useGraph(
  service: string,
  { range, node }: Filters,
  timing: Timing,
): Polled<ServiceGraph> {
  return usePoll(
    `${service} ${apiWindow(range, 0)} ${node}`,
    (signal) => fetchGraph(service, asked(range, { node }), signal),
    timing,
  );
}

function asked(range: Filters['range'], values: Readonly<Record<string, string>>): URLSearchParams {
  const query = apiWindow(range, Date.now());
  for (const [name, value] of Object.entries(values)) if (value !== '') query.set(name, value);
  return query;
}
