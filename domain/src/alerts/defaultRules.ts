/**
 * Rules that are there without anybody asking: quiet on a cluster where all goes as it always goes. What depends on the
 * cluster's ways (some live with extra hops by choice) is compared with the day before, not with a number of ours.
 */
import type { AlertRule } from '../rest/alerts.ts';

const everywhere = { match: {}, labels: {} };

export const DEFAULT_RULES: readonly AlertRule[] = [
  {
    id: 'refused-connections',
    kind: 'refusedConnections',
    severity: 'critical',
    // One may be a client that met a Pod as it ended; a resent SYN is no second attempt.
    ...{ threshold: 3, minCount: 3, windowSeconds: 60, forSeconds: 0, keepFiringSeconds: 30 },
    ...everywhere,
  },
  {
    id: 'lb-unhealthy-node',
    kind: 'loadBalancerUnhealthyNode',
    severity: 'critical',
    // Two seconds are what kube-proxy and one probe need; nobody can do better.
    ...{ threshold: 5, minCount: 3, windowSeconds: 120, forSeconds: 0, keepFiringSeconds: 30 },
    ...everywhere,
  },
  {
    id: 'extra-hops-risen',
    kind: 'extraHopShare',
    severity: 'warning',
    ...{ threshold: 0.2, minCount: 100, windowSeconds: 300, forSeconds: 120 },
    keepFiringSeconds: 120,
    ...everywhere,
  },
  {
    id: 'client-address-lost',
    kind: 'clientAddressLost',
    severity: 'warning',
    ...{ threshold: 0.2, minCount: 100, windowSeconds: 300, forSeconds: 120 },
    keepFiringSeconds: 120,
    ...everywhere,
  },
  {
    id: 'forged-header',
    kind: 'forgedHeader',
    severity: 'critical',
    ...{ threshold: 1, minCount: 1, windowSeconds: 300, forSeconds: 0, keepFiringSeconds: 0 },
    ...everywhere,
  },
  {
    id: 'hop-slower',
    kind: 'hopLatency',
    severity: 'warning',
    ...{ threshold: 3, minCount: 200, windowSeconds: 300, forSeconds: 120 },
    keepFiringSeconds: 120,
    ...everywhere,
  },
  {
    id: 'agent-silent',
    kind: 'agentSilent',
    severity: 'critical',
    // Agents speak every 5 s; an orderly restart takes a few.
    ...{ threshold: 30, minCount: 0, windowSeconds: 60, forSeconds: 0, keepFiringSeconds: 0 },
    ...everywhere,
  },
  {
    id: 'evidence-lost',
    kind: 'evidenceLost',
    severity: 'warning',
    ...{ threshold: 1, minCount: 0, windowSeconds: 300, forSeconds: 0, keepFiringSeconds: 0 },
    ...everywhere,
  },
];
