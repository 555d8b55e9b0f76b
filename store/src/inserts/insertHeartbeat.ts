/** What an agent said about itself. */
import type { NodeFacts } from '@hoptrace/domain/wire/nodeFacts.ts';
import type { AgentLosses, NodeAddress } from '@hoptrace/domain/wire/v1.ts';
import type { CallOptions, Store } from '../client.ts';

export interface Heartbeat {
  readonly cluster: string;
  readonly node: string;
  readonly bootId: string;
  /** When the collector heard it. */
  readonly seenUs: number;
  /** Since the heartbeat before; readers add them up. */
  readonly losses: AgentLosses;
  readonly addresses: readonly NodeAddress[];
  /** Null: nothing new since the heartbeat before. */
  readonly facts: NodeFacts | null;
}

/** Stores heartbeats; the same token with the same heartbeats is stored once. */
export async function insertHeartbeats(
  store: Store,
  heartbeats: readonly Heartbeat[],
  dedupToken: string,
  options: CallOptions = {},
): Promise<void> {
  await store.insert('agents_v1', heartbeats.map(toRow), { ...options, dedupToken });
}

/** One heartbeat; a repeated call with the same node, bootId and seenUs stores nothing. */
export function insertHeartbeat(
  store: Store,
  heartbeat: Heartbeat,
  options: CallOptions = {},
): Promise<void> {
  const { cluster, node, bootId, seenUs } = heartbeat;
  return insertHeartbeats(store, [heartbeat], `${cluster}/${node}/${bootId}/${seenUs}`, options);
}

function toRow(heartbeat: Heartbeat): object {
  return {
    cluster: heartbeat.cluster,
    node: heartbeat.node,
    boot_id: heartbeat.bootId,
    seen_us: heartbeat.seenUs,
    losses_ring_events: heartbeat.losses.ringEvents,
    losses_bad_frames: heartbeat.losses.badFrames,
    losses_evicted_legs: heartbeat.losses.evictedLegs,
    losses_unsent_records: heartbeat.losses.unsentRecords,
    losses_ring_refusals: heartbeat.losses.ringRefusals,
    address_ips: heartbeat.addresses.map((address) => address.ip),
    address_ifnames: heartbeat.addresses.map((address) => address.ifname),
    facts: heartbeat.facts === null ? '' : JSON.stringify(heartbeat.facts),
  };
}
