-- In one proxy thread, which inbound burst caused which outbound one.
CREATE TABLE IF NOT EXISTS proxy_links_v1
(
    cluster LowCardinality(String),
    node LowCardinality(String),
    boot_id LowCardinality(String),
    seq UInt64 COMMENT 'with cluster, node and boot_id the identity of the record' CODEC(Delta, ZSTD(1)),
    start_us UInt64 COMMENT 'microseconds since the epoch' CODEC(Delta, ZSTD(1)),
    started_at DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(toInt64(start_us), 'UTC'),
    netns UInt32 COMMENT 'inode of the network namespace of the process',
    pid UInt32 CODEC(ZSTD(1)),
    side Enum8('request' = 1, 'response' = 2),
    subject_isn_pair_hash UInt64 COMMENT 'connection of the burst that the answers explain' CODEC(NONE),
    subject_burst UInt32 CODEC(T64, ZSTD(1)),
    last_read_isn_pair_hash UInt64 COMMENT 'answer of the rule lastRead; 0: none' CODEC(ZSTD(1)),
    last_read_burst UInt32 CODEC(T64, ZSTD(1)),
    oldest_isn_pair_hash UInt64 COMMENT 'answer of the rule oldest; 0: none' CODEC(ZSTD(1)),
    oldest_burst UInt32 CODEC(T64, ZSTD(1)),
    process LowCardinality(String) COMMENT 'comm of the process',
    INDEX subject_bloom subject_isn_pair_hash TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX last_read_bloom last_read_isn_pair_hash TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX oldest_bloom oldest_isn_pair_hash TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(fromUnixTimestamp64Micro(toInt64(start_us), 'UTC'))
PRIMARY KEY (intDiv(start_us, 60000000), node)
ORDER BY (intDiv(start_us, 60000000), node, start_us)
TTL toDateTime(intDiv(start_us, 1000000), 'UTC') + toIntervalDay({rawTtlDays:UInt16})
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;
