/** What the agents told of their nodes: for the paths, in which mode kube-proxy ran when; for people, the newest of each. */
import {
  type ModeHistory,
  modesLookup,
  NO_MODES,
  withModeReport,
} from '@hoptrace/domain/kubernetes/reportedModes.ts';
import type { Topology } from '@hoptrace/domain/topology/topology.ts';
import type { Envelope } from '@hoptrace/domain/wire/v1.ts';

interface ClusterFacts {
  readonly modes: ModeHistory;
  readonly withModes: (topology: Topology, atUs: number) => Topology;
}

/** Clusters of one collector; a sender that makes up new ones replaces the oldest. */
const MAX_CLUSTERS = 256;
/** Nodes of one cluster. */
const MAX_NODES = 10_000;

export class NodeFactsBook {
  readonly #clusters = new Map<string, ClusterFacts>();

  /** Notes an envelope with facts; others change nothing. */
  note({ cluster, node, facts }: Envelope, atUs: number): void {
    if (facts === undefined) return;
    const before = this.#clusters.get(cluster)?.modes ?? NO_MODES;
    const modes = withModeReport(before, { node, mode: facts.kubeProxy.mode, atUs });
    if (modes === before) return;
    const [oldest] = modes.keys();
    const kept =
      modes.size > MAX_NODES && oldest !== undefined
        ? new Map([...modes].filter(([name]) => name !== oldest))
        : modes;
    this.#clusters.set(cluster, { modes: kept, withModes: modesLookup(kept) });
    const [first] = this.#clusters.keys();
    if (this.#clusters.size > MAX_CLUSTERS && first !== undefined) this.#clusters.delete(first);
  }

  /** The topology with what the agents of the cluster found out about its nodes. */
  applied(cluster: string, topology: Topology, atUs: number): Topology {
    return this.#clusters.get(cluster)?.withModes(topology, atUs) ?? topology;
  }
}
