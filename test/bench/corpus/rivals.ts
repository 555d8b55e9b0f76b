/**
 * How others lay out the same observations, filled from ours by INSERT … SELECT: each with all that our rows tell.
 *
 * - OTel: the DDL of the OpenTelemetry ClickHouse exporter (contrib, internal/sql_templates), a span for each leg;
 *   strings, attributes in a map, its six skip indices and its view from trace id to time.
 * - Akvorado-like: wide rows by five minutes, IPv6, LowCardinality, four blooms, its codecs.
 * - DeepFlow-like: integers in the default codec, ordered by time, destination and port.
 */

const IPV4 = (column: string) => `replaceOne(toString(${column}), '::ffff:', '')`;
const HEX = (column: string) => `lower(hex(${column}))`;

export const OTEL_DDL = [
  `CREATE TABLE otel_traces
(
    Timestamp DateTime64(9) CODEC(Delta, ZSTD(1)),
    TraceId String CODEC(ZSTD(1)),
    SpanId String CODEC(ZSTD(1)),
    ParentSpanId String CODEC(ZSTD(1)),
    TraceState String CODEC(ZSTD(1)),
    SpanName LowCardinality(String) CODEC(ZSTD(1)),
    SpanKind LowCardinality(String) CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeName String CODEC(ZSTD(1)),
    ScopeVersion String CODEC(ZSTD(1)),
    SpanAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    Duration UInt64 CODEC(ZSTD(1)),
    StatusCode LowCardinality(String) CODEC(ZSTD(1)),
    StatusMessage String CODEC(ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_span_attr_key mapKeys(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_span_attr_value mapValues(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_duration Duration TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(Timestamp)
ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1`,
  `CREATE TABLE otel_traces_trace_id_ts
(
    TraceId String CODEC(ZSTD(1)),
    Start DateTime CODEC(Delta, ZSTD(1)),
    End DateTime CODEC(Delta, ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(Start)
ORDER BY (TraceId, Start)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1`,
  `CREATE MATERIALIZED VIEW otel_traces_trace_id_ts_mv TO otel_traces_trace_id_ts AS
SELECT TraceId, min(Timestamp) AS Start, max(Timestamp) AS End
FROM otel_traces
WHERE TraceId != ''
GROUP BY TraceId`,
];

/** What a block may hold: the embedded engine has little memory. */
export const SMALL_BLOCKS =
  'SETTINGS max_block_size = 8192, min_insert_block_size_rows = 32768, min_insert_block_size_bytes = 33554432, max_threads = 1';

const REQUEST = 'intDiv(leg_id, 8)';

/** A round trip as an exporter would put it into a span of a hop. */
const HOP_RTT = 'toString(assumeNotNull(syn_ack_ns) - syn_ns)';

export const FILL_OTEL = `INSERT INTO otel_traces
SELECT
    fromUnixTimestamp64Nano(toInt64(start_us * 1000 + syn_ns)),
    ${HEX(`sipHash128(${REQUEST}, 1)`)},
    ${HEX('sipHash64(leg_id, 2)')},
    if(leg_id % 8 = 0, '', ${HEX('sipHash64(leg_id - 1, 2)')}),
    '',
    concat('hop ', toString(leg_id % 8)),
    'SPAN_KIND_SERVER',
    concat('web-', toString(toUInt32(sipHash64(${REQUEST}, 3) % 20))),
    map('k8s.cluster.name', cluster, 'k8s.node.name', node, 'host.boot.id', boot_id, 'service.name', 'hoptrace'),
    'hoptrace',
    '1',
    map(
        'net.src.ip', ${IPV4('src_ip')}, 'net.src.port', toString(src_port),
        'net.dst.ip', ${IPV4('dst_ip')}, 'net.dst.port', toString(dst_port),
        'nat.original.src', if(has_original, concat(${IPV4('original_src_ip')}, ':', toString(original_src_port)), ''),
        'nat.original.dst', if(has_original, concat(${IPV4('original_dst_ip')}, ':', toString(original_dst_port)), ''),
        'nat.reply.src', if(has_reply, concat(${IPV4('reply_src_ip')}, ':', toString(reply_src_port)), ''),
        'nat.reply.dst', if(has_reply, concat(${IPV4('reply_dst_ip')}, ':', toString(reply_dst_port)), ''),
        'tap.role', toString(tap_role), 'tap.direction', toString(syn_direction),
        'isn.client', ${HEX('client_isn_hash')}, 'isn.server', ${HEX('server_isn_hash')}, 'isn.pair', ${HEX('isn_pair_hash')},
        'syn_ack.ns', toString(syn_ack_ns), 'ack.ns', toString(ack_ns), 'request.ns', toString(first_request_ns),
        'response.ns', toString(first_response_ns), 'hop.rtt.ns', ${HOP_RTT}, 'end', toString(leg_end)
    ),
    assumeNotNull(end_ns) - syn_ns,
    'STATUS_CODE_OK',
    ''
FROM legs_v1
${SMALL_BLOCKS}`;

const COMMON = `cluster, node, seq, leg_id, netns, ifindex, tap_role, syn_direction, src_ip, src_port, dst_ip, dst_port,
    has_original, original_src_ip, original_src_port, original_dst_ip, original_dst_port,
    has_reply, reply_src_ip, reply_src_port, reply_dst_ip, reply_dst_port,
    client_isn_hash, server_isn_hash, isn_pair_hash, syn_ttl, syn_count, syn_ns, assumeNotNull(syn_ack_ns),
    assumeNotNull(ack_ns), assumeNotNull(first_request_ns), assumeNotNull(first_response_ns), assumeNotNull(end_ns), leg_end`;

