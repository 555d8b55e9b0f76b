-- 0001_create_legs.sql
CREATE TABLE IF NOT EXISTS `hoptrace`.legs_v1_local ON CLUSTER `hoptrace`
(
    cluster LowCardinality(String),
    node LowCardinality(String),
    boot_id LowCardinality(String),
    seq UInt64 COMMENT 'with cluster, node and boot_id the identity of the record' CODEC(Delta, ZSTD(1)),
    leg_id UInt64 COMMENT 'unique within node and boot_id' CODEC(Delta, ZSTD(1)),
    revision UInt8,
    start_us UInt64 COMMENT 'first SYN, microseconds since the epoch' CODEC(Delta, ZSTD(1)),
    started_at DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(toInt64(start_us), 'UTC'),
    netns UInt32 COMMENT 'inode of the network namespace of the tap',
    ifindex UInt32,
    tap_role Enum8('other' = 0, 'uplink' = 1, 'podVeth' = 2, 'pod' = 3),
    syn_direction Enum8('rx' = 0, 'tx' = 1),
    src_ip IPv6 COMMENT 'tuple in the SYN at this tap' CODEC(ZSTD(1)),
    src_port UInt16 CODEC(NONE),
    dst_ip IPv6 CODEC(ZSTD(1)),
    dst_port UInt16 CODEC(ZSTD(1)),
    has_original Bool COMMENT 'conntrack knew the connection; else the original_ columns mean nothing',
    original_src_ip IPv6 CODEC(ZSTD(1)),
    original_src_port UInt16 CODEC(ZSTD(1)),
    original_dst_ip IPv6 CODEC(ZSTD(1)),
    original_dst_port UInt16 CODEC(ZSTD(1)),
    has_reply Bool COMMENT 'conntrack knew the reply; else the reply_ columns mean nothing',
    reply_src_ip IPv6 CODEC(ZSTD(1)),
    reply_src_port UInt16 CODEC(ZSTD(1)),
    reply_dst_ip IPv6 CODEC(ZSTD(1)),
    reply_dst_port UInt16 CODEC(ZSTD(1)),
    client_isn_hash UInt64 COMMENT 'keyed hash; 0: not seen' CODEC(NONE),
    server_isn_hash UInt64 COMMENT 'keyed hash; 0: not seen' CODEC(NONE),
    isn_pair_hash UInt64 COMMENT 'join key across NAT and nodes; 0: no SYN-ACK seen' CODEC(NONE),
    syn_ttl UInt8,
    syn_count UInt16 CODEC(T64, ZSTD(1)),
    syn_ns UInt64 COMMENT 'nanoseconds after start_us, as all stamps' CODEC(T64, ZSTD(1)),
    syn_ack_ns Nullable(UInt64) CODEC(T64, ZSTD(1)),
    ack_ns Nullable(UInt64) CODEC(T64, ZSTD(1)),
    first_request_ns Nullable(UInt64) CODEC(T64, ZSTD(1)),
    first_response_ns Nullable(UInt64) CODEC(T64, ZSTD(1)),
    end_ns Nullable(UInt64) CODEC(T64, ZSTD(1)),
    leg_end Enum8('open' = 0, 'fin' = 1, 'reset' = 2, 'unanswered' = 3),
    INDEX isn_pair_hash_bloom isn_pair_hash TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX client_isn_hash_bloom client_isn_hash TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toDate(fromUnixTimestamp64Micro(toInt64(start_us), 'UTC'))
PRIMARY KEY (intDiv(start_us, 60000000), dst_ip, dst_port)
ORDER BY (intDiv(start_us, 60000000), dst_ip, dst_port, node, start_us)
TTL toDateTime(intDiv(start_us, 1000000), 'UTC') + toIntervalDay({rawTtlDays:UInt16})
SETTINGS ttl_only_drop_parts = 1, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800;
CREATE TABLE IF NOT EXISTS `hoptrace`.legs_v1 ON CLUSTER `hoptrace` AS `hoptrace`.legs_v1_local
ENGINE = Distributed('hoptrace', 'hoptrace', 'legs_v1_local', cityHash64(cluster));
-- 0002_create_refusals.sql
CREATE TABLE IF NOT EXISTS `hoptrace`.refusals_v1_local ON CLUSTER `hoptrace`
(
    cluster LowCardinality(String),
    node LowCardinality(String),
    boot_id LowCardinality(String),
    seq UInt64 COMMENT 'with cluster, node and boot_id the identity of the record' CODEC(Delta, ZSTD(1)),
    start_us UInt64 COMMENT 'first SYN, microseconds since the epoch' CODEC(Delta, ZSTD(1)),
    started_at DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(toInt64(start_us), 'UTC'),
    netns UInt32 COMMENT 'inode of the network namespace of the tap',
    ifindex UInt32,
    tap_role Enum8('other' = 0, 'uplink' = 1, 'podVeth' = 2, 'pod' = 3),
    syn_direction Enum8('rx' = 0, 'tx' = 1),
    src_ip IPv6 CODEC(ZSTD(1)),
    src_port UInt16 CODEC(NONE),
    dst_ip IPv6 CODEC(ZSTD(1)),
    dst_port UInt16 CODEC(ZSTD(1)),
    client_isn_hash UInt64 COMMENT 'keyed hash; 0: not seen' CODEC(NONE),
    refusal Enum8('reset' = 1, 'rejected' = 2, 'dropped' = 3),
    evidence Enum8('rst' = 1, 'icmp' = 2, 'kfreeSkb' = 3, 'silence' = 4),
    after_ns UInt64 COMMENT 'from the first SYN to the verdict' CODEC(T64, ZSTD(1)),
    syn_count UInt16 CODEC(T64, ZSTD(1)),
    icmp_type UInt8,
    icmp_code UInt8,
    reason LowCardinality(String) COMMENT 'name of the skb_drop_reason, empty if none',
    INDEX client_isn_hash_bloom client_isn_hash TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toDate(fromUnixTimestamp64Micro(toInt64(start_us), 'UTC'))
PRIMARY KEY (intDiv(start_us, 60000000), dst_ip, dst_port)
ORDER BY (intDiv(start_us, 60000000), dst_ip, dst_port, node, start_us)
TTL toDateTime(intDiv(start_us, 1000000), 'UTC') + toIntervalDay({rawTtlDays:UInt16})
SETTINGS ttl_only_drop_parts = 1, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800;
CREATE TABLE IF NOT EXISTS `hoptrace`.refusals_v1 ON CLUSTER `hoptrace` AS `hoptrace`.refusals_v1_local
ENGINE = Distributed('hoptrace', 'hoptrace', 'refusals_v1_local', cityHash64(cluster));
-- 0003_create_proxy_links.sql
CREATE TABLE IF NOT EXISTS `hoptrace`.proxy_links_v1_local ON CLUSTER `hoptrace`
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toDate(fromUnixTimestamp64Micro(toInt64(start_us), 'UTC'))
PRIMARY KEY (intDiv(start_us, 60000000), node)
ORDER BY (intDiv(start_us, 60000000), node, start_us)
TTL toDateTime(intDiv(start_us, 1000000), 'UTC') + toIntervalDay({rawTtlDays:UInt16})
SETTINGS ttl_only_drop_parts = 1, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800;
CREATE TABLE IF NOT EXISTS `hoptrace`.proxy_links_v1 ON CLUSTER `hoptrace` AS `hoptrace`.proxy_links_v1_local
ENGINE = Distributed('hoptrace', 'hoptrace', 'proxy_links_v1_local', cityHash64(cluster));
-- 0004_create_proxy_headers.sql
CREATE TABLE IF NOT EXISTS `hoptrace`.proxy_headers_v1_local ON CLUSTER `hoptrace`
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toDate(fromUnixTimestamp64Micro(toInt64(start_us), 'UTC'))
PRIMARY KEY (intDiv(start_us, 60000000), node)
ORDER BY (intDiv(start_us, 60000000), node, start_us)
TTL toDateTime(intDiv(start_us, 1000000), 'UTC') + toIntervalDay({rawTtlDays:UInt16})
SETTINGS ttl_only_drop_parts = 1, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800;
CREATE TABLE IF NOT EXISTS `hoptrace`.proxy_headers_v1 ON CLUSTER `hoptrace` AS `hoptrace`.proxy_headers_v1_local
ENGINE = Distributed('hoptrace', 'hoptrace', 'proxy_headers_v1_local', cityHash64(cluster));
-- 0005_create_agents.sql
CREATE TABLE IF NOT EXISTS `hoptrace`.agents_v1_local ON CLUSTER `hoptrace`
(
    cluster LowCardinality(String),
    node LowCardinality(String),
    boot_id LowCardinality(String),
    seen_us UInt64 COMMENT 'when the collector heard it, microseconds since the epoch' CODEC(Delta, ZSTD(1)),
    seen_at DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(toInt64(seen_us), 'UTC'),
    losses_ring_events UInt64 CODEC(T64, ZSTD(1)),
    losses_bad_frames UInt64 CODEC(T64, ZSTD(1)),
    losses_evicted_legs UInt64 CODEC(T64, ZSTD(1)),
    losses_unsent_records UInt64 CODEC(T64, ZSTD(1)),
    address_ips Array(IPv6) COMMENT 'same length and order as address_ifnames' CODEC(ZSTD(1)),
    address_ifnames Array(LowCardinality(String))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toDate(fromUnixTimestamp64Micro(toInt64(seen_us), 'UTC'))
ORDER BY (cluster, node, seen_us)
TTL toDateTime(intDiv(seen_us, 1000000), 'UTC') + toIntervalDay({rawTtlDays:UInt16})
SETTINGS ttl_only_drop_parts = 1, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800;
CREATE TABLE IF NOT EXISTS `hoptrace`.agents_v1 ON CLUSTER `hoptrace` AS `hoptrace`.agents_v1_local
ENGINE = Distributed('hoptrace', 'hoptrace', 'agents_v1_local', cityHash64(cluster));
-- 0006_create_paths.sql
CREATE TABLE IF NOT EXISTS `hoptrace`.paths_v1_local ON CLUSTER `hoptrace`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', version, is_deleted)
PARTITION BY toDate(fromUnixTimestamp64Micro(toInt64(started_at_us), 'UTC'))
ORDER BY (started_at_us, path_id)
TTL toDateTime(intDiv(started_at_us, 1000000), 'UTC') + toIntervalDay({pathTtlDays:UInt16})
SETTINGS index_granularity = 1024, ttl_only_drop_parts = 1, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800;
CREATE TABLE IF NOT EXISTS `hoptrace`.paths_v1 ON CLUSTER `hoptrace` AS `hoptrace`.paths_v1_local
ENGINE = Distributed('hoptrace', 'hoptrace', 'paths_v1_local', cityHash64(cluster));
-- 0007_create_exchanges.sql
CREATE TABLE IF NOT EXISTS `hoptrace`.exchanges_v1_local ON CLUSTER `hoptrace`
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toDate(fromUnixTimestamp64Micro(toInt64(start_us), 'UTC'))
PRIMARY KEY (intDiv(start_us, 60000000), node)
ORDER BY (intDiv(start_us, 60000000), node, start_us)
TTL toDateTime(intDiv(start_us, 1000000), 'UTC') + toIntervalDay({rawTtlDays:UInt16})
SETTINGS ttl_only_drop_parts = 1, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800;
CREATE TABLE IF NOT EXISTS `hoptrace`.exchanges_v1 ON CLUSTER `hoptrace` AS `hoptrace`.exchanges_v1_local
ENGINE = Distributed('hoptrace', 'hoptrace', 'exchanges_v1_local', cityHash64(cluster));
-- 0008_add_agent_facts.sql
ALTER TABLE `hoptrace`.agents_v1_local ON CLUSTER `hoptrace`
    ADD COLUMN IF NOT EXISTS facts String DEFAULT '' COMMENT 'JSON (NodeFacts), or empty' CODEC(ZSTD(1));
ALTER TABLE `hoptrace`.agents_v1 ON CLUSTER `hoptrace`
    ADD COLUMN IF NOT EXISTS facts String DEFAULT '' COMMENT 'JSON (NodeFacts), or empty' CODEC(ZSTD(1));
-- 0009_set_fsync.sql
ALTER TABLE `hoptrace`.legs_v1_local ON CLUSTER `hoptrace` MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE `hoptrace`.refusals_v1_local ON CLUSTER `hoptrace` MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE `hoptrace`.proxy_links_v1_local ON CLUSTER `hoptrace` MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE `hoptrace`.proxy_headers_v1_local ON CLUSTER `hoptrace` MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE `hoptrace`.exchanges_v1_local ON CLUSTER `hoptrace` MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE `hoptrace`.agents_v1_local ON CLUSTER `hoptrace` MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE `hoptrace`.paths_v1_local ON CLUSTER `hoptrace` MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
-- 0010_add_path_measures.sql
ALTER TABLE `hoptrace`.paths_v1_local ON CLUSTER `hoptrace`
    ADD COLUMN IF NOT EXISTS hop_kinds Array(LowCardinality(String)) DEFAULT arrayMap(hop -> JSONExtractString(hop, 'kind'), JSONExtractArrayRaw(document, 'hops')) COMMENT 'all hop_ arrays: one entry a hop, in their order',
    ADD COLUMN IF NOT EXISTS hop_from_roles Array(LowCardinality(String)) DEFAULT arrayMap(hop -> JSONExtractString(hop, 'from', 'role'), JSONExtractArrayRaw(document, 'hops')),
    ADD COLUMN IF NOT EXISTS hop_to_roles Array(LowCardinality(String)) DEFAULT arrayMap(hop -> JSONExtractString(hop, 'to', 'role'), JSONExtractArrayRaw(document, 'hops')),
    ADD COLUMN IF NOT EXISTS hop_from_nodes Array(LowCardinality(String)) DEFAULT arrayMap(hop -> JSONExtractString(hop, 'from', 'node'), JSONExtractArrayRaw(document, 'hops')) COMMENT 'empty: unknown',
    ADD COLUMN IF NOT EXISTS hop_to_nodes Array(LowCardinality(String)) DEFAULT arrayMap(hop -> JSONExtractString(hop, 'to', 'node'), JSONExtractArrayRaw(document, 'hops')) COMMENT 'empty: unknown',
    ADD COLUMN IF NOT EXISTS hop_extra Array(Bool) DEFAULT arrayMap(hop -> JSONExtractBool(hop, 'extra'), JSONExtractArrayRaw(document, 'hops')),
    ADD COLUMN IF NOT EXISTS hop_rtt_ns Array(Nullable(Int64)) DEFAULT arrayMap(hop -> if(JSONExtractString(hop, 'rtt', 'method') = 'handshakeDifference', JSONExtract(hop, 'rtt', 'valueNs', 'Nullable(Int64)'), NULL), JSONExtractArrayRaw(document, 'hops')) COMMENT 'round trip between two taps; NULL: not seen at both' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS hop_request_cost_ns Array(Nullable(Int64)) DEFAULT arrayMap(hop -> JSONExtract(hop, 'requestCost', 'valueNs', 'Nullable(Int64)'), JSONExtractArrayRaw(document, 'hops')) COMMENT 'both ways for a request; NULL: not timed at both' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS hop_proxy_time_ns Array(Nullable(Int64)) DEFAULT arrayMap(hop -> JSONExtract(hop, 'proxyTime', 'valueNs', 'Nullable(Int64)'), JSONExtractArrayRaw(document, 'hops')) COMMENT 'what a request spent in the proxy in front; NULL: not timed' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS entry_node LowCardinality(String) DEFAULT arrayFirst(node -> node != '', arrayMap(hop -> JSONExtractString(hop, 'to', 'node'), JSONExtractArrayRaw(document, 'hops'))) COMMENT 'first machine that the request came to; empty: unknown',
    ADD COLUMN IF NOT EXISTS ingress LowCardinality(String) DEFAULT JSONExtractString(arrayFirst(party -> JSONExtractString(party, 'role') = 'ingress', arrayFlatten(arrayMap(hop -> [JSONExtractRaw(hop, 'from'), JSONExtractRaw(hop, 'to')], JSONExtractArrayRaw(document, 'hops')))), 'name') COMMENT 'namespace/pod of the first ingress; empty: none, or no name',
    ADD COLUMN IF NOT EXISTS source_scenario LowCardinality(String) DEFAULT JSONExtractString(document, 'sourceVerdict', 'scenario') COMMENT 'how the client address fared; empty: not judged',
    ADD COLUMN IF NOT EXISTS response_ns Nullable(Int64) DEFAULT if(empty(arrayFilter(wait -> isNotNull(wait), arrayMap(hop -> JSONExtract(hop, 'times', 'firstResponseNs', 'Nullable(Int64)') - JSONExtract(hop, 'times', 'firstRequestNs', 'Nullable(Int64)'), JSONExtractArrayRaw(document, 'hops')))), NULL, arrayFilter(wait -> isNotNull(wait), arrayMap(hop -> JSONExtract(hop, 'times', 'firstResponseNs', 'Nullable(Int64)') - JSONExtract(hop, 'times', 'firstRequestNs', 'Nullable(Int64)'), JSONExtractArrayRaw(document, 'hops')))[1]) COMMENT 'first request to first response, at the first tap that saw both' CODEC(T64, ZSTD(1));
ALTER TABLE `hoptrace`.paths_v1 ON CLUSTER `hoptrace`
    ADD COLUMN IF NOT EXISTS hop_kinds Array(LowCardinality(String)) DEFAULT arrayMap(hop -> JSONExtractString(hop, 'kind'), JSONExtractArrayRaw(document, 'hops')) COMMENT 'all hop_ arrays: one entry a hop, in their order',
    ADD COLUMN IF NOT EXISTS hop_from_roles Array(LowCardinality(String)) DEFAULT arrayMap(hop -> JSONExtractString(hop, 'from', 'role'), JSONExtractArrayRaw(document, 'hops')),
    ADD COLUMN IF NOT EXISTS hop_to_roles Array(LowCardinality(String)) DEFAULT arrayMap(hop -> JSONExtractString(hop, 'to', 'role'), JSONExtractArrayRaw(document, 'hops')),
    ADD COLUMN IF NOT EXISTS hop_from_nodes Array(LowCardinality(String)) DEFAULT arrayMap(hop -> JSONExtractString(hop, 'from', 'node'), JSONExtractArrayRaw(document, 'hops')) COMMENT 'empty: unknown',
    ADD COLUMN IF NOT EXISTS hop_to_nodes Array(LowCardinality(String)) DEFAULT arrayMap(hop -> JSONExtractString(hop, 'to', 'node'), JSONExtractArrayRaw(document, 'hops')) COMMENT 'empty: unknown',
    ADD COLUMN IF NOT EXISTS hop_extra Array(Bool) DEFAULT arrayMap(hop -> JSONExtractBool(hop, 'extra'), JSONExtractArrayRaw(document, 'hops')),
    ADD COLUMN IF NOT EXISTS hop_rtt_ns Array(Nullable(Int64)) DEFAULT arrayMap(hop -> if(JSONExtractString(hop, 'rtt', 'method') = 'handshakeDifference', JSONExtract(hop, 'rtt', 'valueNs', 'Nullable(Int64)'), NULL), JSONExtractArrayRaw(document, 'hops')) COMMENT 'round trip between two taps; NULL: not seen at both' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS hop_request_cost_ns Array(Nullable(Int64)) DEFAULT arrayMap(hop -> JSONExtract(hop, 'requestCost', 'valueNs', 'Nullable(Int64)'), JSONExtractArrayRaw(document, 'hops')) COMMENT 'both ways for a request; NULL: not timed at both' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS hop_proxy_time_ns Array(Nullable(Int64)) DEFAULT arrayMap(hop -> JSONExtract(hop, 'proxyTime', 'valueNs', 'Nullable(Int64)'), JSONExtractArrayRaw(document, 'hops')) COMMENT 'what a request spent in the proxy in front; NULL: not timed' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS entry_node LowCardinality(String) DEFAULT arrayFirst(node -> node != '', arrayMap(hop -> JSONExtractString(hop, 'to', 'node'), JSONExtractArrayRaw(document, 'hops'))) COMMENT 'first machine that the request came to; empty: unknown',
    ADD COLUMN IF NOT EXISTS ingress LowCardinality(String) DEFAULT JSONExtractString(arrayFirst(party -> JSONExtractString(party, 'role') = 'ingress', arrayFlatten(arrayMap(hop -> [JSONExtractRaw(hop, 'from'), JSONExtractRaw(hop, 'to')], JSONExtractArrayRaw(document, 'hops')))), 'name') COMMENT 'namespace/pod of the first ingress; empty: none, or no name',
    ADD COLUMN IF NOT EXISTS source_scenario LowCardinality(String) DEFAULT JSONExtractString(document, 'sourceVerdict', 'scenario') COMMENT 'how the client address fared; empty: not judged',
    ADD COLUMN IF NOT EXISTS response_ns Nullable(Int64) DEFAULT if(empty(arrayFilter(wait -> isNotNull(wait), arrayMap(hop -> JSONExtract(hop, 'times', 'firstResponseNs', 'Nullable(Int64)') - JSONExtract(hop, 'times', 'firstRequestNs', 'Nullable(Int64)'), JSONExtractArrayRaw(document, 'hops')))), NULL, arrayFilter(wait -> isNotNull(wait), arrayMap(hop -> JSONExtract(hop, 'times', 'firstResponseNs', 'Nullable(Int64)') - JSONExtract(hop, 'times', 'firstRequestNs', 'Nullable(Int64)'), JSONExtractArrayRaw(document, 'hops')))[1]) COMMENT 'first request to first response, at the first tap that saw both' CODEC(T64, ZSTD(1));
-- 0011_create_service_rollups.sql
CREATE TABLE IF NOT EXISTS `hoptrace`.service_minutes_v1_local ON CLUSTER `hoptrace`
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(start_s, 'UTC'))
ORDER BY (service_namespace, service_name, start_s, run, cluster, service_port, entry_node, ingress)
TTL toDateTime(start_s, 'UTC') + toIntervalDay({minuteTtlDays:UInt16})
SETTINGS index_granularity = 1024, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800,
    fsync_after_insert = 1, fsync_part_directory = 1;
CREATE TABLE IF NOT EXISTS `hoptrace`.service_minutes_v1 ON CLUSTER `hoptrace` AS `hoptrace`.service_minutes_v1_local
ENGINE = Distributed('hoptrace', 'hoptrace', 'service_minutes_v1_local', cityHash64(cluster));
CREATE TABLE IF NOT EXISTS `hoptrace`.service_hours_v1_local ON CLUSTER `hoptrace`
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(start_s, 'UTC'))
ORDER BY (service_namespace, service_name, start_s, run, cluster, service_port, entry_node, ingress)
TTL toDateTime(start_s, 'UTC') + toIntervalDay({hourTtlDays:UInt16})
SETTINGS index_granularity = 1024, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800,
    fsync_after_insert = 1, fsync_part_directory = 1;
CREATE TABLE IF NOT EXISTS `hoptrace`.service_hours_v1 ON CLUSTER `hoptrace` AS `hoptrace`.service_hours_v1_local
ENGINE = Distributed('hoptrace', 'hoptrace', 'service_hours_v1_local', cityHash64(cluster));
-- 0012_create_hop_rollups.sql
CREATE TABLE IF NOT EXISTS `hoptrace`.hop_minutes_v1_local ON CLUSTER `hoptrace`
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(start_s, 'UTC'))
ORDER BY (service_namespace, service_name, start_s, run, cluster, service_port, hop_index, kind, from_role, to_role, from_node, to_node)
TTL toDateTime(start_s, 'UTC') + toIntervalDay({minuteTtlDays:UInt16})
SETTINGS index_granularity = 1024, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800,
    fsync_after_insert = 1, fsync_part_directory = 1;
