-- Heartbeats of the agents, one row each. losses_… count what was lost since the heartbeat before.
CREATE TABLE IF NOT EXISTS agents_v1
(
    cluster LowCardinality(String),
    node LowCardinality(String),
    boot_id LowCardinality(String),
    seen_us UInt64 COMMENT 'when the collector heard it, microseconds since the epoch' CODEC(Delta, ZSTD(1)),
    seen_at DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(toInt64(seen_us), 'UTC'),
    losses_ring_events UInt64 CODEC(T64, ZSTD(1)),
    losses_bad_frames UInt64 CODEC(T64, ZSTD(1)),
    losses_evicted_legs UInt64 CODEC(T64, ZSTD(1)),
    losses_unsent_records UInt64 CODEC(T64, ZSTD(1)),
    address_ips Array(IPv6) COMMENT 'same length and order as address_ifnames' CODEC(ZSTD(1)),
    address_ifnames Array(LowCardinality(String))
)
ENGINE = MergeTree
PARTITION BY toDate(fromUnixTimestamp64Micro(toInt64(seen_us), 'UTC'))
ORDER BY (cluster, node, seen_us)
TTL toDateTime(intDiv(seen_us, 1000000), 'UTC') + toIntervalDay({rawTtlDays:UInt16})
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;
