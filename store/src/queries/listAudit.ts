/** Entries of the audit log, newest first. */
import { AUDIT_OUTCOMES, type AuditEntry } from '@hoptrace/domain/rest/audit.ts';
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { StoreError } from '../errors.ts';
import { bigColumn } from '../rows/values.ts';
import { runQuery } from './query.ts';
import { clustersParam, type TimeWindow, windowParams } from './recordWindow.ts';

const MAX_CURSOR_LENGTH = 256;
const text = z.string();

const query = {
  name: 'listAudit',
  params: z.strictObject({
    ...windowParams,
    ...{ clusters: clustersParam, onlyTenant: text, beforeUs: z.int().min(0), beforeId: text },
    ...{ caller: text, tenant: text, cluster: text, action: text, subject: text },
    ...{ outcome: z.enum(['', ...AUDIT_OUTCOMES]), requestId: text, rows: z.int() },
  }),
  row: z.object({
    at_us: bigColumn,
    entry_id: text,
    caller: text,
    role: text,
    tenant: text,
    clusters: z.array(text),
    address: text,
    action: text,
    subject: text,
    outcome: z.enum(AUDIT_OUTCOMES),
    status: z.int(),
    code: text,
    request_id: text,
    before: text,
    after: text,
  }),
};

/** Whoever is bound to clusters sees what was about those and no other. */
const SQL = `SELECT
    at_us, entry_id, caller, role, tenant, clusters, address, action, subject, outcome, status, code, request_id,
    before, after
FROM audit_v1 FINAL
WHERE at_us >= {fromUs:UInt64}
    AND at_us < {toUs:UInt64}
    AND ({beforeUs:UInt64} = 0 OR (at_us, entry_id) < ({beforeUs:UInt64}, {beforeId:String}))
    AND (empty({clusters:Array(String)}) OR (notEmpty(clusters) AND hasAll({clusters:Array(String)}, clusters)))
    AND ({onlyTenant:String} = '' OR tenant = {onlyTenant:String})
    AND ({caller:String} = '' OR caller = {caller:String})
    AND ({tenant:String} = '' OR tenant = {tenant:String})
    AND ({cluster:String} = '' OR has(clusters, {cluster:String}))
    AND ({action:String} = '' OR action = {action:String})
    AND ({subject:String} = '' OR subject = {subject:String})
    AND ({outcome:String} = '' OR toString(outcome) = {outcome:String})
    AND ({requestId:String} = '' OR request_id = {requestId:String})
ORDER BY at_us DESC, entry_id DESC
LIMIT {rows:UInt32}
`;

export interface AuditQuery {
  readonly window: TimeWindow;
  readonly limit: number;
  readonly cursor?: string | undefined;
  /** What the asking token reaches; empty: all. */
  readonly clusters: readonly string[];
  /** null: of all tenants. */
  readonly onlyTenant: string | null;
  readonly caller?: string | undefined;
  readonly tenant?: string | undefined;
  readonly cluster?: string | undefined;
  readonly action?: string | undefined;
  readonly subject?: string | undefined;
  readonly outcome?: AuditEntry['outcome'] | undefined;
  readonly requestId?: string | undefined;
}

/** Throws HOP_STORE_CURSOR for a cursor of another list. */
export async function listAudit(
  store: Store,
  asked: AuditQuery,
  options: CallOptions = {},
): Promise<{ items: AuditEntry[]; nextCursor: string | null }> {
  const { window, limit, cursor, clusters, onlyTenant } = asked;
  const [beforeUs, beforeId] = cursor === undefined ? ([0, ''] as const) : readCursor(cursor);
  const params = {
    ...{ ...window, clusters: [...clusters], onlyTenant: onlyTenant ?? '', beforeUs, beforeId },
    ...{ caller: asked.caller ?? '', tenant: asked.tenant ?? '', cluster: asked.cluster ?? '' },
    ...{ action: asked.action ?? '', subject: asked.subject ?? '' },
    outcome: asked.outcome ?? ('' as const),
    ...{ requestId: asked.requestId ?? '', rows: limit + 1 },
  };
  const rows = await runQuery(store, query, { sql: SQL, params, ...options });
  const items = rows.slice(0, limit).map(entryOf);
  const last = items.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return { items, nextCursor: hasMore ? writeCursor(last) : null };
}

function entryOf(row: z.output<typeof query.row>): AuditEntry {
  const orNull = (value: string) => (value === '' ? null : value);
  const documentOf = (value: string) => (value === '' ? null : JSON.parse(value));
  return {
    ...{ entryId: row.entry_id, atUs: row.at_us, address: row.address, action: row.action },
    ...{ caller: orNull(row.caller), role: orNull(row.role), tenant: orNull(row.tenant) },
    ...{ clusters: row.clusters, subject: orNull(row.subject), outcome: row.outcome },
    ...{ status: row.status, code: orNull(row.code), requestId: row.request_id },
    ...{ before: documentOf(row.before), after: documentOf(row.after) },
  };
}

// [1731000000000000,"0b0f3e0c-8f4c-4b9e-9d5e-1f2a3b4c5d6e"]
const cursorSchema = z.tuple([z.int().min(1), z.string().min(1).max(64)]);

const writeCursor = ({ atUs, entryId }: AuditEntry): string =>
  Buffer.from(JSON.stringify([atUs, entryId])).toString('base64url');

function readCursor(cursor: string): [number, string] {
  try {
    if (cursor.length > MAX_CURSOR_LENGTH) throw new RangeError('too long');
    return cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch (cause) {
    const shown = JSON.stringify(cursor.slice(0, 40));
    throw new StoreError('HOP_STORE_CURSOR', `${shown} is no cursor of this list`, {
      ...{ field: 'cursor', cause },
      remedy: 'Pass nextCursor of the page before unchanged, or leave cursor out to start anew.',
    });
  }
}
