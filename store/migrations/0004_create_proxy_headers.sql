-- The PROXY protocol header that opened a connection.
CREATE TABLE IF NOT EXISTS proxy_headers_v1
(
    cluster LowCardinality(String),
    node LowCardinality(String),
    boot_id LowCardinality(String),
    seq UInt64 COMMENT 'with cluster, node and boot_id the identity of the record' CODEC(Delta, ZSTD(1)),
    start_us UInt64 COMMENT 'microseconds since the epoch' CODEC(Delta, ZSTD(1)),
    started_at DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(toInt64(start_us), 'UTC'),
    isn_pair_hash UInt64 COMMENT 'connection that carried the header' CODEC(NONE),
    version UInt8 COMMENT '1 or 2',
    command Enum8('local' = 0, 'proxy' = 1),
    has_claimed Bool COMMENT 'false for LOCAL and UNKNOWN; then the claimed_ columns mean nothing',
    claimed_src_ip IPv6 CODEC(ZSTD(1)),
    claimed_src_port UInt16 CODEC(ZSTD(1)),
    claimed_dst_ip IPv6 CODEC(ZSTD(1)),
    claimed_dst_port UInt16 CODEC(ZSTD(1)),
    INDEX isn_pair_hash_bloom isn_pair_hash TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(fromUnixTimestamp64Micro(toInt64(start_us), 'UTC'))
PRIMARY KEY (intDiv(start_us, 60000000), node)
ORDER BY (intDiv(start_us, 60000000), node, start_us)
TTL toDateTime(intDiv(start_us, 1000000), 'UTC') + toIntervalDay({rawTtlDays:UInt16})
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;
