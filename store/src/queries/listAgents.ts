/** The agents that were heard of, and what they lost. */
import { type NodeFacts, nodeFactsSchema } from '@hoptrace/domain/wire/nodeFacts.ts';
import type { AgentLosses, NodeAddress } from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { bigColumn, ipColumn } from '../rows/values.ts';
import { runQuery } from './query.ts';
import { clustersParam, IN_CLUSTERS } from './recordWindow.ts';

const query = {
  name: 'listAgents',
  params: z.strictObject({ sinceUs: z.int().min(0), clusters: clustersParam }),
  row: z.object({
    cluster: z.string(),
    node: z.string(),
    boot_id: z.string(),
    last_seen_us: bigColumn,
    ring_events: bigColumn,
    bad_frames: bigColumn,
    evicted_legs: bigColumn,
    unsent_records: bigColumn,
    ring_refusals: bigColumn,
    address_ips: z.array(ipColumn),
    address_ifnames: z.array(z.string()),
    facts: z.string(),
  }),
};

const SQL = `SELECT
    cluster,
    node,
    argMax(boot_id, seen_us) AS boot_id,
    max(seen_us) AS last_seen_us,
    sum(losses_ring_events) AS ring_events,
    sum(losses_bad_frames) AS bad_frames,
    sum(losses_evicted_legs) AS evicted_legs,
    sum(losses_unsent_records) AS unsent_records,
    sum(losses_ring_refusals) AS ring_refusals,
    argMax(address_ips, seen_us) AS address_ips,
    argMax(address_ifnames, seen_us) AS address_ifnames,
    argMaxIf(facts, seen_us, facts != '') AS facts
FROM agents_v1
WHERE seen_us >= {sinceUs:UInt64} AND ${IN_CLUSTERS}
GROUP BY cluster, node
ORDER BY cluster, node
`;

export interface AgentStatus {
  readonly cluster: string;
  readonly node: string;
  /** Of the last heartbeat, as are lastSeenUs and addresses. */
  readonly bootId: string;
  readonly lastSeenUs: number;
  /** Sum since `sinceUs`, over restarts of the agent. */
  readonly losses: AgentLosses;
  readonly addresses: readonly NodeAddress[];
  /** As last told; null: never since `sinceUs`. */
  readonly facts: NodeFacts | null;
}

/** One entry for each node heard of since then, in order of cluster and node. */
export async function listAgents(
  store: Store,
  options: CallOptions & { readonly sinceUs: number; readonly clusters?: readonly string[] },
): Promise<AgentStatus[]> {
  const { sinceUs, clusters = [], ...call } = options;
  const rows = await runQuery(store, query, {
    sql: SQL,
    params: { sinceUs, clusters: [...clusters] },
    ...call,
  });
  return rows.map((row) => ({
    cluster: row.cluster,
    node: row.node,
    bootId: row.boot_id,
    lastSeenUs: row.last_seen_us,
    losses: {
      ringEvents: row.ring_events,
      badFrames: row.bad_frames,
      evictedLegs: row.evicted_legs,
      unsentRecords: row.unsent_records,
      ringRefusals: row.ring_refusals,
    },
    addresses: row.address_ips.map((ip, index) => ({
      ip,
      ifname: row.address_ifnames[index] ?? '',
    })),
    facts: factsOf(row.facts),
  }));
}

/** What another version wrote may be no facts of this one: then they are not known. */
function factsOf(text: string): NodeFacts | null {
  if (text === '') return null;
  return nodeFactsSchema.safeParse(JSON.parse(text)).data ?? null;
}
