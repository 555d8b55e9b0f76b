/** The columns of each table. */
import type { Agent, Overview } from '@hoptrace/api/responses.ts';
import { lostEvidence } from '@hoptrace/domain/loss/lostEvidence.ts';
import type { Alert } from '@hoptrace/domain/rest/alerts.ts';
import type { Incident } from '@hoptrace/domain/rest/incidents.ts';
import {
  formatAddress,
  formatClock,
  formatDay,
  formatNs,
  formatRtt,
} from '../../../grafana-plugin/src/view/format.ts';
import { routeText } from '../../../grafana-plugin/src/view/lanes.ts';
import type { Path, RefusalItem } from '../../../grafana-plugin/src/view/model.ts';
import {
  CLIENT_SOURCE_SHORT,
  causeText,
  extraHopsOf,
  extraHopsText,
  longestHop,
  serviceText,
} from '../../../grafana-plugin/src/view/words.ts';
import { OUTCOME_STYLES } from '../draw/pathText.ts';
import type { Asking } from './output.ts';
import type { Column } from './table.ts';
import type { Style } from './terminal.ts';

type Clock = Pick<Asking, 'timeZone' | 'nowUs'>;

/** The day is told only where it is not today. */
export function timeText(us: number, { timeZone, nowUs }: Clock): string {
  const day = formatDay(us, timeZone);
  const clock = formatClock(us, timeZone);
  return day === formatDay(nowUs, timeZone) ? clock : `${day} ${clock}`;
}

const clientText = ({ ip, port }: Path['client']) =>
  ip === null ? 'not known' : formatAddress(ip, port);

export function pathColumns(clock: Clock): Column<Path>[] {
  return [
    { title: 'TIME', value: (path) => timeText(path.startedAtUs, clock) },
    {
      title: 'OUTCOME',
      value: ({ outcome }) => outcome,
      style: ({ outcome }) => OUTCOME_STYLES[outcome],
    },
    { title: 'SERVICE', value: ({ service }) => serviceText(service), minWidth: 16 },
    { title: 'CLIENT', value: ({ client }) => clientText(client), dropOrder: 2 },
    {
      title: 'EXTRA',
      value: (path) => extraHopsText(extraHopsOf(path)),
      style: ({ extraHops }) => (extraHops > 0 ? 'yellow' : null),
      isRight: true,
    },
    { title: 'CLASS', value: (path) => path.class, dropOrder: 1 },
    { title: 'ROUTE', value: routeText, minWidth: 48, dropOrder: 3 },
    {
      title: 'CLIENT BY',
      value: ({ client }) => CLIENT_SOURCE_SHORT[client.source],
      isWide: true,
      dropOrder: 6,
    },
    { title: 'CROSSED', value: ({ crossings }) => String(crossings), isRight: true, isWide: true },
    { title: 'LONGEST HOP', value: longestText, isRight: true, isWide: true, dropOrder: 5 },
    {
      title: 'SEEN',
      value: ({ completeness }) => completeness.toFixed(2),
      isRight: true,
      isWide: true,
      dropOrder: 4,
    },
    { title: 'CLUSTER', value: ({ cluster }) => cluster, isWide: true, dropOrder: 7 },
    { title: 'ID', value: ({ pathId }) => pathId },
  ];
}

function longestText(path: Path): string {
  const longest = longestHop(path);
  return longest === null ? 'not measured' : formatRtt(longest.rtt);
}

export function refusalColumns(clock: Clock): Column<RefusalItem>[] {
  return [
    { title: 'TIME', value: (item) => timeText(item.startedAtUs, clock) },
    { title: 'KIND', value: ({ kind }) => kind, style: () => 'red' },
    { title: 'NODE', value: ({ node }) => node ?? 'not seen' },
    {
      title: 'DESTINATION',
      value: ({ destination }) => formatAddress(destination.ip, destination.port),
      dropOrder: 2,
    },
    { title: 'SERVICE', value: ({ service }) => serviceText(service), minWidth: 16 },
    { title: 'CLIENT', value: ({ client }) => clientText(client), dropOrder: 3 },
    { title: 'CAUSE', value: ({ cause }) => cause },
    {
      title: 'WHICH IS',
      value: ({ cause }) => causeText(cause),
      isWide: true,
      minWidth: 20,
      dropOrder: 6,
    },
    { title: 'SYNS', value: ({ synCount }) => String(synCount), isRight: true, isWide: true },
    {
      title: 'AFTER',
      value: ({ afterNs }) => formatNs(afterNs),
      isRight: true,
      isWide: true,
      dropOrder: 4,
    },
    { title: 'REMEDY', value: ({ remedy }) => remedy, isWide: true, minWidth: 30, dropOrder: 5 },
    { title: 'ID', value: ({ pathId }) => pathId },
  ];
}

type ServiceCount = Overview['services'][number];

