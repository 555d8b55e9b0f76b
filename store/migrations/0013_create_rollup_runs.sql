-- The run that counts for a minute (hour): the one of the highest generation. Written last, when all rows of the run
-- are there.
CREATE TABLE IF NOT EXISTS minute_runs_v1
(
    start_s UInt32 COMMENT 'begin of the minute, seconds since the epoch' CODEC(Delta, ZSTD(1)),
    generation UInt64 COMMENT 'sum over its paths of their newest version, read before the counting: any news makes it larger' CODEC(T64, ZSTD(1)),
    run UInt64 COMMENT 'of two runs of one generation, the higher one counts' CODEC(ZSTD(1)),
    counted_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(toDateTime(start_s, 'UTC'))
ORDER BY (start_s, generation, run)
TTL toDateTime(start_s, 'UTC') + toIntervalDay({minuteTtlDays:UInt16})
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS hour_runs_v1
(
    start_s UInt32 COMMENT 'begin of the hour, seconds since the epoch' CODEC(Delta, ZSTD(1)),
    generation UInt64 COMMENT 'sum over its paths of their newest version, read before the counting: any news makes it larger' CODEC(T64, ZSTD(1)),
    run UInt64 COMMENT 'of two runs of one generation, the higher one counts' CODEC(ZSTD(1)),
    counted_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(toDateTime(start_s, 'UTC'))
ORDER BY (start_s, generation, run)
TTL toDateTime(start_s, 'UTC') + toIntervalDay({hourTtlDays:UInt16})
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- From which path time on a collector must compare paths with roll-ups when it starts; the newest row of it counts.
CREATE TABLE IF NOT EXISTS rollup_marks_v1
(
    collector String,
    from_us UInt64 COMMENT 'paths that started before are in the roll-ups, microseconds since the epoch',
    marked_us UInt64 COMMENT 'when, microseconds since the epoch; grows'
)
ENGINE = ReplacingMergeTree(marked_us)
ORDER BY collector
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
