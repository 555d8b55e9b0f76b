/**
 * What agents find out about their nodes and Kubernetes does not know, through time: interface addresses, the mode of
 * kube-proxy, sysctls, the kernel. A connection is judged by what its node was when it began.
 */
import { Segmented } from '@hoptrace/domain/topology/asOf/segmented.ts';
import { nodeFactsSchema } from '@hoptrace/domain/wire/nodeFacts.ts';
import { type Envelope, envelopeSchema, type NodeAddress } from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import type { StoredTopology } from './topologyStore.ts';

const AGENT_NODE = 'AgentNode';
/** Agents look every 30 s; a change they report may be as old, and some more for its way here. */
const LOOKED_WITHIN_US = 35_000_000;
const MAX_NODES = 10_000;
const MAX_STATES_PER_NODE = 64;

const stateSchema = z.object({
  addresses: envelopeSchema.shape.addresses,
  /** null: not told yet. */
  kernel: z.string().nullable(),
  kubeProxy: nodeFactsSchema.shape.kubeProxy.nullable(),
  sysctls: nodeFactsSchema.shape.sysctls,
});
type NodeState = z.infer<typeof stateSchema>;

interface AgentVersion {
  state: NodeState;
  text: string;
  readonly earliestUs: number;
  readonly fromUs: number;
  toUs: number;
  earliestToUs: number;
}

interface Cluster {
  readonly nodes: Map<string, AgentVersion[]>;
  readonly addresses: Segmented<ReadonlyMap<string, readonly NodeAddress[]>>;
}

const NO_ADDRESSES: ReadonlyMap<string, readonly NodeAddress[]> = new Map();

/** Takes what is to be stored: an identity, and the row as it is when it is written. */
export type RowSink = (version: object, row: () => StoredTopology) => void;

export class AgentFacts {
  readonly #clusters = new Map<string, Cluster>();
  readonly #sink: RowSink;
  #nodeCount = 0;

  constructor(sink: RowSink) {
    this.#sink = sink;
  }

  /** Notes an envelope; one that says what the one before it said changes nothing. */
  note({ cluster, node, addresses, facts }: Envelope, atUs: number): void {
    const known = this.#clusterOf(cluster);
    const versions = known.nodes.get(node) ?? [];
    const last = versions.at(-1);
    const before = last?.state;
    const state: NodeState = {
      addresses,
      kernel: facts?.kernel ?? before?.kernel ?? null,
      kubeProxy: facts?.kubeProxy ?? before?.kubeProxy ?? null,
      sysctls: facts?.sysctls ?? before?.sysctls ?? [],
    };
    const text = JSON.stringify(state);
    if (last?.text === text || (last !== undefined && atUs <= last.fromUs)) return;
    if (last !== undefined && isUnfinished(last.state)) {
      this.#correct(cluster, node, { last, state, text });
      return;
    }
    // What an agent finds first may have been so for ever.
    const fromUs = last === undefined ? Number.NEGATIVE_INFINITY : atUs;
    const earliestUs = fromUs - LOOKED_WITHIN_US;
    if (last !== undefined) {
      last.toUs = fromUs;
      last.earliestToUs = earliestUs;
      this.#store(cluster, node, last);
    }
    const opened = { state, text, earliestUs, fromUs, ...NEVER_ENDED };
    this.#add(cluster, node, opened);
    this.#store(cluster, node, opened);
  }

  /** A state of before, as it was stored; null where it cannot be read. In the order of time. */
  restore(row: StoredTopology): NodeState | null {
    const state = stateOf(row.object);
    if (state === null) return null;
    const { fromUs, earliestUs, toUs, earliestToUs } = row;
    const text = JSON.stringify(state);
    this.#add(row.cluster, row.name, { state, text, fromUs, earliestUs, toUs, earliestToUs });
    return state;
  }

  /** Interface addresses of the nodes as of a time. */
  addressesByNode(cluster: string, atUs: number): ReadonlyMap<string, readonly NodeAddress[]> {
    return this.#clusters.get(cluster)?.addresses.at(atUs) ?? NO_ADDRESSES;
  }

  /** An agent that has just started looks at one thing after the other: that is no change of the node. */
  #correct(
    cluster: string,
    node: string,
    { last, state, text }: { last: AgentVersion; state: NodeState; text: string },
  ): void {
    last.state = state;
    last.text = text;
    this.#clusterOf(cluster).addresses.changed(last.fromUs);
    this.#store(cluster, node, last);
  }

  #add(cluster: string, node: string, version: AgentVersion): void {
    const { nodes, addresses } = this.#clusterOf(cluster);
    const versions = nodes.get(node);
    if (versions === undefined) this.#makeRoom();
    nodes.set(node, [...(versions ?? []), version].slice(-MAX_STATES_PER_NODE));
    addresses.changed(version.fromUs);
  }

  /** A sender that makes up nodes replaces those that were heard of first. */
  #makeRoom(): void {
    this.#nodeCount += 1;
    if (this.#nodeCount <= MAX_NODES) return;
    for (const [name, { nodes, addresses }] of this.#clusters) {
      const [node] = nodes.keys();
      if (node === undefined) {
        this.#clusters.delete(name);
        continue;
      }
      nodes.delete(node);
      addresses.changed(Number.NEGATIVE_INFINITY);
      this.#nodeCount -= 1;
      return;
    }
  }

  #store(cluster: string, node: string, version: AgentVersion): void {
    this.#sink(version, () => ({
      ...{ cluster, kind: AGENT_NODE, namespace: '', name: node, source: 'agent', revision: '' },
      ...{ fromUs: version.fromUs, earliestUs: version.earliestUs },
      ...{ toUs: version.toUs, earliestToUs: version.earliestToUs },
      object: version.text,
    }));
  }

  #clusterOf(cluster: string): Cluster {
    const known = this.#clusters.get(cluster);
    if (known !== undefined) return known;
    const nodes = new Map<string, AgentVersion[]>();
    const addresses = new Segmented((atUs) => addressesAt(nodes, atUs));
    const made = { nodes, addresses };
    this.#clusters.set(cluster, made);
    return made;
  }
}

const NEVER_ENDED = { toUs: Number.POSITIVE_INFINITY, earliestToUs: Number.POSITIVE_INFINITY };

function isUnfinished({ addresses, kernel }: NodeState): boolean {
  return addresses.length === 0 || kernel === null;
}

/** Before the first state that is remembered: that one, for an agent has looked at nothing earlier. */
function addressesAt(nodes: ReadonlyMap<string, readonly AgentVersion[]>, atUs: number) {
  return new Map(
    [...nodes].flatMap(([node, versions]) => {
      const then = versions.findLast(({ fromUs }) => fromUs <= atUs) ?? versions[0];
      return then === undefined ? [] : [[node, then.state.addresses] as const];
    }),
  );
}

function stateOf(text: string): NodeState | null {
  try {
    return stateSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