export const serviceColumns: readonly Column<ServiceCount>[] = [
  { title: 'SERVICE', value: serviceText, minWidth: 20 },
  { title: 'PATHS', value: ({ paths }) => String(paths), isRight: true },
  {
    title: 'REFUSED',
    value: ({ refused }) => String(refused),
    style: ({ refused }) => (refused > 0 ? 'red' : null),
    isRight: true,
  },
  {
    title: 'WITH EXTRA HOPS',
    value: ({ withExtraHops }) => String(withExtraHops),
    style: ({ withExtraHops }) => (withExtraHops > 0 ? 'yellow' : null),
    isRight: true,
  },
];

export function agentColumns(clock: Clock): Column<Agent>[] {
  return [
    { title: 'NODE', value: ({ node }) => node, minWidth: 12 },
    { title: 'CLUSTER', value: ({ cluster }) => cluster, dropOrder: 1 },
    {
      title: 'STATE',
      value: ({ isSilent }) => (isSilent ? 'silent' : 'reporting'),
      style: ({ isSilent }) => (isSilent ? 'red' : 'green'),
    },
    { title: 'LAST HEARD', value: ({ lastSeenUs }) => timeText(lastSeenUs, clock) },
    {
      title: 'LOST (24 H)',
      value: ({ losses }) => String(lostEvidence(losses)),
      style: ({ losses }) => (lostEvidence(losses) > 0 ? 'yellow' : null),
      isRight: true,
    },
    {
      title: 'OF IT REFUSALS',
      value: ({ losses }) => String(losses.ringRefusals),
      style: ({ losses }) => (losses.ringRefusals > 0 ? 'red' : null),
      isRight: true,
      dropOrder: 4,
    },
    {
      title: 'KUBE-PROXY',
      value: ({ facts }) => facts?.kubeProxy?.mode ?? 'not told',
      dropOrder: 2,
    },
    { title: 'KERNEL', value: ({ facts }) => facts?.kernel ?? 'not told', dropOrder: 3 },
    {
      title: 'ADDRESSES',
      value: ({ addresses }) => addresses.map(({ ip }) => ip).join(' '),
      isWide: true,
      minWidth: 15,
      dropOrder: 4,
    },
    { title: 'BOOT', value: ({ bootId }) => bootId, isWide: true, dropOrder: 5 },
  ];
}

/** The service, or where the SYNs went where none is known. */
export function whatOf({
  service,
  destination,
}: Pick<Incident, 'service' | 'destination'>): string {
  if (service !== null || destination === null) return serviceText(service);
  return formatAddress(destination.ip, destination.port);
}

export function incidentColumns(clock: Clock): Column<Incident>[] {
  return [
    { title: 'START', value: ({ startUs }) => timeText(startUs, clock) },
    {
      title: 'END',
      value: ({ endUs, isOngoing }) => (isOngoing ? 'goes on' : timeText(endUs, clock)),
      style: ({ isOngoing }) => (isOngoing ? 'red' : null),
      dropOrder: 1,
    },
    { title: 'COUNT', value: ({ refusals }) => String(refusals), isRight: true },
    { title: 'CLIENTS', value: ({ clients }) => String(clients), isRight: true },
    { title: 'NODE', value: ({ node }) => node ?? 'not seen', dropOrder: 2 },
    { title: 'SERVICE', value: whatOf, minWidth: 12 },
    { title: 'CAUSE', value: ({ cause }) => cause },
    {
      title: 'WHICH IS',
      value: ({ cause }) => causeText(cause),
      isWide: true,
      minWidth: 20,
      dropOrder: 5,
    },
    {
      title: 'LOAD BALANCER',
      value: ({ sending }) => sending?.text ?? '',
      isWide: true,
      minWidth: 30,
      dropOrder: 6,
    },
    { title: 'REMEDY', value: ({ remedy }) => remedy, isWide: true, minWidth: 30, dropOrder: 4 },
    { title: 'CLUSTER', value: ({ cluster }) => cluster, isWide: true, dropOrder: 3 },
    { title: 'ID', value: ({ incidentId }) => incidentId },
  ];
}

const STATE_STYLES: Readonly<Record<Alert['state'], Style>> = {
  firing: 'red',
  pending: 'yellow',
  resolved: 'green',
};

const labelsText = ({ labels }: Alert) =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');

/** Whether it still holds is told with its state: nothing else makes it less than it says. */
const stateText = ({ state, isStale, isSilenced }: Alert) =>
  `${state}${isStale ? ', stale' : ''}${isSilenced ? ', silenced' : ''}`;

export function alertColumns(clock: Clock): Column<Alert>[] {
  return [
    { title: 'SINCE', value: ({ startedAtUs }) => timeText(startedAtUs, clock) },
    { title: 'STATE', value: stateText, style: ({ state }) => STATE_STYLES[state] },
    { title: 'SEVERITY', value: ({ severity }) => severity, dropOrder: 1 },
    { title: 'RULE', value: ({ ruleId }) => ruleId },
    { title: 'ABOUT', value: labelsText, minWidth: 20 },
    { title: 'TEXT', value: ({ text }) => text, isWide: true, minWidth: 30, dropOrder: 3 },
    { title: 'REMEDY', value: ({ remedy }) => remedy, isWide: true, minWidth: 30, dropOrder: 4 },
    { title: 'EXAMPLE', value: ({ pathId }) => pathId ?? '', dropOrder: 2 },
  ];
}
