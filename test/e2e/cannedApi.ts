/** An API of canned answers over given paths, in the shapes of the real one. Filters by outcome and pages by cursor. */
import type { Alert, ShownSilence } from '@hoptrace/domain/rest/alerts.ts';
import type { LoadBalancerItem } from '@hoptrace/domain/rest/loadBalancers.ts';
import { type Path, pathSchema } from '@hoptrace/domain/rest/path.ts';
import { type RefusalItem, refusalItemSchema } from '@hoptrace/domain/rest/queries.ts';
import { z } from 'zod';
import type { Answerer, Canned } from './pageServer.ts';

const PAGE_SIZE = 100;

export interface ViewSamples {
  readonly samplePaths: Path[];
  readonly manyPaths: (count: number) => Path[];
  readonly refusalsOf: (paths: readonly Path[]) => RefusalItem[];
}

/** The samples of the views belong to another TypeScript project: they are loaded and checked at run time. */
export async function loadViewSamples(): Promise<ViewSamples> {
  const url = new URL('../../grafana-plugin/src/view/samples/samplePaths.ts', import.meta.url);
  const loaded = await import(url.href);
  const paths = z.array(pathSchema);
  return {
    samplePaths: paths.parse(loaded.samplePaths),
    manyPaths: (count) => paths.parse(loaded.manyPaths(count)),
    refusalsOf: (from) => z.array(refusalItemSchema).parse(loaded.refusalsOf(from)),
  };
}

interface CannedData {
  readonly paths: readonly Path[];
  readonly refusals: readonly RefusalItem[];
  readonly agents: { readonly known: number; readonly silent: number };
  readonly alerts?: readonly Alert[];
  readonly silences?: readonly ShownSilence[];
  readonly loadBalancers?: readonly LoadBalancerItem[];
}

export function apiOver(data: CannedData): Answerer {
  const { paths, refusals, agents, alerts = [], silences = [], loadBalancers = [] } = data;
  return (url) => {
    if (url.pathname === '/api/v1/paths') return listPaths(paths, url.searchParams);
    if (url.pathname === '/api/v1/refusals') return page(refusals, url.searchParams);
    if (url.pathname === '/api/v1/overview') return ok(overviewOf(paths, agents));
    if (url.pathname === '/api/v1/alerts')
      return ok({
        items: alerts,
        nextCursor: null,
        evaluatedAtUs: Date.UTC(2026, 8, 1, 14, 10) * 1000,
      });
    if (url.pathname === '/api/v1/silences') return ok({ items: silences, nextCursor: null });
    if (url.pathname === '/api/v1/load-balancers')
      return ok({ atUs: 1, items: loadBalancers, nextCursor: null, isWhole: true });
    const pathId = decodeURIComponent(url.pathname.replace('/api/v1/paths/', ''));
    const found = paths.find((path) => path.pathId === pathId);
    return found === undefined ? null : ok(found);
  };
}

function listPaths(paths: readonly Path[], query: URLSearchParams): Canned {
  const outcome = query.get('outcome');
  return page(
    paths.filter((path) => outcome === null || path.outcome === outcome),
    query,
  );
}

function page(items: readonly unknown[], query: URLSearchParams): Canned {
  const start = Number(query.get('cursor') ?? 0);
  const end = start + PAGE_SIZE;
  const nextCursor = end < items.length ? String(end) : null;
  return ok({ items: items.slice(start, end), nextCursor });
}

function overviewOf(paths: readonly Path[], agents: CannedData['agents']) {
  const count = (outcome: Path['outcome']) =>
    paths.filter((path) => path.outcome === outcome).length;
  return {
    fromUs: 0,
    toUs: 1,
    paths: paths.length,
    outcomes: {
      served: count('served'),
      reset: count('reset'),
      rejected: count('rejected'),
      dropped: count('dropped'),
      unknown: count('unknown'),
    },
    withExtraHops: paths.filter((path) => path.extraHops > 0).length,
    services: [{ namespace: 'shop', name: 'web', port: 'https', paths: 1 }],
    agents,
  };
}

function ok(body: unknown): Canned {
  return { status: 200, body };
}
