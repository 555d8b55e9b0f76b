/** Counts of the time range, services and agents as tables. */

import type { Agent, Overview } from '../rest/types.ts';
import { serviceText } from '../view/words.ts';
import { SERVICE_LINK } from './ids.ts';
import { fieldsOf, msOf, number, type PlainFrame, SHARE, text, time } from './plainFrame.ts';

const COUNT = { unit: 'short' };

/** One row with all counts of the time range. A share of nothing is null. */
export function overviewFrame(overview: Overview): PlainFrame {
  const { outcomes } = overview;
  const refused = (outcomes.reset ?? 0) + (outcomes.rejected ?? 0) + (outcomes.dropped ?? 0);
  return {
    name: 'overview',
    meta: { preferredVisualisationType: 'table' },
    fields: fieldsOf([overview], {
      paths: number(({ paths }) => paths, COUNT),
      served: number(() => outcomes.served ?? 0, COUNT),
      refused: number(() => refused, COUNT),
      refusedShare: number(({ paths }) => shareOf(refused, paths), SHARE),
      reset: number(() => outcomes.reset ?? 0, COUNT),
      rejected: number(() => outcomes.rejected ?? 0, COUNT),
      dropped: number(() => outcomes.dropped ?? 0, COUNT),
      unknown: number(() => outcomes.unknown ?? 0, COUNT),
      crossings: number(({ crossings }) => crossings, COUNT),
      withExtraHops: number(({ withExtraHops }) => withExtraHops, COUNT),
      extraShare: number(({ withExtraHops, paths }) => shareOf(withExtraHops, paths), SHARE),
      agentsKnown: number(({ agents }) => agents.known, COUNT),
      agentsSilent: number(({ agents }) => agents.silent, COUNT),
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
      namespace: text(({ namespace }) => namespace),
      paths: number(({ paths }) => paths, COUNT),
      refused: number(({ refused }) => refused, COUNT),
      refusedShare: number(({ refused, paths }) => shareOf(refused, paths), SHARE),
      withExtraHops: number(({ withExtraHops }) => withExtraHops, COUNT),
      extraShare: number(({ withExtraHops, paths }) => shareOf(withExtraHops, paths), SHARE),
    }),
  };
}

export function agentFrame(agents: readonly Agent[]): PlainFrame {
  return {
    name: 'agents',
    meta: { preferredVisualisationType: 'table' },
    fields: fieldsOf(agents, {
      node: text(({ node }) => node),
      state: text(({ isSilent }) => (isSilent ? 'silent' : 'reporting')),
      lastSeen: time(({ lastSeenUs }) => msOf(lastSeenUs)),
      lost: number(lostBy, COUNT),
      ringEvents: number(({ losses }) => losses.ringEvents, COUNT),
      badFrames: number(({ losses }) => losses.badFrames, COUNT),
      evictedLegs: number(({ losses }) => losses.evictedLegs, COUNT),
      unsentRecords: number(({ losses }) => losses.unsentRecords, COUNT),
      kernel: text(({ facts }) => facts?.kernel ?? null),
      kubeProxy: text(({ facts }) => facts?.kubeProxy.mode ?? null),
      containers: number(({ facts }) => facts?.containers ?? null, COUNT),
      addresses: text(({ addresses }) => addresses.map(({ ip }) => ip).join(', ')),
      cluster: text(({ cluster }) => cluster),
    }),
  };
}

function lostBy({ losses }: Agent): number {
  return losses.ringEvents + losses.badFrames + losses.evictedLegs + losses.unsentRecords;
}

function shareOf(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
