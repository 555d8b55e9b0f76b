/** What the agents told of their nodes: in which mode kube-proxy ran when, and which images run where. */
import {
  type ModeHistory,
  modesLookup,
  NO_MODES,
  withModeReport,
} from '@hoptrace/domain/kubernetes/reportedModes.ts';
import type { ImagesByNetns } from '@hoptrace/domain/reconstruct/program.ts';
import { LazyMap } from '@hoptrace/domain/topology/asOf/lazyMap.ts';
import type { Topology } from '@hoptrace/domain/topology/topology.ts';
import type { KubeProxyMode, Workload } from '@hoptrace/domain/wire/nodeFacts.ts';
import type { Envelope } from '@hoptrace/domain/wire/v1.ts';

interface ClusterFacts {
  modes: ModeHistory;
  withModes: (topology: Topology, atUs: number) => Topology;
  /** By `node|netns`. */
  readonly containers: Map<string, { readonly ids: readonly string[]; readonly toldUs: number }>;
  /** Of the containers as they are, by topology; empty after a change. */
  images: WeakMap<Topology, ImagesByNetns>;
}

/** Clusters of one collector; a sender that makes up new ones replaces the oldest. */
const MAX_CLUSTERS = 256;
/** Nodes of one cluster. */
const MAX_NODES = 10_000;
/** Network namespaces of one cluster. */
const MAX_NETNS = 200_000;
/** Records of a Pod that is gone may still come, and its paths be looked at again. */
const KEEP_GONE_US = 15 * 60 * 1_000_000;

const NO_IMAGES: ImagesByNetns = new Map();

export class NodeFactsBook {
  readonly #clusters = new Map<string, ClusterFacts>();

  /** Notes an envelope with facts; others change nothing. */
  note({ cluster, node, facts }: Envelope, atUs: number): void {
    if (facts === undefined) return;
    const known = this.#clusterOf(cluster);
    noteMode(known, { node, mode: facts.kubeProxy.mode, atUs });
    noteContainers(known, node, facts.workloads, atUs);
  }

  /** The mode as it was stored. */
  noteMode(cluster: string, node: string, mode: KubeProxyMode | null, fromUs: number): void {
    noteMode(this.#clusterOf(cluster), { node, mode, atUs: fromUs });
  }

  /** The topology with what the agents of the cluster found out about its nodes. */
  applied(cluster: string, topology: Topology, atUs: number): Topology {
    return this.#clusters.get(cluster)?.withModes(topology, atUs) ?? topology;
  }

  /** Which image runs where, as far as agents and topology together tell. */
  images(cluster: string, topology: Topology): ImagesByNetns {
    const known = this.#clusters.get(cluster);
    if (known === undefined) return NO_IMAGES;
    const images = known.images.get(topology) ?? imagesOf(known, topology);
    known.images.set(topology, images);
    return images;
  }

  #clusterOf(cluster: string): ClusterFacts {
    const known = this.#clusters.get(cluster);
    if (known !== undefined) return known;
    const [first] = this.#clusters.keys();
    if (this.#clusters.size >= MAX_CLUSTERS && first !== undefined) this.#clusters.delete(first);
    const made: ClusterFacts = {
      modes: NO_MODES,
      withModes: modesLookup(NO_MODES),
      containers: new Map(),
      images: new WeakMap(),
    };
    this.#clusters.set(cluster, made);
    return made;
  }
}

function noteMode(known: ClusterFacts, report: Parameters<typeof withModeReport>[1]): void {
  const modes = withModeReport(known.modes, report);
  if (modes === known.modes) return;
  const [oldest] = modes.keys();
  known.modes =
    modes.size > MAX_NODES ? new Map([...modes].filter(([name]) => name !== oldest)) : modes;
  known.withModes = modesLookup(known.modes);
}

/** All containers of the node as they are now. */
function noteContainers(
  known: ClusterFacts,
  node: string,
  workloads: readonly Workload[],
  toldUs: number,
): void {
  const { containers } = known;
  const byNetns = new Map<string, string[]>();
  for (const { netns, container } of workloads) {
    const key = `${node}|${netns}`;
    byNetns.set(key, [...(byNetns.get(key) ?? []), container]);
  }
  for (const [key, ids] of byNetns)
    if (containers.has(key) || containers.size < MAX_NETNS) containers.set(key, { ids, toldUs });
  for (const [key, { toldUs: lastUs }] of containers)
    if (key.startsWith(`${node}|`) && toldUs - lastUs > KEEP_GONE_US) containers.delete(key);
  known.images = new WeakMap();
}

/** Looked up as they are asked for: a path has a few network namespaces, the cluster a hundred thousand. */
function imagesOf({ containers }: ClusterFacts, topology: Topology): ImagesByNetns {
  return new LazyMap(
    (key: string) => {
      const ids = containers.get(key)?.ids ?? [];
      const { imageByContainer } = topology;
      const images = new Set(ids.flatMap((id) => imageByContainer.get(id) ?? []));
      return images.size === 0 ? undefined : [...images].sort().join('+');
    },
    () => containers.keys(),
  );
}
