/** What few objects say and everybody reads whole: nodes, ports that Pods hold on them, addresses of load balancers. */
import type { KubernetesObject } from '../../wire/kubernetes.ts';
import { type HostPort, hostPortsOf, nodeOf, type TopologyNode } from '../nodes.ts';
import { loadBalancerAddresses } from '../topology.ts';
import { Segmented } from './segmented.ts';
import { type ObjectHistory, versionAt } from './version.ts';

export interface NodesThen {
  readonly nodes: ReadonlyMap<string, TopologyNode>;
  readonly nodeByIp: ReadonlyMap<string, string>;
}

class Collection<T> {
  readonly #histories = new Map<string, ObjectHistory>();
  readonly #segments: Segmented<T>;

  constructor(build: (objects: readonly KubernetesObject[]) => T) {
    this.#segments = new Segmented((atUs) =>
      build([...this.#histories.values()].flatMap((each) => versionAt(each, atUs)?.object ?? [])),
    );
  }

  changed(history: ObjectHistory, atUs: number): void {
    this.#histories.set(history.key, history);
    this.#segments.changed(atUs);
  }

  has(key: string): boolean {
    return this.#histories.has(key);
  }

  drop(key: string): void {
    this.#histories.delete(key);
  }

  at(atUs: number): T {
    return this.#segments.at(atUs);
  }

  forget(beforeUs: number): void {
    this.#segments.forget(beforeUs);
  }
}

export class RareFacts {
  readonly #nodes = new Collection<NodesThen>((objects) => {
    const nodes = objects.flatMap((object) => (object.kind === 'Node' ? [nodeOf(object)] : []));
    return {
      nodes: new Map(nodes.map((node) => [node.name, node])),
      nodeByIp: new Map(nodes.flatMap(({ name, addresses }) => addresses.map((ip) => [ip, name]))),
    };
  });
  readonly #hostPorts = new Collection<readonly HostPort[]>((objects) =>
    objects.flatMap((object) => (object.kind === 'Pod' ? hostPortsOf(object) : [])),
  );
  readonly #balancers = new Collection<ReadonlyMap<string, string>>(
    (objects) =>
      new Map(
        objects.flatMap((object) =>
          object.kind === 'Service' ? loadBalancerAddresses(object) : [],
        ),
      ),
  );

  changed(history: ObjectHistory, object: KubernetesObject, atUs: number): void {
    const collection = this.#collectionOf(object.kind);
    // Once it had something to say, that it has no more is news as well.
    if (collection?.has(history.key) === true || saysSomething(object))
      collection?.changed(history, atUs);
  }

  dropped(history: ObjectHistory, { kind }: KubernetesObject): void {
    this.#collectionOf(kind)?.drop(history.key);
  }

  nodesAt(atUs: number): NodesThen {
    return this.#nodes.at(atUs);
  }

  hostPortsAt(atUs: number): readonly HostPort[] {
    return this.#hostPorts.at(atUs);
  }

  balancersAt(atUs: number): ReadonlyMap<string, string> {
    return this.#balancers.at(atUs);
  }

  forget(beforeUs: number): void {
    for (const each of [this.#nodes, this.#hostPorts, this.#balancers]) each.forget(beforeUs);
  }

  #collectionOf(kind: KubernetesObject['kind']) {
    if (kind === 'Node') return this.#nodes;
    if (kind === 'Pod') return this.#hostPorts;
    return kind === 'Service' ? this.#balancers : null;
  }
}

function saysSomething(object: KubernetesObject): boolean {
  if (object.kind === 'Node') return true;
  if (object.kind === 'Pod') return hostPortsOf(object).length > 0;
  return object.kind === 'Service' && loadBalancerAddresses(object).length > 0;
}