CREATE TABLE IF NOT EXISTS `hoptrace`.hop_minutes_v1 ON CLUSTER `hoptrace` AS `hoptrace`.hop_minutes_v1_local
ENGINE = Distributed('hoptrace', 'hoptrace', 'hop_minutes_v1_local', cityHash64(cluster));
CREATE TABLE IF NOT EXISTS `hoptrace`.hop_hours_v1_local ON CLUSTER `hoptrace`
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(start_s, 'UTC'))
ORDER BY (service_namespace, service_name, start_s, run, cluster, service_port, hop_index, kind, from_role, to_role, from_node, to_node)
TTL toDateTime(start_s, 'UTC') + toIntervalDay({hourTtlDays:UInt16})
SETTINGS index_granularity = 1024, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800,
    fsync_after_insert = 1, fsync_part_directory = 1;
CREATE TABLE IF NOT EXISTS `hoptrace`.hop_hours_v1 ON CLUSTER `hoptrace` AS `hoptrace`.hop_hours_v1_local
ENGINE = Distributed('hoptrace', 'hoptrace', 'hop_hours_v1_local', cityHash64(cluster));
-- 0013_create_rollup_runs.sql
CREATE TABLE IF NOT EXISTS `hoptrace`.minute_runs_v1_local ON CLUSTER `hoptrace`
(
    start_s UInt32 COMMENT 'begin of the minute, seconds since the epoch' CODEC(Delta, ZSTD(1)),
    generation UInt64 COMMENT 'sum over its paths of their newest version, read before the counting: any news makes it larger' CODEC(T64, ZSTD(1)),
    run UInt64 COMMENT 'of two runs of one generation, the higher one counts' CODEC(ZSTD(1)),
    counted_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(start_s, 'UTC'))
