/** `hoptrace paths`, `refusals`, `services`, `alerts` and `agents`. */

import { agentListSchema, overviewSchema } from '@hoptrace/api/responses.ts';
import { alertListSchema } from '@hoptrace/domain/rest/alerts.ts';
import {
  pathListSchema,
  type RefusalItem,
  refusalListSchema,
} from '@hoptrace/domain/rest/queries.ts';
import type { z } from 'zod';
import type { Query } from './apiClient.ts';
import {
  agentColumns,
  alertColumns,
  pathColumns,
  refusalColumns,
  serviceColumns,
} from './columns.ts';
import { EXIT, type ExitCode } from './exitCodes.ts';
import { followList } from './followList.ts';
import { follow, printPath } from './live.ts';
import { type Asking, printList } from './output.ts';
import { type TimeFlags, timeRangeOf } from './timeRange.ts';

const MAX_PAGE = 1000;

export interface FilterFlags extends TimeFlags {
  readonly cluster?: string;
  readonly service?: string;
  readonly client?: string;
  readonly node?: string;
  readonly limit: number;
  readonly all: boolean;
  readonly follow: boolean;
}

export interface PathFlags extends FilterFlags {
  readonly outcome?: string;
  readonly extraHops?: string;
  readonly class?: string;
}

export interface ServiceFlags extends TimeFlags {
  readonly follow: boolean;
}

export interface AlertFlags {
  readonly follow: boolean;
  readonly state?: string;
  readonly severity?: string;
  readonly rule?: string;
  readonly service?: string;
  readonly node?: string;
}

export interface RefusalFlags extends FilterFlags {
  readonly kind?: string;
}

export async function listPaths(ask: Asking, flags: PathFlags): Promise<ExitCode> {
  const query = pathQueryOf(flags);
  const { items, hasMore } = await collect(ask, flags, {
    path: '/api/v1/paths',
    query,
    schema: pathListSchema,
  });
  if (flags.follow) {
    // Oldest first, as what follows is.
    for (const path of items.toReversed()) printPath(ask, path);
    const shown = new Map(items.map((path) => [path.pathId, path.version]));
    return follow(ask, { query, what: 'paths', shown });
  }
  const code = printList(ask, items, { columns: pathColumns(ask), none: 'No path in this time.' });
  tellMore(ask, items.length, hasMore);
  return code;
}

export async function listRefusals(ask: Asking, flags: RefusalFlags): Promise<ExitCode> {
  const { items, hasMore } = await collect(ask, flags, {
    path: '/api/v1/refusals',
    query: { ...filtersOf(flags), kind: flags.kind },
    schema: refusalListSchema,
  });
  if (flags.follow) return followRefusals(ask, items, flags);
  const code = printList(ask, items, {
    columns: refusalColumns(ask),
    none: 'No refused connection in this time.',
  });
  tellMore(ask, items.length, hasMore);
  return code;
}

export async function listServices(ask: Asking, flags: ServiceFlags): Promise<ExitCode> {
  const read = async (nowUs: number) => {
    const query = { ...timeRangeOf(flags, nowUs) };
    return (await ask.api.get(overviewSchema, '/api/v1/overview', query)).services;
  };
  if (flags.follow) {
    return followList(ask, {
      read: () => read(Date.now() * 1000),
      columns: serviceColumns,
      keyOf: ({ namespace, name, port }) => `${namespace}/${name}:${port}`,
      stateOf: ({ paths, refused, withExtraHops }) => [paths, refused, withExtraHops],
    });
  }
  return printList(ask, await read(ask.nowUs), {
    columns: serviceColumns,
    none: 'No path to a known service in this time.',
  });
}

/** Those that fire first. 0 where there is one, else 1. */
export async function listAlerts(
  ask: Asking,
  { state, severity, rule, service, node, follow: goesOn }: AlertFlags,
): Promise<ExitCode> {
  const query = { state, severity, rule, service, node };
  const read = () => ask.api.get(alertListSchema, '/api/v1/alerts', query);
  if (goesOn) {
    return followList(ask, {
      read: async () => (await read()).items,
      columns: alertColumns(ask),
      keyOf: ({ alertId }) => alertId,
      stateOf: (alert) => [alert.startedAtUs, alert.state, alert.isSilenced, alert.isStale],
    });
  }
  const { items, evaluatedAtUs } = await read();
  if (evaluatedAtUs === null) ask.remark('Rules were not evaluated yet, or alerts are off.');
  return printList(ask, items, { columns: alertColumns(ask), none: 'No alert.' });
}

/** 1 also where an agent is silent: what happens on its node is not seen. */
export async function listAgents(ask: Asking): Promise<ExitCode> {
  const { items } = await ask.api.get(agentListSchema, '/api/v1/agents');
  const code = printList(ask, items, {
    columns: agentColumns(ask),
    none: 'No agent was heard of in the last 24 h.',
  });
  const silent = items.filter((agent) => agent.isSilent).length;
  if (silent === 0) return code;
  ask.remark(`${silent} of ${items.length} agents silent: what happens there is not seen.`);
  return EXIT.nothing;
}

/** The list first, in the form of what follows: a program reads items, a person lines. */
async function followRefusals(
  ask: Asking,
  items: readonly RefusalItem[],
  flags: RefusalFlags,
): Promise<ExitCode> {
  printList({ ...ask, remark: () => {} }, [...items].reverse(), {
    columns: refusalColumns(ask),
    none: '',
  });
  // A refusal does not tell its version: whatever comes of these again is shown once more.
  return follow(ask, { query: filtersOf(flags), what: 'refusals', kind: flags.kind });
}

export function pathQueryOf(flags: Omit<PathFlags, keyof TimeFlags>): Query {
  const { outcome, extraHops } = flags;
  return { ...filtersOf(flags), outcome, extraHops, class: flags.class };
}

function filtersOf({ cluster, service, client, node }: FilterFlags): Query {
  return { cluster, service, client, node };
}

interface ListQuestion<S> {
  readonly path: string;
  readonly query: Query;
  readonly schema: S;
}

type ListSchema = z.ZodType<{ items: unknown[]; nextCursor: string | null }>;

/** Page by page, until the limit or the end. */
async function collect<S extends ListSchema>(
  ask: Asking,
  flags: FilterFlags,
  { path, query, schema }: ListQuestion<S>,
): Promise<{ items: z.output<S>['items']; hasMore: boolean }> {
  const limit = flags.all ? Number.POSITIVE_INFINITY : flags.limit;
  const range = timeRangeOf(flags, ask.nowUs);
  const items: z.output<S>['items'] = [];
  let cursor: string | undefined;
  do {
    const room = Math.min(MAX_PAGE, limit - items.length);
    const page = await ask.api.get(schema, path, { ...query, ...range, limit: room, cursor });
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && items.length < limit);
  return { items, hasMore: cursor !== undefined };
}

function tellMore(ask: Asking, shown: number, hasMore: boolean): void {
  if (hasMore) ask.remark(`The newest ${shown}; there are more (--limit N, or --all).`);
}
