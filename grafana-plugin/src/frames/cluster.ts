/** Counts of the time range, services and agents as tables. */

import type { Agent, Overview } from '../rest/types.ts';
import { OUTCOME_ORDER, serviceText } from '../view/words.ts';
import { SERVICE_LINK } from './ids.ts';
import { fieldsOf, msOf, number, type PlainFrame, SHARE, same, text, time } from './plainFrame.ts';

/** One row with all counts of the time range. A share of nothing is null. */
export function overviewFrame(overview: Overview): PlainFrame {
  const { outcomes } = overview;
  const refused = (outcomes.reset ?? 0) + (outcomes.rejected ?? 0) + (outcomes.dropped ?? 0);
  return {
    name: 'overview',
    meta: { preferredVisualisationType: 'table' },
    fields: fieldsOf([overview], {
      ...same<Overview>(number, 'paths', 'crossings', 'withExtraHops'),
      ...outcomeCounts(outcomes),
      refused: number(() => refused),
      refusedShare: number(({ paths }) => shareOf(refused, paths), SHARE),
      extraShare: number(({ withExtraHops, paths }) => shareOf(withExtraHops, paths), SHARE),
      agentsKnown: number(({ agents }) => agents.known),
      agentsSilent: number(({ agents }) => agents.silent),
    }),
  };
}

/** The services of the time range, the busiest first as the API gives them. */
export function serviceFrame({ services }: Overview): PlainFrame {
  return {
    name: 'services',
    meta: { preferredVisualisationType: 'table' },
    fields: fieldsOf(services, {
      service: text((service) => serviceText(service), { links: [SERVICE_LINK] }),
      ...same<ServiceCount>(text, 'namespace'),
      ...same<ServiceCount>(number, 'paths', 'refused', 'withExtraHops'),
      refusedShare: number(({ refused, paths }) => shareOf(refused, paths), SHARE),
      extraShare: number(({ withExtraHops, paths }) => shareOf(withExtraHops, paths), SHARE),
    }),
  };
}

export function agentFrame(agents: readonly Agent[]): PlainFrame {
  return {
    name: 'agents',
    meta: { preferredVisualisationType: 'table' },
    fields: fieldsOf(agents, {
      ...same<Agent>(text, 'node', 'cluster'),
      state: text(({ isSilent }) => (isSilent ? 'silent' : 'reporting')),
      lastSeen: time(({ lastSeenUs }) => msOf(lastSeenUs)),
      lost: number(lostBy),
      ...lossCounts(),
      kernel: text(({ facts }) => facts?.kernel ?? null),
      kubeProxy: text(({ facts }) => facts?.kubeProxy.mode ?? null),
      containers: number(({ facts }) => facts?.containers ?? null),
      addresses: text(({ addresses }) => addresses.map(({ ip }) => ip).join(', ')),
    }),
  };
}

type ServiceCount = Overview['services'][number];

function outcomeCounts(outcomes: Overview['outcomes']) {
  return Object.fromEntries(OUTCOME_ORDER.map((name) => [name, number(() => outcomes[name] ?? 0)]));
}

const LOSSES = ['ringEvents', 'badFrames', 'evictedLegs', 'unsentRecords'] as const;

function lossCounts() {
  return Object.fromEntries(
    LOSSES.map((name) => [name, number(({ losses }: Agent) => losses[name])]),
  );
}

function lostBy({ losses }: Agent): number {
  return LOSSES.reduce((sum, name) => sum + losses[name], 0);
}

function shareOf(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
