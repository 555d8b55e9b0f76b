/** `hoptrace audit`: who asked for which change. */
import { type AuditEntry, auditListSchema } from '@hoptrace/domain/rest/audit.ts';
import { timeText } from './columns.ts';
import type { ExitCode } from './exitCodes.ts';
import { followList } from './followList.ts';
import { type Asking, printList } from './output.ts';
import type { Column } from './table.ts';
import type { Style } from './terminal.ts';
import { type TimeFlags, timeRangeOf } from './timeRange.ts';

const MAX_PAGE = 1000;
/** Changes are rare. */
const DEFAULT_SINCE = '7d';

export interface AuditFlags extends TimeFlags {
  readonly caller?: string;
  readonly tenant?: string;
  readonly cluster?: string;
  readonly action?: string;
  readonly outcome?: string;
  readonly limit: number;
  readonly all: boolean;
  readonly follow: boolean;
}

/** 0 where there is an entry, else 1. */
export async function listAudit(ask: Asking, flags: AuditFlags): Promise<ExitCode> {
  const limit = flags.all ? Number.POSITIVE_INFINITY : flags.limit;
  const { caller, tenant, cluster, action, outcome } = flags;
  const since = flags.since ?? (flags.from === undefined ? DEFAULT_SINCE : undefined);
  let hasMore = false;
  const read = async (nowUs: number): Promise<AuditEntry[]> => {
    const range = timeRangeOf({ ...flags, ...(since === undefined ? {} : { since }) }, nowUs);
    const items: AuditEntry[] = [];
    let cursor: string | undefined;
    do {
      const room = Math.min(MAX_PAGE, limit - items.length);
      const query = { caller, tenant, cluster, action, outcome, ...range, limit: room, cursor };
      const page = await ask.api.get(auditListSchema, '/api/v1/audit', query);
      items.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined && items.length < limit);
    hasMore = cursor !== undefined;
    return items;
  };
  const columns = auditColumns(ask);
  if (flags.follow) {
    return followList(ask, {
      // Oldest first, as what follows is.
      read: async () => (await read(Date.now() * 1000)).reverse(),
      columns,
      keyOf: ({ entryId }) => entryId,
      stateOf: () => '',
    });
  }
  const items = await read(ask.nowUs);
  const code = printList(ask, items, { columns, none: 'No change was asked for in this time.' });
  if (hasMore) ask.remark(`The newest ${items.length}; there are more (--limit N, or --all).`);
  return code;
}

const OUTCOME_STYLES: Readonly<Record<AuditEntry['outcome'], Style>> = {
  ...{ done: 'green', refused: 'yellow', failed: 'red' },
};

export const clustersText = ({ clusters }: { readonly clusters: readonly string[] }) =>
  clusters.length === 0 ? 'all' : clusters.join(' ');
const documentText = (document: AuditEntry['before']) =>
  document === null ? '' : JSON.stringify(document);

function auditColumns(clock: Asking): Column<AuditEntry>[] {
  return [
    { title: 'TIME', value: ({ atUs }) => timeText(atUs, clock) },
    { title: 'CALLER', value: ({ caller }) => caller ?? 'no token' },
    { title: 'ROLE', value: ({ role }) => role ?? '', dropOrder: 2 },
    { title: 'TENANT', value: ({ tenant }) => tenant ?? '', isWide: true, dropOrder: 6 },
    { title: 'ACTION', value: ({ action }) => action },
    { title: 'SUBJECT', value: ({ subject }) => subject ?? '', dropOrder: 1 },
    { title: 'OUTCOME', value: ({ outcome }) => outcome, style: (e) => OUTCOME_STYLES[e.outcome] },
    { title: 'CODE', value: ({ code }) => code ?? '', isWide: true, dropOrder: 5 },
    { title: 'CLUSTERS', value: clustersText, dropOrder: 3 },
    { title: 'FROM', value: ({ address }) => address, isWide: true, dropOrder: 7 },
    { title: 'REQUEST', value: ({ requestId }) => requestId, isWide: true, dropOrder: 8 },
    { title: 'BEFORE', value: (e) => documentText(e.before), isWide: true, dropOrder: 10 },
    { title: 'AFTER', value: (e) => documentText(e.after), isWide: true, dropOrder: 9 },
  ];
}
