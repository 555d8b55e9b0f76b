SELECT
    point_s,
    hop_index, kind, from_role, to_role,
    all_hops AS hops,
    all_extra AS extra,
    arrayConcat([toFloat64(arraySum(mapValues(all_rtt_buckets)))], arrayMap(q -> if(length(all_rtt_buckets) = 0 OR mapKeys(all_rtt_buckets)[arrayFirstIndex(sum -> sum >= q * arraySum(mapValues(all_rtt_buckets)), arrayCumSum(mapValues(all_rtt_buckets)))] = 0, 0., 2 * pow(1.02020202020202, mapKeys(all_rtt_buckets)[arrayFirstIndex(sum -> sum >= q * arraySum(mapValues(all_rtt_buckets)), arrayCumSum(mapValues(all_rtt_buckets)))]) / 2.02020202020202), [0.5, 0.95, 0.99])) AS rtt,
    arrayConcat([toFloat64(arraySum(mapValues(all_request_cost_buckets)))], arrayMap(q -> if(length(all_request_cost_buckets) = 0 OR mapKeys(all_request_cost_buckets)[arrayFirstIndex(sum -> sum >= q * arraySum(mapValues(all_request_cost_buckets)), arrayCumSum(mapValues(all_request_cost_buckets)))] = 0, 0., 2 * pow(1.02020202020202, mapKeys(all_request_cost_buckets)[arrayFirstIndex(sum -> sum >= q * arraySum(mapValues(all_request_cost_buckets)), arrayCumSum(mapValues(all_request_cost_buckets)))]) / 2.02020202020202), [0.5, 0.95, 0.99])) AS request_cost,
    arrayConcat([toFloat64(arraySum(mapValues(all_proxy_time_buckets)))], arrayMap(q -> if(length(all_proxy_time_buckets) = 0 OR mapKeys(all_proxy_time_buckets)[arrayFirstIndex(sum -> sum >= q * arraySum(mapValues(all_proxy_time_buckets)), arrayCumSum(mapValues(all_proxy_time_buckets)))] = 0, 0., 2 * pow(1.02020202020202, mapKeys(all_proxy_time_buckets)[arrayFirstIndex(sum -> sum >= q * arraySum(mapValues(all_proxy_time_buckets)), arrayCumSum(mapValues(all_proxy_time_buckets)))]) / 2.02020202020202), [0.5, 0.95, 0.99])) AS proxy_time
FROM
(
    SELECT
        toUInt64(intDiv(start_s, {stepS:UInt32}) * {stepS:UInt32}) AS point_s,
        hop_index, kind, from_role, to_role,
        sum(rows.hops) AS all_hops,
        sum(rows.extra) AS all_extra,
        sumMap(rows.rtt_buckets) AS all_rtt_buckets,
        sumMap(rows.request_cost_buckets) AS all_request_cost_buckets,
        sumMap(rows.proxy_time_buckets) AS all_proxy_time_buckets
    FROM (SELECT * FROM hop_minutes_v1
    WHERE start_s >= {fromS:UInt64}
        AND start_s < {toS:UInt64}
        AND service_namespace = {serviceNamespace:String} AND service_name = {serviceName:String}
        AND (start_s, run) IN (SELECT start_s, argMax(run, (generation, run)) FROM minute_runs_v1 WHERE start_s >= {fromS:UInt64} AND start_s < {toS:UInt64} GROUP BY start_s)
        AND NOT has({hours:Array(UInt32)}, intDiv(start_s, 3600) * 3600)
    UNION ALL
    SELECT * FROM hop_hours_v1
    WHERE start_s >= {fromS:UInt64}
        AND start_s < {toS:UInt64}
        AND service_namespace = {serviceNamespace:String} AND service_name = {serviceName:String}
        AND (start_s, run) IN (SELECT arrayJoin(arrayZip({hours:Array(UInt32)}, {hourRuns:Array(UInt64)})))) AS rows
    GROUP BY point_s, hop_index, kind, from_role, to_role
)
ORDER BY hop_index, kind, from_role, to_role, point_s
