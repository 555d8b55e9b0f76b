/** What is told of the audit log in /metrics. */
import { Counter, Gauge, type Registry } from 'prom-client';

export interface AuditMetrics {
  readonly waiting: Gauge;
  readonly lost: Counter;
}

export function createAuditMetrics(registry: Registry): AuditMetrics {
  const registers = [registry];
  return {
    waiting: new Gauge({
      name: 'hoptrace_api_audit_entries_waiting',
      help: 'Entries of the audit log that the store does not have yet.',
      registers,
    }),
    lost: new Counter({
      name: 'hoptrace_api_audit_entries_lost_total',
      help: 'Entries that were not stored because too many waited; they are in the log of the process.',
      registers,
    }),
  };
}