export const AKVORADO_DDL = `CREATE TABLE akvorado
(
    time DateTime64(6) CODEC(DoubleDelta, LZ4),
    cluster LowCardinality(String),
    node LowCardinality(String),
    seq UInt64 CODEC(T64, LZ4),
    leg_id UInt64 CODEC(T64, LZ4),
    netns UInt32,
    ifindex UInt32,
    tap_role LowCardinality(String),
    syn_direction LowCardinality(String),
    src_ip IPv6 CODEC(ZSTD(1)),
    src_port UInt16 CODEC(T64, LZ4),
    dst_ip IPv6 CODEC(ZSTD(1)),
    dst_port UInt16 CODEC(T64, LZ4),
    has_original Bool,
    original_src_ip IPv6 CODEC(ZSTD(1)),
    original_src_port UInt16 CODEC(T64, LZ4),
    original_dst_ip IPv6 CODEC(ZSTD(1)),
    original_dst_port UInt16 CODEC(T64, LZ4),
    has_reply Bool,
    reply_src_ip IPv6 CODEC(ZSTD(1)),
    reply_src_port UInt16 CODEC(T64, LZ4),
    reply_dst_ip IPv6 CODEC(ZSTD(1)),
    reply_dst_port UInt16 CODEC(T64, LZ4),
    client_isn_hash UInt64,
    server_isn_hash UInt64,
    isn_pair_hash UInt64,
    syn_ttl UInt8,
    syn_count UInt16 CODEC(T64, LZ4),
    syn_ns UInt64 CODEC(T64, LZ4),
    syn_ack_ns UInt64 CODEC(T64, LZ4),
    ack_ns UInt64 CODEC(T64, LZ4),
    first_request_ns UInt64 CODEC(T64, LZ4),
    first_response_ns UInt64 CODEC(T64, LZ4),
    end_ns UInt64 CODEC(T64, LZ4),
    leg_end LowCardinality(String),
    INDEX src_bloom src_ip TYPE bloom_filter(0.001) GRANULARITY 4,
    INDEX dst_bloom dst_ip TYPE bloom_filter(0.001) GRANULARITY 4,
    INDEX src_port_bloom src_port TYPE bloom_filter(0.001) GRANULARITY 4,
    INDEX dst_port_bloom dst_port TYPE bloom_filter(0.001) GRANULARITY 4
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDDhhmmss(toStartOfInterval(time, INTERVAL 25920 SECOND))
PRIMARY KEY (toStartOfFiveMinutes(time), node, ifindex)
ORDER BY (toStartOfFiveMinutes(time), node, ifindex, tap_role)
SETTINGS index_granularity = 8192`;

export const FILL_AKVORADO = `INSERT INTO akvorado SELECT fromUnixTimestamp64Micro(toInt64(start_us)), ${COMMON} FROM legs_v1 ${SMALL_BLOCKS}`;

export const DEEPFLOW_DDL = `CREATE TABLE deepflow
(
    time DateTime,
    start_us UInt64,
    cluster UInt16,
    node UInt16,
    seq UInt64,
    leg_id UInt64,
    netns UInt32,
    ifindex UInt32,
    tap_role UInt8,
    syn_direction UInt8,
    ip4_0 IPv4,
    ip6_0 IPv6,
    client_port UInt16,
    ip4_1 IPv4,
    ip6_1 IPv6,
    server_port UInt16,
    has_original UInt8,
    nat_real_ip4_0 IPv4,
    nat_real_port_0 UInt16,
    nat_real_ip4_1 IPv4,
    nat_real_port_1 UInt16,
    has_reply UInt8,
    reply_ip4_0 IPv4,
    reply_port_0 UInt16,
    reply_ip4_1 IPv4,
    reply_port_1 UInt16,
    client_isn_hash UInt64,
    server_isn_hash UInt64,
    isn_pair_hash UInt64,
    syn_ttl UInt8,
    syn_count UInt16,
    syn_ns UInt64,
    syn_ack_ns UInt64,
    ack_ns UInt64,
    first_request_ns UInt64,
    first_response_ns UInt64,
    end_ns UInt64,
    leg_end UInt8
)
ENGINE = MergeTree
PARTITION BY toStartOfDay(time)
ORDER BY (time, ip4_1, server_port)
SETTINGS index_granularity = 8192`;

const V4 = (column: string) => `toIPv4OrDefault(${IPV4(column)})`;

export const FILL_DEEPFLOW = `INSERT INTO deepflow
SELECT toDateTime(intDiv(start_us, 1000000)), start_us, 1, toUInt16(substring(node, 5)), seq, leg_id, netns, ifindex, toUInt8(tap_role),
    toUInt8(syn_direction), ${V4('src_ip')}, toIPv6('::'), src_port, ${V4('dst_ip')}, toIPv6('::'), dst_port,
    has_original, ${V4('original_src_ip')}, original_src_port, ${V4('original_dst_ip')}, original_dst_port,
    has_reply, ${V4('reply_src_ip')}, reply_src_port, ${V4('reply_dst_ip')}, reply_dst_port,
    client_isn_hash, server_isn_hash, isn_pair_hash, syn_ttl, syn_count, syn_ns, assumeNotNull(syn_ack_ns),
    assumeNotNull(ack_ns), assumeNotNull(first_request_ns), assumeNotNull(first_response_ns), assumeNotNull(end_ns), toUInt8(leg_end)
FROM legs_v1 ${SMALL_BLOCKS}`;
