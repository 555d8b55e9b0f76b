/** Alerts in Prometheus style: their states, what was measured, and who was told. */

import type { AlertState } from '@hoptrace/domain/alerts/lifecycle.ts';
import { KINDS, type Observation } from '@hoptrace/domain/alerts/observation.ts';
import type { AlertKind } from '@hoptrace/domain/rest/alerts.ts';
import { Counter, Gauge, type Registry } from 'prom-client';

/** Series of one kind; more would be a burden for whoever scrapes. */
const MAX_SERIES = 5000;

const GAUGES: Readonly<Record<AlertKind, { name: string; labels: readonly string[] }>> = {
  refusedConnections: {
    name: 'hoptrace_refused_connections',
    labels: ['cluster', 'namespace', 'service', 'node', 'cause'],
  },
  loadBalancerUnhealthyNode: {
    name: 'hoptrace_load_balancer_unhealthy_node_seconds',
    labels: ['cluster', 'namespace', 'service', 'node'],
  },
  extraHopShare: {
    name: 'hoptrace_extra_hop_ratio',
    labels: ['cluster', 'namespace', 'service'],
  },
  clientAddressLost: {
    name: 'hoptrace_client_address_lost_ratio',
    labels: ['cluster', 'namespace', 'service'],
  },
  forgedHeader: {
    name: 'hoptrace_forged_headers',
    labels: ['cluster', 'namespace', 'service'],
  },
  hopLatency: {
    name: 'hoptrace_hop_p99_seconds',
    labels: ['cluster', 'namespace', 'service', 'hop'],
  },
  agentSilent: { name: 'hoptrace_agent_silent_seconds', labels: ['cluster', 'node'] },
  evidenceLost: { name: 'hoptrace_agent_lost_evidence', labels: ['cluster', 'node'] },
};

export type AlertMetrics = ReturnType<typeof createAlertMetrics>;

export function createAlertMetrics(registry: Registry) {
  const registers = [registry];
  const alerts = new Gauge({
    name: 'hoptrace_alerts',
    help: 'Alerts by rule, severity and state.',
    labelNames: ['rule', 'severity', 'state'],
    registers,
  });
  const evaluations = new Counter({
    name: 'hoptrace_alert_evaluations_total',
    help: 'Evaluations of alert rules; result is ok, partly (some kind could not be measured) or failed.',
    labelNames: ['result'],
    registers,
  });
  const notifications = new Counter({
    name: 'hoptrace_alert_notifications_total',
    help: 'Alerts told to a sink; result is sent, failed (tried again) or dropped.',
    labelNames: ['sink', 'result'],
    registers,
  });
  const leftOut = new Gauge({
    name: 'hoptrace_alert_left_out',
    help: 'Alerts of the last evaluation beyond the bound, and so not kept.',
    registers,
  });
  const observed = new Map(
    Object.entries(GAUGES).map(([kind, { name, labels }]) => [
      kind,
      new Gauge({
        name,
        help: `Value of alert kind ${kind} (${KINDS[kind as AlertKind].unit}) as it is now.`,
        labelNames: [...labels],
        registers,
      }),
    ]),
  );
  return {
    evaluations,
    notifications,
    leftOut,
    show: (states: Iterable<AlertState>) => {
      alerts.reset();
      for (const { ruleId, severity, state } of states)
        alerts.inc({ rule: ruleId, severity, state });
    },
    /** Replaces what was shown of this kind. */
    observe: (kind: AlertKind, observations: readonly Observation[]) => {
      const gauge = observed.get(kind);
      gauge?.reset();
      for (const { labels, value } of observations.slice(0, MAX_SERIES))
        gauge?.set({ ...labels }, kind === 'hopLatency' ? value / 1e9 : value);
    },
  };
}
