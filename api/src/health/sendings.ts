/** Load balancers that went on sending to nodes without an endpoint: from refused attempts, endpoints and health checks. */
import { sendingOf } from '@hoptrace/domain/health/sending.ts';
import type { RefusalGroup } from '@hoptrace/domain/incidents/groupRefusals.ts';
import type { Sending } from '@hoptrace/domain/rest/loadBalancers.ts';
import type { RefusedSender } from '@hoptrace/store/queries/refusedSenders.ts';
import type { PathStore, StoreCall } from '../pathStore.ts';
import type { Histories } from './histories.ts';

const CAUSE = 'noLocalEndpoints';
/** How long before the first attempt states are looked at. */
const LOOK_BACK_US = 600_000_000;

export interface Window {
  readonly fromUs: number;
  readonly toUs: number;
}

/** As the API's store answers. */
export function sourcesOf(store: PathStore, call: StoreCall): SendingSources {
  const range = ({ fromUs, toUs }: Window) => ({ from: fromUs, to: toUs });
  return {
    refusedSenders: (window) => store.refusedSenders(range(window), call),
    histories: (services, window) => store.serviceHistories({ ...range(window), services }, call),
  };
}

/** Both ask the store, and throw as it does. */
export interface SendingSources {
  refusedSenders(window: Window): Promise<readonly RefusedSender[]>;
  /** Services as namespace/name. */
  histories(services: readonly string[], window: Window): Promise<Histories>;
}

export interface FoundSending {
  readonly cluster: string;
  readonly namespace: string;
  readonly service: string;
  readonly node: string;
  readonly newestPathId: string;
  readonly sending: Sending;
}

/** All of a window, by cluster, service port and node. */
export async function sendingsIn(sources: SendingSources, window: Window): Promise<FoundSending[]> {
  const senders = await sources.refusedSenders(window);
  if (senders.length === 0) return [];
  const histories = await historiesFor(sources, senders);
  return [...groupedBySubject(senders).values()].flatMap((group) => {
    const [newest] = group;
    const sending = judged(group, histories);
    if (newest === undefined || sending === null) return [];
    const { cluster, node, pathId, service } = newest;
    const { namespace, name } = service;
    return [{ cluster, namespace, service: name, node, newestPathId: pathId, sending }];
  });
}

/** By incidentId; none for incidents of another cause, and where no load balancer is known. */
export async function sendingsOfIncidents(
  sources: SendingSources,
  groups: readonly RefusalGroup[],
): Promise<ReadonlyMap<string, Sending>> {
  const own = groups.filter(({ cause, node, service }) => cause === CAUSE && node && service);
  if (own.length === 0) return new Map();
  const senders = await sources.refusedSenders({
    fromUs: Math.min(...own.map(({ startUs }) => startUs)),
    toUs: Math.max(...own.map(({ endUs }) => endUs)) + 1,
  });
  if (senders.length === 0) return new Map();
  const histories = await historiesFor(sources, senders);
  const bySubject = groupedBySubject(senders);
  return new Map(
    own.flatMap(({ incidentId, cluster, service, node, startUs, endUs }) => {
      if (service === null || node === null) return [];
      const all = bySubject.get(subjectOf({ cluster, service, node })) ?? [];
      const during = all.filter(
        ({ startedAtUs }) => startedAtUs >= startUs && startedAtUs <= endUs,
      );
      const sending = judged(during, histories);
      return sending === null ? [] : [[incidentId, sending] as const];
    }),
  );
}

function historiesFor(
  sources: SendingSources,
  senders: readonly RefusedSender[],
): Promise<Histories> {
  const names = new Set(senders.map(({ service }) => `${service.namespace}/${service.name}`));
  const times = senders.map(({ startedAtUs }) => startedAtUs);
  const fromUs = Math.max(0, Math.min(...times) - LOOK_BACK_US);
  return sources.histories([...names], { fromUs, toUs: Math.max(...times) + 1 });
}

function judged(attempts: readonly RefusedSender[], histories: Histories): Sending | null {
  const [first] = attempts;
  if (first === undefined) return null;
  const { cluster, service, node } = first;
  const history = histories.of(cluster, `${service.namespace}/${service.name}`);
  return sendingOf({ service, node, attempts, history });
}

function groupedBySubject(senders: readonly RefusedSender[]): Map<string, RefusedSender[]> {
  const groups = new Map<string, RefusedSender[]>();
  for (const sender of senders) {
    const key = subjectOf(sender);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [sender]);
    else group.push(sender);
  }
  return groups;
}

const subjectOf = ({
  cluster,
  service,
  node,
}: Pick<RefusedSender, 'cluster' | 'service' | 'node'>) =>
  JSON.stringify([cluster, service.namespace, service.name, service.port, node]);
