-- A SYN that did not become a connection, as the node that answered or dropped it saw it.
CREATE TABLE IF NOT EXISTS refusals_v1
(
    cluster LowCardinality(String),
    node LowCardinality(String),
    boot_id LowCardinality(String),
    seq UInt64 COMMENT 'with cluster, node and boot_id the identity of the record' CODEC(Delta, ZSTD(1)),
    start_us UInt64 COMMENT 'first SYN, microseconds since the epoch' CODEC(Delta, ZSTD(1)),
    started_at DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(toInt64(start_us), 'UTC'),
    netns UInt32 COMMENT 'inode of the network namespace of the tap',
    ifindex UInt32,
    tap_role Enum8('other' = 0, 'uplink' = 1, 'podVeth' = 2, 'pod' = 3),
    syn_direction Enum8('rx' = 0, 'tx' = 1),
    src_ip IPv6 CODEC(ZSTD(1)),
    src_port UInt16 CODEC(NONE),
    dst_ip IPv6 CODEC(ZSTD(1)),
    dst_port UInt16 CODEC(ZSTD(1)),
    client_isn_hash UInt64 COMMENT 'keyed hash; 0: not seen' CODEC(NONE),
    refusal Enum8('reset' = 1, 'rejected' = 2, 'dropped' = 3),
    evidence Enum8('rst' = 1, 'icmp' = 2, 'kfreeSkb' = 3, 'silence' = 4),
    after_ns UInt64 COMMENT 'from the first SYN to the verdict' CODEC(T64, ZSTD(1)),
    syn_count UInt16 CODEC(T64, ZSTD(1)),
    icmp_type UInt8,
    icmp_code UInt8,
    reason LowCardinality(String) COMMENT 'name of the skb_drop_reason, empty if none',
    INDEX client_isn_hash_bloom client_isn_hash TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(fromUnixTimestamp64Micro(toInt64(start_us), 'UTC'))
PRIMARY KEY (intDiv(start_us, 60000000), dst_ip, dst_port)
ORDER BY (intDiv(start_us, 60000000), dst_ip, dst_port, node, start_us)
TTL toDateTime(intDiv(start_us, 1000000), 'UTC') + toIntervalDay({rawTtlDays:UInt16})
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;
