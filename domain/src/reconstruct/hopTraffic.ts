/** What a hop carried and how its connection was closed, as the tap tells it where the connection arrived. */
import type { Hop, HopTraffic } from '../rest/path.ts';
import type { Leg } from './evidence.ts';

/** Nothing where nobody counted, or where nobody answered: what became of that is the refusal's to tell. */
export function trafficOf(leg: Leg | null): Pick<Hop, 'traffic'> {
  if (leg?.traffic === undefined || leg.end === 'unanswered') return {};
  const { clientBytes, serverBytes, clientRetransmits, serverRetransmits } = leg.traffic;
  const closed = closedOf(leg.end, leg.traffic.closedBy);
  return { traffic: { clientBytes, serverBytes, clientRetransmits, serverRetransmits, closed } };
}

function closedOf(
  end: Leg['end'],
  closedBy: NonNullable<Leg['traffic']>['closedBy'],
): HopTraffic['closed'] {
  if (closedBy === 'nobody') return 'open';
  if (closedBy === 'agent') return 'timedOut';
  const isClient = closedBy === 'client';
  if (end === 'reset') return isClient ? 'resetByClient' : 'resetByServer';
  return isClient ? 'finByClient' : 'finByServer';
}
