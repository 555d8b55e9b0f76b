-- What Kubernetes objects were, and from when to when: one row per state of an object. A state that ends is written
-- again with its end (is_ended) and replaces the row without: read with FINAL.
CREATE TABLE IF NOT EXISTS topology_v1
(
    cluster LowCardinality(String) COMMENT 'empty: told without a cluster, holds for those without a topology of their own',
    kind LowCardinality(String) COMMENT 'as Kubernetes names it; AgentNode: what the agent of a node found out',
    namespace LowCardinality(String) COMMENT 'empty for nodes',
    name String CODEC(ZSTD(1)),
    valid_from_us UInt64 COMMENT 'so from here on, microseconds since the epoch; 0: as long as anybody knows' CODEC(ZSTD(1)),
    earliest_from_us UInt64 COMMENT 'it became so between here and valid_from_us; equal: observed' CODEC(ZSTD(1)),
    valid_to_us UInt64 COMMENT 'until here, exclusive; 3900000000000000: still so' CODEC(ZSTD(1)),
    earliest_to_us UInt64 COMMENT 'it ended between here and valid_to_us' CODEC(ZSTD(1)),
    valid_from DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(toInt64(valid_from_us), 'UTC'),
    valid_to DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(toInt64(valid_to_us), 'UTC'),
    source Enum8('watch' = 1, 'list' = 2, 'file' = 3, 'post' = 4, 'agent' = 5),
    revision String COMMENT 'metadata.resourceVersion; empty: not known' CODEC(ZSTD(1)),
    is_ended UInt8,
    object String COMMENT 'the parts of the object that hoptrace reads, as JSON' CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(is_ended)
PARTITION BY toYYYYMM(fromUnixTimestamp64Micro(toInt64(valid_from_us), 'UTC'))
ORDER BY (cluster, kind, namespace, name, valid_from_us)
TTL toDateTime(intDiv(valid_to_us, 1000000), 'UTC') + toIntervalDay({pathTtlDays:UInt16})
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000;
