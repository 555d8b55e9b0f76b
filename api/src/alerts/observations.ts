/** From rows of the store to observations of each kind. */
import type { Observation } from '@hoptrace/domain/alerts/observation.ts';
import type { RefusedAttempts } from '@hoptrace/store/queries/refusedAttempts.ts';
import type { HopDurations, ServiceShares } from '@hoptrace/store/queries/serviceShares.ts';
import type { FoundSending } from '../health/sendings.ts';
import type { AgentLife } from './alertStore.ts';

/** With fewer requests before, there is no usual value to speak of. */
const MIN_USUAL = 100;
/** Ways in which no party behind can learn the client. */
const LOST = ['rewrittenByCluster', 'tcpLbWithoutProxy'];
const NOTHING = { baseline: null, pathId: null, remedy: '' };

export function refusals(rows: readonly RefusedAttempts[]): Observation[] {
  return rows.map(({ attempts, pathId, remedy, ...labels }) => ({
    kind: 'refusedConnections',
    labels,
    value: attempts,
    count: attempts,
    baseline: null,
    pathId,
    remedy,
  }));
}

/** Only what a load balancer sent for certain, and where nobody served for certain. */
export function sendings(found: readonly FoundSending[]): Observation[] {
  const own = found.filter(({ sending }) => sending.isByLoadBalancer === true);
  return own.map(({ cluster, namespace, service, node, newestPathId, sending }) => ({
    kind: 'loadBalancerUnhealthyNode',
    labels: { cluster, namespace, service, node },
    value: sending.durationUs / 1e6,
    count: sending.attempts,
    ...{ baseline: null, pathId: newestPathId, text: sending.text, remedy: sending.remedy },
  }));
}

export function silentAgents(agents: readonly AgentLife[], nowUs: number): Observation[] {
  return agents.map(({ cluster, node, lastSeenUs }) => ({
    kind: 'agentSilent',
    labels: { cluster, node },
    value: Math.max(0, (nowUs - lastSeenUs) / 1e6),
    count: 1,
    ...NOTHING,
  }));
}

export function agentLosses(agents: readonly AgentLife[]): Observation[] {
  return agents.map(({ cluster, node, lost, lostRefusals }) => ({
    kind: 'evidenceLost',
    labels: { cluster, node },
    value: lost,
    count: 1,
    ...NOTHING,
    // Else the words of the rule.
    ...(lostRefusals > 0 && {
      remedy: `${lostRefusals} of them were dropped SYNs or ICMP errors: the lists of refusals are short by as many. Look for a SYN flood, or give the agent more CPU.`,
    }),
  }));
}

export function forgedHeaders(rows: readonly ServiceShares[]): Observation[] {
  return rows.map((row) => ({
    kind: 'forgedHeader',
    labels: labelsOf(row),
    value: row.scenarios.forged ?? 0,
    count: judged(row),
    ...NOTHING,
  }));
}

/** A share now and on the day before, of what was judged. */
export function shares(
  kind: 'extraHopShare' | 'clientAddressLost',
  now: readonly ServiceShares[],
  usual: readonly ServiceShares[],
): Observation[] {
  const [partOf, allOf] =
    kind === 'extraHopShare'
      ? [(row: ServiceShares) => row.withExtraHops, (row: ServiceShares) => row.requests]
      : [lost, judged];
  const before = new Map(usual.map((row) => [keyOf(row), row] as const));
  return now.flatMap((row) => {
    const count = allOf(row);
    if (count === 0) return [];
    const known = before.get(keyOf(row));
    const isUsual = known !== undefined && allOf(known) >= MIN_USUAL;
    return [
      {
        ...{ kind, labels: labelsOf(row), value: partOf(row) / count, count },
        baseline: isUsual ? partOf(known) / allOf(known) : null,
        ...{ pathId: null, remedy: '' },
      },
    ];
  });
}

/** The slowest hundredth of each step between roles, and inside proxies. */
export function hopLatencies(
  now: readonly HopDurations[],
  usual: readonly HopDurations[],
): Observation[] {
  const before = new Map(usual.flatMap(stepsOf).map((step) => [step.key, step] as const));
  return now.flatMap(stepsOf).map(({ key, labels, p99Ns, count }) => {
    const known = before.get(key);
    const isUsual = known !== undefined && known.count >= MIN_USUAL;
    return {
      ...{ kind: 'hopLatency' as const, labels, value: p99Ns, count },
      baseline: isUsual ? known.p99Ns : null,
      ...{ pathId: null, remedy: '' },
    };
  });
}

function stepsOf(row: HopDurations) {
  const { fromRole, toRole, rtt, proxyTime } = row;
  const named = [
    { hop: `${fromRole} → ${toRole}`, stats: rtt },
    { hop: `inside ${fromRole}, on the way to ${toRole}`, stats: proxyTime },
  ];
  return named.flatMap(({ hop, stats }) => {
    if (stats === null) return [];
    const labels = { ...labelsOf(row), hop };
    return [{ key: `${keyOf(row)}|${hop}`, labels, ...stats }];
  });
}

const judged = ({ scenarios: { unknown: _, ...known } }: ServiceShares): number =>
  Object.values(known).reduce((sum, each) => sum + each, 0);
const lost = ({ scenarios }: ServiceShares): number =>
  LOST.reduce((sum, name) => sum + (scenarios[name] ?? 0), 0);

interface Named {
  readonly cluster: string;
  readonly namespace: string;
  readonly service: string;
}
const keyOf = ({ cluster, namespace, service }: Named) => `${cluster}|${namespace}|${service}`;
const labelsOf = ({ cluster, namespace, service }: Named) => ({ cluster, namespace, service });
