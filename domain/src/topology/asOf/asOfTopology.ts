/** A Topology as of one instant, worked out from the index only as far as it is read. */
import { DEFAULT_TRANSITION_WINDOW_US } from '../../kubernetes/history.ts';
import type { HostPort, TopologyNode } from '../nodes.ts';
import type { ServicePort } from '../services.ts';
import type { Pod, ServiceAddress, Topology, TopologyChange } from '../topology.ts';
import { LazyMap } from './lazyMap.ts';
import type { TopologyIndex } from './topologyIndex.ts';

/** Cheap: nothing is built but what is asked for. */
export function asOf(index: TopologyIndex, atUs: number): Topology {
  return new AsOfTopology(index, atUs);
}

class AsOfTopology implements Topology {
  readonly #index: TopologyIndex;
  readonly #atUs: number;
  readonly podByIp: ReadonlyMap<string, Pod>;

  constructor(index: TopologyIndex, atUs: number) {
    this.#index = index;
    this.#atUs = atUs;
    this.podByIp = new LazyMap(
      (ip: string) => index.podAt(ip, atUs),
      () => index.podIps(),
    );
  }

  get nodeByIp(): ReadonlyMap<string, string> {
    return this.#index.rare.nodesAt(this.#atUs).nodeByIp;
  }

  get nodes(): ReadonlyMap<string, TopologyNode> {
    return this.#index.rare.nodesAt(this.#atUs).nodes;
  }

  get hostPorts(): readonly HostPort[] {
    return this.#index.rare.hostPortsAt(this.#atUs);
  }

  get loadBalancerByIp(): ReadonlyMap<string, string> {
    return this.#index.rare.balancersAt(this.#atUs);
  }

  get services(): readonly ServicePort[] {
    return [...this.#index.services.allPorts(this.#atUs)];
  }

  get serviceByNodePort(): ReadonlyMap<number, ServicePort> {
    const { services } = this.#index;
    return new LazyMap(
      (port: number) => services.portAtNode(port, this.#atUs),
      () => [...services.keys('nodePort')].map(Number),
    );
  }

  get serviceByAddress(): ReadonlyMap<string, ServiceAddress> {
    const { services } = this.#index;
    return new LazyMap(
      (key: string) => services.address(key, this.#atUs),
      () => services.keys('address'),
    );
  }

  get serviceByClusterIp(): ReadonlyMap<string, ServicePort> {
    const { services } = this.#index;
    return new LazyMap(
      (ip: string) => services.portOfClusterIp(ip, this.#atUs),
      () => services.keys('clusterIp'),
    );
  }

  get serviceByEndpoint(): ReadonlyMap<string, ServicePort> {
    const { services } = this.#index;
    return new LazyMap(
      (key: string) => services.portOfEndpoint(key, this.#atUs),
      () =>
        this.services.flatMap(({ endpoints }) => endpoints.map(({ ip, port }) => `${ip}|${port}`)),
    );
  }

  get imageByContainer(): ReadonlyMap<string, string> {
    const index = this.#index;
    return new LazyMap(
      (id: string) => index.imageAt(id, this.#atUs),
      () => index.containers(),
    );
  }

  get asOf(): (atUs: number) => Topology {
    return (atUs) => new AsOfTopology(this.#index, atUs);
  }

  get changes(): readonly TopologyChange[] {
    return this.#index.changes.allNear(this.#atUs, DEFAULT_TRANSITION_WINDOW_US);
  }

  get changesOf(): (subject: string) => readonly TopologyChange[] {
    return (subject) => this.#index.changes.near(subject, this.#atUs, DEFAULT_TRANSITION_WINDOW_US);
  }
}
