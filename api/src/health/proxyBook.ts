/** Which Pods stand behind a Service, and where their PROXY settings are: objects as the store has them. */
import type { ProxySettings } from '@hoptrace/domain/health/proxySettings.ts';
import { canonicalIp } from '@hoptrace/domain/model/ip.ts';
import {
  type ConfigMapObject,
  configMapSchema,
  type EndpointSliceObject,
  type PodObject,
  podSchema,
} from '@hoptrace/domain/wire/kubernetes.ts';
import type { StoredVersion } from '@hoptrace/store/rows/topologyRow.ts';

interface Cluster {
  readonly podByIp: Map<string, PodObject>;
  readonly configMaps: Map<string, ConfigMapObject>;
}

/** What is told without a cluster holds for each that has no topology of its own. */
const ANY_CLUSTER = '';

export class ProxyBook {
  readonly #clusters = new Map<string, Cluster>();

  /** Rows that this version does not know are passed over. */
  constructor(rows: readonly StoredVersion[]) {
    for (const row of rows) this.#add(row);
  }

  /** Endpoints that terminate are left out: they have the settings of before. */
  of(cluster: string, slices: readonly EndpointSliceObject[]): ProxySettings {
    const known = this.#clusters.get(cluster) ?? this.#clusters.get(ANY_CLUSTER);
    if (known === undefined) return { pods: [], configMaps: new Map() };
    const addresses = slices.flatMap(({ endpoints }) =>
      (endpoints ?? [])
        .filter(({ conditions }) => conditions.terminating !== true)
        .flatMap((each) => each.addresses),
    );
    const pods = addresses.flatMap((ip) => known.podByIp.get(canonicalIp(ip) ?? ip) ?? []);
    return { pods: [...new Set(pods)], configMaps: known.configMaps };
  }

  #add({ cluster, kind, namespace, name, object }: StoredVersion): void {
    const known = this.#clusters.get(cluster) ?? { podByIp: new Map(), configMaps: new Map() };
    this.#clusters.set(cluster, known);
    const json: unknown = JSON.parse(object);
    if (kind === 'ConfigMap') {
      const parsed = configMapSchema.safeParse(json).data;
      if (parsed !== undefined) known.configMaps.set(`${namespace}/${name}`, parsed);
      return;
    }
    const pod = podSchema.safeParse(json).data;
    for (const { ip } of pod?.status.podIPs ?? [])
      if (pod !== undefined) known.podByIp.set(canonicalIp(ip) ?? ip, pod);
  }
}
