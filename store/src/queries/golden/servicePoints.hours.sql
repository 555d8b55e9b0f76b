SELECT
    toUInt64(intDiv(rows.start_s, {stepS:UInt32}) * {stepS:UInt32}) AS point_s,
    sum(rows.requests) AS requests,
    sum(rows.served) AS served,
    sum(rows.reset) AS reset,
    sum(rows.rejected) AS rejected,
    sum(rows.dropped) AS dropped,
    sum(rows.with_extra_hops) AS with_extra_hops,
    sum(rows.extra_hops) AS extra_hops,
    sum(rows.crossings) AS crossings,
    sum(rows.incomplete) AS incomplete,
    sumMap(rows.refusals) AS refusals,
    sumMap(rows.source_scenarios) AS source_scenarios,
    sumMap(rows.response_buckets) AS response_buckets
FROM (SELECT start_s, cluster, service_namespace, service_name, service_port, entry_node, ingress, requests, served, reset, rejected, dropped, with_extra_hops, extra_hops, crossings, incomplete, refusals, source_scenarios, response_buckets FROM service_minutes_v1
    WHERE start_s >= {fromS:UInt64}
        AND start_s < {toS:UInt64}
        AND service_namespace = {serviceNamespace:String} AND service_name = {serviceName:String}
        AND service_port = {servicePort:String}
        AND entry_node = {entryNode:String}
        AND ingress = {ingress:String}
        AND (start_s, run) IN (SELECT start_s, argMax(run, (generation, run)) FROM minute_runs_v1 WHERE start_s >= {fromS:UInt64} AND start_s < {toS:UInt64} GROUP BY start_s)
        AND NOT has({hours:Array(UInt32)}, intDiv(start_s, 3600) * 3600)
    UNION ALL
    SELECT start_s, cluster, service_namespace, service_name, service_port, entry_node, ingress, requests, served, reset, rejected, dropped, with_extra_hops, extra_hops, crossings, incomplete, refusals, source_scenarios, response_buckets FROM service_hours_v1
    WHERE start_s >= {fromS:UInt64}
        AND start_s < {toS:UInt64}
        AND service_namespace = {serviceNamespace:String} AND service_name = {serviceName:String}
        AND service_port = {servicePort:String}
        AND entry_node = {entryNode:String}
        AND ingress = {ingress:String}
        AND (start_s, run) IN (SELECT arrayJoin(arrayZip({hours:Array(UInt32)}, {hourRuns:Array(UInt64)})))) AS rows
GROUP BY point_s
ORDER BY point_s
