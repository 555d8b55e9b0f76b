-- One row per path and version; the newest version of a path_id counts (read with FINAL).
-- path_id carries started_at_us, so that lists by time and look-ups by id are both ranges of the key.
-- The columns serve filters; the document is the whole path as the API answers it.
CREATE TABLE IF NOT EXISTS paths_v1
(
    path_id String COMMENT 'started_at_us in base 36, 11 digits, then "-" and 16 hex digits' CODEC(ZSTD(1)),
    version UInt32 COMMENT 'a higher version of the same path_id replaces a lower one',
    is_deleted UInt8 COMMENT '1: this version withdraws the path',
    cluster LowCardinality(String),
    started_at_us UInt64 COMMENT 'the time in path_id, microseconds since the epoch' CODEC(Delta, ZSTD(1)),
    started_at DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(toInt64(started_at_us), 'UTC'),
    service_namespace LowCardinality(String) COMMENT 'empty with service_name: no service is known',
    service_name LowCardinality(String),
    service_port LowCardinality(String),
    client_ip Nullable(IPv6) COMMENT 'best-known origin; NULL: unknown' CODEC(ZSTD(1)),
    client_port Nullable(UInt16) CODEC(ZSTD(1)),
    client_source Enum8('socket' = 1, 'proxyProtocol' = 2, 'xForwardedFor' = 3, 'unknown' = 4),
    nodes Array(LowCardinality(String)) COMMENT 'machines on the path, each once',
    outcome Enum8('served' = 1, 'reset' = 2, 'rejected' = 3, 'dropped' = 4, 'unknown' = 5),
    hop_count UInt16,
    crossings UInt16,
    extra_hops UInt16,
    class Enum8('A' = 1, 'B' = 2, 'C' = 3, 'D' = 4, 'M' = 5) COMMENT 'worst edge',
    confidence Float32,
    completeness Float32,
    refusal_kind Enum8('none' = 0, 'reset' = 1, 'rejected' = 2, 'dropped' = 3),
    refusal_node LowCardinality(String) COMMENT 'empty: none or unknown',
    refusal_cause LowCardinality(String),
    warning_codes Array(LowCardinality(String)),
    document String COMMENT 'the path as JSON; empty where is_deleted' CODEC(ZSTD(1)),
    INDEX client_ip_bloom client_ip TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX refusal_kind_set refusal_kind TYPE set(4) GRANULARITY 4,
    INDEX extra_hops_minmax extra_hops TYPE minmax GRANULARITY 4
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toDate(fromUnixTimestamp64Micro(toInt64(started_at_us), 'UTC'))
ORDER BY (started_at_us, path_id)
TTL toDateTime(intDiv(started_at_us, 1000000), 'UTC') + toIntervalDay({pathTtlDays:UInt16})
SETTINGS index_granularity = 1024, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;
