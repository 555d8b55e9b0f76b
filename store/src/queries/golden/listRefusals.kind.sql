SELECT started_at_us, path_id
FROM paths_v1
WHERE started_at_us >= {fromUs:UInt64}
    AND started_at_us < {toUs:UInt64}
    AND client_ip = toIPv6({client:String})
    AND refusal_kind != 'none'
    AND refusal_kind = {refusalKind:String}
ORDER BY started_at_us DESC, path_id DESC
LIMIT 1 BY started_at_us, path_id
LIMIT {rows:UInt32}
