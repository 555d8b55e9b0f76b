/**
 * What the topology tells late: traffic is faster than a watch, so the first connections of a Pod come before its
 * address does. Groups that it concerns are looked at again; what is no news for them is not written again.
 */
import { DEFAULT_TRANSITION_WINDOW_US } from '@hoptrace/domain/kubernetes/history.ts';
import type { TopologyEvent, TopologyIndex } from '@hoptrace/domain/topology/asOf/topologyIndex.ts';
import { bornUs, type TopologyVersion } from '@hoptrace/domain/topology/asOf/version.ts';
import { podIps, podOf } from '@hoptrace/domain/topology/topology.ts';
import type { KubernetesObject } from '@hoptrace/domain/wire/kubernetes.ts';
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import type { Group } from '../stitch/group.ts';
import { ANY_CLUSTER } from './topologyBook.ts';

interface Span {
  sinceUs: number;
  untilUs: number;
}

/** What one cluster was told since the last look. */
interface Told {
  /** Connections with one of these addresses may have another name now. */
  readonly ips: Map<string, Span>;
  /** Refusals of connections to these (`ip|port`, `|nodePort`) may be explained otherwise, or be transitional. */
  readonly targets: Map<string, Span>;
  /** A topology where there was none, or too much at once: all is looked at again. */
  isAll: boolean;
}

/** Beyond, looking at everything is cheaper than at each. */
const MAX_TOLD = 50_000;

export class LateFacts {
  #told = new Map<string, Told>();

  note(cluster: string, events: readonly TopologyEvent[], index: TopologyIndex): void {
    const told = this.#told.get(cluster) ?? { ips: new Map(), targets: new Map(), isAll: false };
    this.#told.set(cluster, told);
    for (const event of events) {
      if (told.isAll) return;
      const { opened, closed } = event;
      const version = opened ?? closed;
      if (version === null) continue;
      if (version.earliestUs === Number.NEGATIVE_INFINITY) told.isAll = true;
      else if (version.object.kind === 'Pod') notePod(told, opened, closed);
      else noteVerdict(told, event, index);
      if (told.ips.size + told.targets.size > MAX_TOLD) told.isAll = true;
    }
  }

  /** Which groups are concerned by what was told since the last call; null: none. */
  take(): ((group: Group) => boolean) | null {
    if (this.#told.size === 0) return null;
    const all = this.#told;
    this.#told = new Map();
    return (group) => {
      const told = all.get(group.cluster) ?? all.get(ANY_CLUSTER);
      if (told === undefined) return false;
      if (told.isAll) return true;
      for (const record of group.records.values()) if (isConcerned(told, record)) return true;
      return false;
    };
  }
}

/** A Pod whose address is news may have had it since the kubelet took it on. */
function notePod(told: Told, opened: TopologyVersion | null, closed: TopologyVersion | null): void {
  if (opened === null || opened.object.kind !== 'Pod') return;
  const { object, earliestUs, fromUs } = opened;
  const before = closed?.object.kind === 'Pod' ? closed.object : null;
  const isSame = before !== null && JSON.stringify(podOf(before)) === JSON.stringify(podOf(object));
  const known = isSame ? podIps(before) : [];
  const sinceUs = Math.min(bornUs(object) ?? earliestUs, earliestUs);
  for (const ip of podIps(object))
    if (!known.includes(ip)) widen(told.ips, ip, { sinceUs, untilUs: fromUs });
}

/** Near a change of a Service, its endpoints or its node, a refusal is judged with care. */
function noteVerdict(told: Told, { opened, closed }: TopologyEvent, index: TopologyIndex): void {
  const atUs = opened?.fromUs ?? closed?.toUs ?? 0;
  const earliestUs = opened?.earliestUs ?? closed?.earliestToUs ?? atUs;
  const span = {
    sinceUs: earliestUs - DEFAULT_TRANSITION_WINDOW_US,
    untilUs: atUs + DEFAULT_TRANSITION_WINDOW_US,
  };
  for (const version of [opened, closed])
    for (const target of version === null ? [] : targetsOf(version.object, index, atUs))
      widen(told.targets, target, span);
}

function targetsOf(object: KubernetesObject, index: TopologyIndex, atUs: number): string[] {
  if (object.kind === 'Node') return object.status.addresses.map(({ address }) => `${address}|`);
  const { namespace, name, labels } = object.metadata;
  const service = object.kind === 'Service' ? name : (labels['kubernetes.io/service-name'] ?? '');
  // As it is now, and as it was until now.
  return [atUs, atUs - 1].flatMap((us) =>
    index.services
      .portsOf(namespace, service, us)
      .flatMap((port) => [
        ...(port.nodePort === null ? [] : [`|${port.nodePort}`]),
        ...[...port.clusterIps, ...port.externalIps, ...port.virtualIps.map(({ ip }) => ip)].map(
          (ip) => `${ip}|${port.servicePort}`,
        ),
        ...port.endpoints.map((each) => `${each.ip}|${each.port}`),
      ]),
  );
}

function widen(spans: Map<string, Span>, key: string, { sinceUs, untilUs }: Span): void {
  const known = spans.get(key);
  if (known === undefined) {
    spans.set(key, { sinceUs, untilUs });
    return;
  }
  known.sinceUs = Math.min(known.sinceUs, sinceUs);
  known.untilUs = Math.max(known.untilUs, untilUs);
}

function isConcerned({ ips, targets }: Told, record: Sourced): boolean {
  if (record.kind !== 'leg' && record.kind !== 'refusal') return false;
  const { src, dst } = record.tuple;
  if (holds(ips, src.ip, record) || holds(ips, dst.ip, record)) return true;
  if (record.kind === 'leg')
    return record.reply !== null && holds(ips, record.reply.src.ip, record);
  return [`${dst.ip}|${dst.port}`, `|${dst.port}`, `${dst.ip}|`].some((key) =>
    holds(targets, key, record),
  );
}

function holds(spans: ReadonlyMap<string, Span>, key: string, { startUs }: Sourced): boolean {
  const span = spans.get(key);
  return span !== undefined && span.sinceUs <= startUs && startUs <= span.untilUs;
}
