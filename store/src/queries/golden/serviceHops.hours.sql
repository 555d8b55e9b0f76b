SELECT
    toUInt64(intDiv(rows.start_s, {stepS:UInt32}) * {stepS:UInt32}) AS point_s,
    hop_index, kind, from_role, to_role,
    sum(rows.hops) AS hops,
    sum(rows.extra) AS extra,
    sumMap(rows.rtt_buckets) AS rtt_buckets,
    sumMap(rows.request_cost_buckets) AS request_cost_buckets,
    sumMap(rows.proxy_time_buckets) AS proxy_time_buckets
FROM (SELECT start_s, cluster, service_namespace, service_name, service_port, hop_index, kind, from_role, to_role, from_node, to_node, hops, extra, rtt_buckets, request_cost_buckets, proxy_time_buckets FROM hop_minutes_v1
    WHERE start_s >= {fromS:UInt64}
        AND start_s < {toS:UInt64}
        AND service_namespace = {serviceNamespace:String} AND service_name = {serviceName:String}
        AND (start_s, run) IN (SELECT start_s, argMax(run, (generation, run)) FROM minute_runs_v1 WHERE start_s >= {fromS:UInt64} AND start_s < {toS:UInt64} GROUP BY start_s)
        AND NOT has({hours:Array(UInt32)}, intDiv(start_s, 3600) * 3600)
    UNION ALL
    SELECT start_s, cluster, service_namespace, service_name, service_port, hop_index, kind, from_role, to_role, from_node, to_node, hops, extra, rtt_buckets, request_cost_buckets, proxy_time_buckets FROM hop_hours_v1
    WHERE start_s >= {fromS:UInt64}
        AND start_s < {toS:UInt64}
        AND service_namespace = {serviceNamespace:String} AND service_name = {serviceName:String}
        AND (start_s, run) IN (SELECT arrayJoin(arrayZip({hours:Array(UInt32)}, {hourRuns:Array(UInt64)})))) AS rows
GROUP BY point_s, hop_index, kind, from_role, to_role
ORDER BY hop_index, kind, from_role, to_role, point_s
