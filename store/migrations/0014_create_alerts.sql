-- Alerts as they began to fire, were resolved, or wait: one row per alert, beginning and change; the newest version counts.
CREATE TABLE IF NOT EXISTS alerts_v1
(
    alert_id String COMMENT 'of rule and labels' CODEC(ZSTD(1)),
    started_at_us UInt64 COMMENT 'since when it holds, microseconds since the epoch' CODEC(Delta, ZSTD(1)),
    started_at DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(toInt64(started_at_us), 'UTC'),
    version_us UInt64 COMMENT 'when this row was made, microseconds since the epoch; a higher one replaces a lower one',
    state Enum8('pending' = 1, 'firing' = 2, 'resolved' = 3),
    rule_id LowCardinality(String),
    cluster LowCardinality(String) COMMENT 'empty: of no single cluster',
    document String COMMENT 'the alert as JSON' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version_us)
PARTITION BY toYYYYMM(fromUnixTimestamp64Micro(toInt64(started_at_us), 'UTC'))
ORDER BY (alert_id, started_at_us)
TTL toDateTime(intDiv(started_at_us, 1000000), 'UTC') + toIntervalDay({minuteTtlDays:UInt16})
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Silences; one that was ended early ends at the moment it was ended.
CREATE TABLE IF NOT EXISTS silences_v1
(
    silence_id String,
    version_us UInt64 COMMENT 'a higher version replaces a lower one, microseconds since the epoch',
    ends_at_us UInt64 COMMENT 'microseconds since the epoch',
    document String COMMENT 'the silence as JSON' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version_us)
ORDER BY silence_id
TTL toDateTime(intDiv(ends_at_us, 1000000), 'UTC') + toIntervalDay({minuteTtlDays:UInt16})
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
