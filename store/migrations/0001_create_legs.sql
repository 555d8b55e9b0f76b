-- One TCP connection as one agent saw it at one tap. Later revisions of a leg (same cluster, node,
-- boot_id, leg_id) are further rows; readers keep the newest.
-- The key serves "who talked to this destination in these minutes"; the bloom filters serve the join.
CREATE TABLE IF NOT EXISTS legs_v1
(
    cluster LowCardinality(String),
    node LowCardinality(String),
    boot_id LowCardinality(String),
    seq UInt64 COMMENT 'with cluster, node and boot_id the identity of the record' CODEC(Delta, ZSTD(1)),
    leg_id UInt64 COMMENT 'unique within node and boot_id' CODEC(Delta, ZSTD(1)),
    revision UInt8,
    start_us UInt64 COMMENT 'first SYN, microseconds since the epoch' CODEC(Delta, ZSTD(1)),
    started_at DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(toInt64(start_us), 'UTC'),
    netns UInt32 COMMENT 'inode of the network namespace of the tap',
    ifindex UInt32,
    tap_role Enum8('other' = 0, 'uplink' = 1, 'podVeth' = 2, 'pod' = 3),
    syn_direction Enum8('rx' = 0, 'tx' = 1),
    src_ip IPv6 COMMENT 'tuple in the SYN at this tap' CODEC(ZSTD(1)),
    src_port UInt16 CODEC(NONE),
    dst_ip IPv6 CODEC(ZSTD(1)),
    dst_port UInt16 CODEC(ZSTD(1)),
    has_original Bool COMMENT 'conntrack knew the connection; else the original_ columns mean nothing',
    original_src_ip IPv6 CODEC(ZSTD(1)),
    original_src_port UInt16 CODEC(ZSTD(1)),
    original_dst_ip IPv6 CODEC(ZSTD(1)),
    original_dst_port UInt16 CODEC(ZSTD(1)),
    has_reply Bool COMMENT 'conntrack knew the reply; else the reply_ columns mean nothing',
    reply_src_ip IPv6 CODEC(ZSTD(1)),
    reply_src_port UInt16 CODEC(ZSTD(1)),
    reply_dst_ip IPv6 CODEC(ZSTD(1)),
    reply_dst_port UInt16 CODEC(ZSTD(1)),
    client_isn_hash UInt64 COMMENT 'keyed hash; 0: not seen' CODEC(NONE),
    server_isn_hash UInt64 COMMENT 'keyed hash; 0: not seen' CODEC(NONE),
    isn_pair_hash UInt64 COMMENT 'join key across NAT and nodes; 0: no SYN-ACK seen' CODEC(NONE),
    syn_ttl UInt8,
    syn_count UInt16 CODEC(T64, ZSTD(1)),
    syn_ns UInt64 COMMENT 'nanoseconds after start_us, as all stamps' CODEC(T64, ZSTD(1)),
    syn_ack_ns Nullable(UInt64) CODEC(T64, ZSTD(1)),
    ack_ns Nullable(UInt64) CODEC(T64, ZSTD(1)),
    first_request_ns Nullable(UInt64) CODEC(T64, ZSTD(1)),
    first_response_ns Nullable(UInt64) CODEC(T64, ZSTD(1)),
    end_ns Nullable(UInt64) CODEC(T64, ZSTD(1)),
    leg_end Enum8('open' = 0, 'fin' = 1, 'reset' = 2, 'unanswered' = 3),
    INDEX isn_pair_hash_bloom isn_pair_hash TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX client_isn_hash_bloom client_isn_hash TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(fromUnixTimestamp64Micro(toInt64(start_us), 'UTC'))
PRIMARY KEY (intDiv(start_us, 60000000), dst_ip, dst_port)
ORDER BY (intDiv(start_us, 60000000), dst_ip, dst_port, node, start_us)
TTL toDateTime(intDiv(start_us, 1000000), 'UTC') + toIntervalDay({rawTtlDays:UInt16})
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;
