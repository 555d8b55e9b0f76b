-- Of losses_ring_events: what would have told why a SYN was not answered. Agents from before do not say: 0.
ALTER TABLE agents_v1
    ADD COLUMN IF NOT EXISTS losses_ring_refusals UInt64 COMMENT 'of losses_ring_events: dropped SYNs and ICMP errors' CODEC(T64, ZSTD(1));
