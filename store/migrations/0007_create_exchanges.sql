-- One request burst on a connection and the response burst behind it, as one tap saw them pass.
CREATE TABLE IF NOT EXISTS exchanges_v1
(
    cluster LowCardinality(String),
    node LowCardinality(String),
    boot_id LowCardinality(String),
    seq UInt64 COMMENT 'with cluster, node and boot_id the identity of the record' CODEC(Delta, ZSTD(1)),
    start_us UInt64 COMMENT 'first byte seen, microseconds since the epoch' CODEC(Delta, ZSTD(1)),
    started_at DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(toInt64(start_us), 'UTC'),
    netns UInt32 COMMENT 'inode of the network namespace of the tap',
    ifindex UInt32,
    tap_role Enum8('other' = 0, 'uplink' = 1, 'podVeth' = 2, 'pod' = 3),
    syn_direction Enum8('rx' = 0, 'tx' = 1),
    isn_pair_hash UInt64 COMMENT 'connection' CODEC(NONE),
    burst UInt32 COMMENT '1 for the first request of the connection' CODEC(T64, ZSTD(1)),
    request_offset UInt64 COMMENT 'of the first request byte in its direction' CODEC(T64, ZSTD(1)),
    response_offset UInt64 COMMENT 'of the first response byte in its direction' CODEC(T64, ZSTD(1)),
    request_first_ns Nullable(UInt64) COMMENT 'nanoseconds after start_us, as all stamps' CODEC(T64, ZSTD(1)),
    request_last_ns Nullable(UInt64) CODEC(T64, ZSTD(1)),
    response_first_ns Nullable(UInt64) CODEC(T64, ZSTD(1)),
    response_last_ns Nullable(UInt64) CODEC(T64, ZSTD(1)),
    request_bytes UInt64 CODEC(T64, ZSTD(1)),
    response_bytes UInt64 CODEC(T64, ZSTD(1)),
    method LowCardinality(String) COMMENT 'empty: the request was not plain',
    status UInt16 COMMENT '0: the response was not plain' CODEC(T64, ZSTD(1)),
    request_id_hash UInt64 COMMENT 'keyed hash; 0: none seen' CODEC(NONE),
    trace_id_hash UInt64 COMMENT 'keyed hash; 0: none seen' CODEC(NONE),
    protocol Enum8('raw' = 0, 'http1' = 1, 'http2' = 2, 'tls' = 3),
    first_flight_hash UInt64 COMMENT 'keyed hash, of the first burst only; 0: not seen' CODEC(ZSTD(1)),
    INDEX isn_pair_hash_bloom isn_pair_hash TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(fromUnixTimestamp64Micro(toInt64(start_us), 'UTC'))
PRIMARY KEY (intDiv(start_us, 60000000), node)
ORDER BY (intDiv(start_us, 60000000), node, start_us)
TTL toDateTime(intDiv(start_us, 1000000), 'UTC') + toIntervalDay({rawTtlDays:UInt16})
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;
