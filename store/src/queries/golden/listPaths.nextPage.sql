SELECT started_at_us, path_id
FROM paths_v1
WHERE started_at_us >= {fromUs:UInt64}
    AND started_at_us < {toUs:UInt64}
    AND started_at_us <= {afterUs:UInt64} AND (started_at_us, path_id) < ({afterUs:UInt64}, {afterId:String})
ORDER BY started_at_us DESC, path_id DESC
LIMIT 1 BY started_at_us, path_id
LIMIT {rows:UInt32}

SELECT document
FROM (
    SELECT *
    FROM paths_v1
    PREWHERE (started_at_us, path_id) IN (SELECT arrayJoin(arrayZip({times:Array(UInt64)}, {ids:Array(String)})) AS key)
    ORDER BY version DESC
    LIMIT 1 BY started_at_us, path_id
    SETTINGS max_block_size = 1024
)
WHERE NOT is_deleted
    AND started_at_us >= {fromUs:UInt64}
    AND started_at_us < {toUs:UInt64}
    AND started_at_us <= {afterUs:UInt64} AND (started_at_us, path_id) < ({afterUs:UInt64}, {afterId:String})
ORDER BY started_at_us DESC, path_id DESC
