-- Changes that were asked for through the API, granted or not: one row each. Never changed afterwards.
CREATE TABLE IF NOT EXISTS audit_v1
(
    at_us UInt64 COMMENT 'when it was answered, microseconds since the epoch' CODEC(Delta, ZSTD(1)),
    at DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(toInt64(at_us), 'UTC'),
    entry_id String COMMENT 'told of this entry alone',
    caller String COMMENT 'name of the token; empty: none was asked for' CODEC(ZSTD(1)),
    role LowCardinality(String) COMMENT 'of the token; empty: none was asked for',
    tenant LowCardinality(String) COMMENT 'of the token; empty: of none',
    clusters Array(String) COMMENT 'what the change was about, or as far as the token reaches; empty: all' CODEC(ZSTD(1)),
    address String COMMENT 'where the request came from' CODEC(ZSTD(1)),
    action LowCardinality(String) COMMENT 'operationId of the REST operation',
    subject String COMMENT 'what was to be changed, such as a silenceId; empty: not known' CODEC(ZSTD(1)),
    outcome Enum8('done' = 1, 'refused' = 2, 'failed' = 3),
    status UInt16 COMMENT 'of the HTTP answer',
    code LowCardinality(String) COMMENT 'of the problem; empty: none',
    request_id String COMMENT 'X-Request-Id, as it is in the log' CODEC(ZSTD(1)),
    before String COMMENT 'as it was, JSON without secrets; empty: it was not there' CODEC(ZSTD(1)),
    after String COMMENT 'as it is now, JSON without secrets; empty: it is gone, or nothing changed' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(fromUnixTimestamp64Micro(toInt64(at_us), 'UTC'))
ORDER BY (at_us, entry_id)
TTL toDateTime(intDiv(at_us, 1000000), 'UTC') + toIntervalDay({hourTtlDays:UInt16})
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
