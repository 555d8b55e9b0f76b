/** The audit log as it is kept: entries are added and never changed. */
import type { AuditEntry } from '@hoptrace/domain/rest/audit.ts';
import type { CallOptions, Store } from './client.ts';

/** The same entries again are stored once. At least one entry. */
export async function writeAudit(
  store: Store,
  entries: readonly AuditEntry[],
  options: CallOptions = {},
): Promise<void> {
  const dedupToken = `audit-${entries.map(({ entryId }) => entryId).join('-')}`;
  await store.insert('audit_v1', entries.map(rowOf), { ...options, dedupToken });
}

function rowOf(entry: AuditEntry) {
  return {
    at_us: entry.atUs,
    entry_id: entry.entryId,
    caller: entry.caller ?? '',
    role: entry.role ?? '',
    tenant: entry.tenant ?? '',
    clusters: entry.clusters,
    address: entry.address,
    action: entry.action,
    subject: entry.subject ?? '',
    outcome: entry.outcome,
    status: entry.status,
    code: entry.code ?? '',
    request_id: entry.requestId,
    before: entry.before === null ? '' : JSON.stringify(entry.before),
    after: entry.after === null ? '' : JSON.stringify(entry.after),
  };
}
