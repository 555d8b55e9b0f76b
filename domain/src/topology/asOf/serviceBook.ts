/** Services with their slices through time, and under which addresses, ports and endpoints each is to be found. */

import { canonicalIp } from '../../model/ip.ts';
import type {
  EndpointSliceObject,
  KubernetesObject,
  ServiceObject,
} from '../../wire/kubernetes.ts';
import { portsOf, type ServicePort } from '../services.ts';
import { type ServiceAddress, serviceAddresses } from '../topology.ts';
import { type Interval, IntervalMap } from './intervalMap.ts';
import { type ObjectHistory, type TopologyVersion, versionAt } from './version.ts';

/** Services whose ports of one stretch of time are kept built. */
const MAX_BUILT = 2048;

export interface ServiceRecord {
  readonly namespace: string;
  readonly name: string;
  service: ObjectHistory | null;
  readonly slices: Map<string, ObjectHistory>;
}

interface Built {
  readonly fromUs: number;
  readonly toUs: number;
  readonly ports: readonly ServicePort[];
}

/** Under what a Service is found: a NodePort, `ip|port`, a ClusterIP, the address of an endpoint. */
type Place =
  | `nodePort ${number}`
  | `address ${string}`
  | `clusterIp ${string}`
  | `endpoint ${string}`;

const NO_PORTS: readonly ServicePort[] = [];

export class ServiceBook {
  readonly #records = new Map<string, ServiceRecord>();
  readonly #places = new IntervalMap<Place, ServiceRecord>();
  /** Of the open version of each object: where it is found. */
  readonly #held = new Map<string, ReadonlyMap<Place, Interval<Place, ServiceRecord>>>();
  readonly #built = new Map<ServiceRecord, Built>();

  /** A version of a Service or a slice began (null: it ended). */
  changed(
    history: ObjectHistory,
    opened: TopologyVersion | null,
    closed: TopologyVersion | null,
  ): void {
    const before = this.#held.get(history.key);
    const record = this.#recordOf(history, (opened ?? closed)?.object);
    const held = new Map<Place, Interval<Place, ServiceRecord>>();
    for (const place of opened === null || record === null ? [] : placesOf(opened.object)) {
      if (held.has(place) || opened === null || record === null) continue;
      const old = before?.get(place);
      const isSame = old !== undefined && old.value === record;
      held.set(
        place,
        isSame ? old : this.#places.open(place, record, opened.earliestUs, opened.fromUs),
      );
    }
    for (const [place, interval] of before ?? [])
      if (held.get(place) !== interval)
        this.#places.close(interval, closed?.toUs ?? interval.fromUs);
    if (held.size === 0) this.#held.delete(history.key);
    else this.#held.set(history.key, held);
    if (record !== null) this.#built.delete(record);
  }

  portAtNode(nodePort: number, atUs: number): ServicePort | undefined {
    return this.#find(`nodePort ${nodePort}`, atUs, (port) => port.nodePort === nodePort);
  }

  portOfClusterIp(ip: string, atUs: number): ServicePort | undefined {
    const records = this.#places.allAt(`clusterIp ${ip}`, atUs);
    return records
      .flatMap((record) => this.portsAt(record, atUs))
      .findLast((port) => port.clusterIps.includes(ip));
  }

