/** The audit trail of a process, wired to its store. */
import { writeAudit } from '@hoptrace/store/audit.ts';
import type { Store } from '@hoptrace/store/client.ts';
import type { ApiMetrics } from '../metrics.ts';
import { createAuditMetrics } from './auditMetrics.ts';
import { AuditTrail, type AuditTrailDeps } from './auditTrail.ts';

export interface AuditDeps {
  readonly store: Store;
  readonly metrics: ApiMetrics;
  readonly log: AuditTrailDeps['log'];
}

export function buildAudit({ store, metrics, log }: AuditDeps): AuditTrail {
  return new AuditTrail({
    write: (entries, signal) => writeAudit(store, entries, { signal }),
    metrics: createAuditMetrics(metrics.registry),
    log,
  });
}