ORDER BY (start_s, generation, run)
TTL toDateTime(start_s, 'UTC') + toIntervalDay({minuteTtlDays:UInt16})
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1;
CREATE TABLE IF NOT EXISTS `hoptrace`.minute_runs_v1 ON CLUSTER `hoptrace` AS `hoptrace`.minute_runs_v1_local
ENGINE = Distributed('hoptrace', 'hoptrace', 'minute_runs_v1_local', cityHash64(start_s));
CREATE TABLE IF NOT EXISTS `hoptrace`.hour_runs_v1_local ON CLUSTER `hoptrace`
(
    start_s UInt32 COMMENT 'begin of the hour, seconds since the epoch' CODEC(Delta, ZSTD(1)),
    generation UInt64 COMMENT 'sum over its paths of their newest version, read before the counting: any news makes it larger' CODEC(T64, ZSTD(1)),
    run UInt64 COMMENT 'of two runs of one generation, the higher one counts' CODEC(ZSTD(1)),
    counted_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(start_s, 'UTC'))
ORDER BY (start_s, generation, run)
TTL toDateTime(start_s, 'UTC') + toIntervalDay({hourTtlDays:UInt16})
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1;
CREATE TABLE IF NOT EXISTS `hoptrace`.hour_runs_v1 ON CLUSTER `hoptrace` AS `hoptrace`.hour_runs_v1_local
ENGINE = Distributed('hoptrace', 'hoptrace', 'hour_runs_v1_local', cityHash64(start_s));
CREATE TABLE IF NOT EXISTS `hoptrace`.rollup_marks_v1_local ON CLUSTER `hoptrace`
(
    collector String,
    from_us UInt64 COMMENT 'paths that started before are in the roll-ups, microseconds since the epoch',
    marked_us UInt64 COMMENT 'when, microseconds since the epoch; grows'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', marked_us)
ORDER BY collector
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1;
CREATE TABLE IF NOT EXISTS `hoptrace`.rollup_marks_v1 ON CLUSTER `hoptrace` AS `hoptrace`.rollup_marks_v1_local
ENGINE = Distributed('hoptrace', 'hoptrace', 'rollup_marks_v1_local', cityHash64(collector));
-- 0014_create_alerts.sql
CREATE TABLE IF NOT EXISTS `hoptrace`.alerts_v1_local ON CLUSTER `hoptrace`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', version_us)
PARTITION BY toYYYYMM(fromUnixTimestamp64Micro(toInt64(started_at_us), 'UTC'))
ORDER BY (alert_id, started_at_us)
TTL toDateTime(intDiv(started_at_us, 1000000), 'UTC') + toIntervalDay({minuteTtlDays:UInt16})
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1;
CREATE TABLE IF NOT EXISTS `hoptrace`.alerts_v1 ON CLUSTER `hoptrace` AS `hoptrace`.alerts_v1_local
ENGINE = Distributed('hoptrace', 'hoptrace', 'alerts_v1_local', cityHash64(cluster));
CREATE TABLE IF NOT EXISTS `hoptrace`.silences_v1_local ON CLUSTER `hoptrace`
(
    silence_id String,
    version_us UInt64 COMMENT 'a higher version replaces a lower one, microseconds since the epoch',
    ends_at_us UInt64 COMMENT 'microseconds since the epoch',
    document String COMMENT 'the silence as JSON' CODEC(ZSTD(1))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', version_us)
ORDER BY silence_id
TTL toDateTime(intDiv(ends_at_us, 1000000), 'UTC') + toIntervalDay({minuteTtlDays:UInt16})
SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1;
CREATE TABLE IF NOT EXISTS `hoptrace`.silences_v1 ON CLUSTER `hoptrace` AS `hoptrace`.silences_v1_local
ENGINE = Distributed('hoptrace', 'hoptrace', 'silences_v1_local', cityHash64(silence_id));
-- 0015_set_write_buffers.sql
ALTER TABLE `hoptrace`.paths_v1_local ON CLUSTER `hoptrace` MODIFY SETTING min_columns_to_activate_adaptive_write_buffer = 1;
ALTER TABLE `hoptrace`.service_minutes_v1_local ON CLUSTER `hoptrace` MODIFY SETTING min_columns_to_activate_adaptive_write_buffer = 1;
ALTER TABLE `hoptrace`.service_hours_v1_local ON CLUSTER `hoptrace` MODIFY SETTING min_columns_to_activate_adaptive_write_buffer = 1;
ALTER TABLE `hoptrace`.hop_minutes_v1_local ON CLUSTER `hoptrace` MODIFY SETTING min_columns_to_activate_adaptive_write_buffer = 1;
ALTER TABLE `hoptrace`.hop_hours_v1_local ON CLUSTER `hoptrace` MODIFY SETTING min_columns_to_activate_adaptive_write_buffer = 1;
-- 0016_create_topology.sql
CREATE TABLE IF NOT EXISTS `hoptrace`.topology_v1_local ON CLUSTER `hoptrace`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', is_ended)
PARTITION BY toYYYYMM(fromUnixTimestamp64Micro(toInt64(valid_from_us), 'UTC'))
ORDER BY (cluster, kind, namespace, name, valid_from_us)
TTL toDateTime(intDiv(valid_to_us, 1000000), 'UTC') + toIntervalDay({pathTtlDays:UInt16})
SETTINGS index_granularity = 1024, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800;
CREATE TABLE IF NOT EXISTS `hoptrace`.topology_v1 ON CLUSTER `hoptrace` AS `hoptrace`.topology_v1_local
ENGINE = Distributed('hoptrace', 'hoptrace', 'topology_v1_local', cityHash64(cluster));
-- 0017_add_path_weight.sql
ALTER TABLE `hoptrace`.paths_v1_local ON CLUSTER `hoptrace`
    ADD COLUMN IF NOT EXISTS weight UInt32 DEFAULT 1 COMMENT 'paths that this one stands for, itself included; more than 1 only where others were shed';
ALTER TABLE `hoptrace`.paths_v1 ON CLUSTER `hoptrace`
    ADD COLUMN IF NOT EXISTS weight UInt32 DEFAULT 1 COMMENT 'paths that this one stands for, itself included; more than 1 only where others were shed';
-- 0018_add_leg_traffic.sql
ALTER TABLE `hoptrace`.legs_v1_local ON CLUSTER `hoptrace`
    ADD COLUMN IF NOT EXISTS client_bytes Nullable(UInt64) COMMENT 'payload from the client; NULL: not told' CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS server_bytes Nullable(UInt64) COMMENT 'payload from the server; NULL: not told, or none of its packets passed here' CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS client_retransmits UInt32 COMMENT 'segments of payload from the client that showed this tap nothing new' CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS server_retransmits UInt32 CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS closed_by Enum8('nobody' = 0, 'client' = 1, 'server' = 2, 'agent' = 3) COMMENT 'whose FIN came first, or whose reset; agent: it follows the leg no longer';
ALTER TABLE `hoptrace`.legs_v1 ON CLUSTER `hoptrace`
    ADD COLUMN IF NOT EXISTS client_bytes Nullable(UInt64) COMMENT 'payload from the client; NULL: not told' CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS server_bytes Nullable(UInt64) COMMENT 'payload from the server; NULL: not told, or none of its packets passed here' CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS client_retransmits UInt32 COMMENT 'segments of payload from the client that showed this tap nothing new' CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS server_retransmits UInt32 CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS closed_by Enum8('nobody' = 0, 'client' = 1, 'server' = 2, 'agent' = 3) COMMENT 'whose FIN came first, or whose reset; agent: it follows the leg no longer';
-- 0019_create_audit.sql
CREATE TABLE IF NOT EXISTS `hoptrace`.audit_v1_local ON CLUSTER `hoptrace`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(fromUnixTimestamp64Micro(toInt64(at_us), 'UTC'))
ORDER BY (at_us, entry_id)
TTL toDateTime(intDiv(at_us, 1000000), 'UTC') + toIntervalDay({hourTtlDays:UInt16})
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1;
CREATE TABLE IF NOT EXISTS `hoptrace`.audit_v1 ON CLUSTER `hoptrace` AS `hoptrace`.audit_v1_local
ENGINE = Distributed('hoptrace', 'hoptrace', 'audit_v1_local', cityHash64(at_us));
-- 0020_add_refusal_columns.sql
ALTER TABLE `hoptrace`.paths_v1_local ON CLUSTER `hoptrace`
    ADD COLUMN IF NOT EXISTS refusal_hops String DEFAULT if(refusal_kind = 'none', '', JSONExtractRaw(document, 'hops')) COMMENT 'JSON array; empty: not refused' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS refusal_text String DEFAULT JSONExtractString(document, 'refusal', 'text') COMMENT 'cause in words' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS refusal_remedy String DEFAULT JSONExtractString(document, 'refusal', 'remedy') CODEC(ZSTD(1));
ALTER TABLE `hoptrace`.paths_v1 ON CLUSTER `hoptrace`
    ADD COLUMN IF NOT EXISTS refusal_hops String DEFAULT if(refusal_kind = 'none', '', JSONExtractRaw(document, 'hops')) COMMENT 'JSON array; empty: not refused' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS refusal_text String DEFAULT JSONExtractString(document, 'refusal', 'text') COMMENT 'cause in words' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS refusal_remedy String DEFAULT JSONExtractString(document, 'refusal', 'remedy') CODEC(ZSTD(1));
-- 0021_add_agent_ring_refusals.sql
ALTER TABLE `hoptrace`.agents_v1_local ON CLUSTER `hoptrace`
    ADD COLUMN IF NOT EXISTS losses_ring_refusals UInt64 COMMENT 'of losses_ring_events: dropped SYNs and ICMP errors' CODEC(T64, ZSTD(1));
ALTER TABLE `hoptrace`.agents_v1 ON CLUSTER `hoptrace`
    ADD COLUMN IF NOT EXISTS losses_ring_refusals UInt64 COMMENT 'of losses_ring_events: dropped SYNs and ICMP errors' CODEC(T64, ZSTD(1));