  /** `key`: `ip|port`. */
  portOfEndpoint(key: string, atUs: number): ServicePort | undefined {
    const cut = key.lastIndexOf('|');
    const ip = key.slice(0, cut);
    const number = Number(key.slice(cut + 1));
    return this.#find(`endpoint ${ip}`, atUs, ({ endpoints }) =>
      endpoints.some((each) => each.ip === ip && each.port === number),
    );
  }

  /** `key`: `ip|port`. */
  address(key: string, atUs: number): ServiceAddress | undefined {
    for (const record of this.#places.allAt(`address ${key}`, atUs))
      for (const port of this.portsAt(record, atUs)) {
        const found = serviceAddresses(port).findLast(([each]) => each === key);
        if (found !== undefined) return found[1];
      }
    return undefined;
  }

  /** Keys of one kind of place that ever had a Service, as far as is remembered. */
  *keys(kind: 'nodePort' | 'address' | 'clusterIp'): Iterable<string> {
    for (const place of this.#places.keys())
      if (place.startsWith(`${kind} `)) yield place.slice(kind.length + 1);
  }

  *allPorts(atUs: number): Iterable<ServicePort> {
    for (const record of this.#records.values()) yield* this.portsAt(record, atUs);
  }

  portsOf(namespace: string, name: string, atUs: number): readonly ServicePort[] {
    const record = this.#records.get(`${namespace}/${name}`);
    return record === undefined ? NO_PORTS : this.portsAt(record, atUs);
  }

  portsAt(record: ServiceRecord, atUs: number): readonly ServicePort[] {
    const known = this.#built.get(record);
    if (known !== undefined && known.fromUs <= atUs && atUs < known.toUs) return known.ports;
    const built = buildPorts(record, atUs);
    const [oldest] = this.#built.keys();
    if (this.#built.size >= MAX_BUILT && oldest !== undefined) this.#built.delete(oldest);
    this.#built.delete(record);
    this.#built.set(record, built);
    return built.ports;
  }

  /** Nothing of the object is remembered any more. */
  dropped({ key }: ObjectHistory, { kind, metadata }: KubernetesObject): void {
    const name = kind === 'Service' ? metadata.name : serviceNameOf(metadata);
    const recordKey = `${metadata.namespace}/${name}`;
    const record = this.#records.get(recordKey);
    if (record === undefined) return;
    if (kind === 'Service') record.service = null;
    else record.slices.delete(key);
    this.#built.delete(record);
    if (record.service === null && record.slices.size === 0) this.#records.delete(recordKey);
  }

  forget(beforeUs: number): void {
    this.#places.forget(beforeUs);
  }

  #find(
    place: Place,
    atUs: number,
    isMeant: (port: ServicePort) => boolean,
  ): ServicePort | undefined {
    for (const record of this.#places.allAt(place, atUs).sort(byName)) {
      const found = this.portsAt(record, atUs).find(isMeant);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #recordOf(history: ObjectHistory, object: KubernetesObject | undefined): ServiceRecord | null {
    if (object === undefined) return null;
    const { kind, metadata } = object;
    const { namespace } = metadata;
    const name = kind === 'Service' ? metadata.name : serviceNameOf(metadata);
    if (name === '') return null;
    const key = `${namespace}/${name}`;
    const record = this.#records.get(key) ?? { namespace, name, service: null, slices: new Map() };
    this.#records.set(key, record);
    if (kind === 'Service') record.service = history;
    else record.slices.set(history.key, history);
    return record;
  }
}

/** Where several Services have an endpoint, the first in order is named, whoever was told first. */
function byName(a: ServiceRecord, b: ServiceRecord): number {
  return `${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1;
}

function serviceNameOf({ labels }: KubernetesObject['metadata']): string {
  return labels['kubernetes.io/service-name'] ?? '';
}

function placesOf(object: KubernetesObject): Place[] {
  if (object.kind === 'EndpointSlice')
    return (object.endpoints ?? []).flatMap(({ addresses }) =>
      addresses.flatMap((text) => {
        const ip = canonicalIp(text);
        return ip === null ? [] : [`endpoint ${ip}` as const];
      }),
    );
  if (object.kind !== 'Service') return [];
  return portsOf(object, new Map()).flatMap((port) => [
    ...(port.nodePort === null ? [] : [`nodePort ${port.nodePort}` as const]),
    ...port.clusterIps.map((ip) => `clusterIp ${ip}` as const),
    ...serviceAddresses(port).map(([key]) => `address ${key}` as const),
  ]);
}

/** The ports as of `atUs`, and between which times nothing of them changes. */
function buildPorts({ service, slices, namespace, name }: ServiceRecord, atUs: number): Built {
  const own = service === null ? null : versionAt(service, atUs);
  const parts = [...slices.values()];
  const stretch = stretchOf([...(service === null ? [] : [service]), ...parts], atUs);
  if (own === null || own.object.kind !== 'Service') return { ...stretch, ports: NO_PORTS };
  const objects = parts.flatMap((part): EndpointSliceObject[] => {
    const object = versionAt(part, atUs)?.object;
    return object?.kind === 'EndpointSlice' ? [object] : [];
  });
  const ports = portsOf(
    own.object satisfies ServiceObject,
    new Map([[`${namespace}/${name}`, objects]]),
  );
  return { ...stretch, ports };
}

function stretchOf(histories: readonly ObjectHistory[], atUs: number) {
  let fromUs = Number.NEGATIVE_INFINITY;
  let toUs = Number.POSITIVE_INFINITY;
  for (const { versions } of histories)
    for (const version of versions)
      for (const edge of [version.fromUs, version.toUs]) {
        if (edge <= atUs) fromUs = Math.max(fromUs, edge);
        else toUs = Math.min(toUs, edge);
      }
  return { fromUs, toUs };
}
