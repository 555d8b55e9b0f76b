-- Hops of one minute, or hour; runs and histograms as service_minutes_v1 has them.
CREATE TABLE IF NOT EXISTS hop_minutes_v1
(
    start_s UInt32 COMMENT 'begin of the minute, seconds since the epoch' CODEC(Delta, ZSTD(1)),
    run UInt64 COMMENT 'identity of the counting' CODEC(ZSTD(1)),
    cluster LowCardinality(String),
    service_namespace LowCardinality(String) COMMENT 'of the request; empty with service_name: no service is known',
    service_name LowCardinality(String),
    service_port LowCardinality(String),
    hop_index UInt16 COMMENT 'from 0, in the order of the path',
    kind LowCardinality(String),
    from_role LowCardinality(String),
    to_role LowCardinality(String),
    from_node LowCardinality(String) COMMENT 'empty: unknown',
    to_node LowCardinality(String) COMMENT 'empty: unknown',
    hops UInt64 CODEC(T64, ZSTD(1)),
    extra UInt64 COMMENT 'of them, hops that an allowed choice would have avoided' CODEC(T64, ZSTD(1)),
    rtt_buckets Map(UInt16, UInt64) COMMENT 'round trips between two taps' CODEC(ZSTD(1)),
    request_cost_buckets Map(UInt16, UInt64) COMMENT 'both ways for a request' CODEC(ZSTD(1)),
    proxy_time_buckets Map(UInt16, UInt64) COMMENT 'what a request spent in the proxy in front of the hop' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(toDateTime(start_s, 'UTC'))
ORDER BY (service_namespace, service_name, start_s, run, cluster, service_port, hop_index, kind, from_role, to_role, from_node, to_node)
TTL toDateTime(start_s, 'UTC') + toIntervalDay({minuteTtlDays:UInt16})
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS hop_hours_v1
(
    start_s UInt32 COMMENT 'begin of the hour, seconds since the epoch' CODEC(Delta, ZSTD(1)),
    run UInt64 COMMENT 'identity of the counting' CODEC(ZSTD(1)),
    cluster LowCardinality(String),
    service_namespace LowCardinality(String) COMMENT 'of the request; empty with service_name: no service is known',
    service_name LowCardinality(String),
    service_port LowCardinality(String),
    hop_index UInt16 COMMENT 'from 0, in the order of the path',
    kind LowCardinality(String),
    from_role LowCardinality(String),
    to_role LowCardinality(String),
    from_node LowCardinality(String) COMMENT 'empty: unknown',
    to_node LowCardinality(String) COMMENT 'empty: unknown',
    hops UInt64 CODEC(T64, ZSTD(1)),
    extra UInt64 COMMENT 'of them, hops that an allowed choice would have avoided' CODEC(T64, ZSTD(1)),
    rtt_buckets Map(UInt16, UInt64) COMMENT 'round trips between two taps' CODEC(ZSTD(1)),
    request_cost_buckets Map(UInt16, UInt64) COMMENT 'both ways for a request' CODEC(ZSTD(1)),
    proxy_time_buckets Map(UInt16, UInt64) COMMENT 'what a request spent in the proxy in front of the hop' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(toDateTime(start_s, 'UTC'))
ORDER BY (service_namespace, service_name, start_s, run, cluster, service_port, hop_index, kind, from_role, to_role, from_node, to_node)
TTL toDateTime(start_s, 'UTC') + toIntervalDay({hourTtlDays:UInt16})
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1, fsync_part_directory = 1;
