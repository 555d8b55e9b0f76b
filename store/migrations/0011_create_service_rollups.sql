-- Requests of one minute, or hour, counted from the newest versions of its paths. A minute is counted as a whole, and
-- again when its paths changed: every counting has a run of its own, and only the run that minute_runs_v1 (hour_runs_v1)
-- names counts. Rows of a run that was never named, or of an older one, mean nothing.
-- Histograms: bucket 0 is everything up to 0, bucket n > 0 is [g^(n-1), g^n) nanoseconds with g = 1.01/0.99, so that
-- 2*g^n/(g+1) is at most 1 % from every value of the bucket. They merge by addition.
CREATE TABLE IF NOT EXISTS service_minutes_v1
(
    start_s UInt32 COMMENT 'begin of the minute, seconds since the epoch' CODEC(Delta, ZSTD(1)),
    run UInt64 COMMENT 'identity of the counting' CODEC(ZSTD(1)),
    cluster LowCardinality(String),
    service_namespace LowCardinality(String) COMMENT 'empty with service_name: no service is known',
    service_name LowCardinality(String),
    service_port LowCardinality(String),
    entry_node LowCardinality(String) COMMENT 'empty: unknown',
    ingress LowCardinality(String) COMMENT 'namespace/pod; empty: none, or no name',
    requests UInt64 CODEC(T64, ZSTD(1)),
    served UInt64 CODEC(T64, ZSTD(1)),
    reset UInt64 CODEC(T64, ZSTD(1)),
    rejected UInt64 CODEC(T64, ZSTD(1)),
    dropped UInt64 CODEC(T64, ZSTD(1)),
    with_extra_hops UInt64 COMMENT 'requests with at least one' CODEC(T64, ZSTD(1)),
    extra_hops UInt64 CODEC(T64, ZSTD(1)),
    crossings UInt64 CODEC(T64, ZSTD(1)),
    incomplete UInt64 COMMENT 'requests of which a part was not seen' CODEC(T64, ZSTD(1)),
    refusals Map(LowCardinality(String), UInt64) COMMENT 'refused requests by cause',
    source_scenarios Map(LowCardinality(String), UInt64) COMMENT 'requests by how the client address fared; empty: not judged',
    response_buckets Map(UInt16, UInt64) COMMENT 'first request to first response' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(toDateTime(start_s, 'UTC'))
ORDER BY (service_namespace, service_name, start_s, run, cluster, service_port, entry_node, ingress)
TTL toDateTime(start_s, 'UTC') + toIntervalDay({minuteTtlDays:UInt16})
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS service_hours_v1
(
    start_s UInt32 COMMENT 'begin of the hour, seconds since the epoch' CODEC(Delta, ZSTD(1)),
    run UInt64 COMMENT 'identity of the counting' CODEC(ZSTD(1)),
    cluster LowCardinality(String),
    service_namespace LowCardinality(String) COMMENT 'empty with service_name: no service is known',
    service_name LowCardinality(String),
    service_port LowCardinality(String),
    entry_node LowCardinality(String) COMMENT 'empty: unknown',
    ingress LowCardinality(String) COMMENT 'namespace/pod; empty: none, or no name',
    requests UInt64 CODEC(T64, ZSTD(1)),
    served UInt64 CODEC(T64, ZSTD(1)),
    reset UInt64 CODEC(T64, ZSTD(1)),
    rejected UInt64 CODEC(T64, ZSTD(1)),
    dropped UInt64 CODEC(T64, ZSTD(1)),
    with_extra_hops UInt64 COMMENT 'requests with at least one' CODEC(T64, ZSTD(1)),
    extra_hops UInt64 CODEC(T64, ZSTD(1)),
    crossings UInt64 CODEC(T64, ZSTD(1)),
    incomplete UInt64 COMMENT 'requests of which a part was not seen' CODEC(T64, ZSTD(1)),
    refusals Map(LowCardinality(String), UInt64) COMMENT 'refused requests by cause',
    source_scenarios Map(LowCardinality(String), UInt64) COMMENT 'requests by how the client address fared; empty: not judged',
    response_buckets Map(UInt16, UInt64) COMMENT 'first request to first response' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(toDateTime(start_s, 'UTC'))
ORDER BY (service_namespace, service_name, start_s, run, cluster, service_port, entry_node, ingress)
TTL toDateTime(start_s, 'UTC') + toIntervalDay({hourTtlDays:UInt16})
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1, fsync_part_directory = 1;
