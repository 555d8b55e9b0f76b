SELECT
    point_s,
    all_requests AS requests,
    all_served AS served,
    all_reset AS reset,
    all_rejected AS rejected,
    all_dropped AS dropped,
    all_with_extra_hops AS with_extra_hops,
    all_extra_hops AS extra_hops,
    all_crossings AS crossings,
    all_incomplete AS incomplete,
    all_refusals AS refusals,
    all_source_scenarios AS source_scenarios,
    arrayConcat([toFloat64(arraySum(mapValues(all_response_buckets)))], arrayMap(q -> if(length(all_response_buckets) = 0 OR mapKeys(all_response_buckets)[arrayFirstIndex(sum -> sum >= q * arraySum(mapValues(all_response_buckets)), arrayCumSum(mapValues(all_response_buckets)))] = 0, 0., 2 * pow(1.02020202020202, mapKeys(all_response_buckets)[arrayFirstIndex(sum -> sum >= q * arraySum(mapValues(all_response_buckets)), arrayCumSum(mapValues(all_response_buckets)))]) / 2.02020202020202), [0.5, 0.95, 0.99])) AS response
FROM
(
    SELECT
        toUInt64(intDiv(start_s, {stepS:UInt32}) * {stepS:UInt32}) AS point_s,
        sum(rows.requests) AS all_requests,
        sum(rows.served) AS all_served,
        sum(rows.reset) AS all_reset,
        sum(rows.rejected) AS all_rejected,
        sum(rows.dropped) AS all_dropped,
        sum(rows.with_extra_hops) AS all_with_extra_hops,
        sum(rows.extra_hops) AS all_extra_hops,
        sum(rows.crossings) AS all_crossings,
        sum(rows.incomplete) AS all_incomplete,
        sumMap(rows.refusals) AS all_refusals,
        sumMap(rows.source_scenarios) AS all_source_scenarios,
        sumMap(rows.response_buckets) AS all_response_buckets
    FROM (SELECT * FROM service_minutes_v1
    WHERE start_s >= {fromS:UInt64}
        AND start_s < {toS:UInt64}
        AND service_namespace = {serviceNamespace:String} AND service_name = {serviceName:String}
        AND (start_s, run) IN (SELECT start_s, argMax(run, (generation, run)) FROM minute_runs_v1 WHERE start_s >= {fromS:UInt64} AND start_s < {toS:UInt64} GROUP BY start_s)) AS rows
    GROUP BY point_s
)
ORDER BY point_s
