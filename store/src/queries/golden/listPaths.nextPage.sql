SELECT document
FROM paths_v1 FINAL
WHERE (started_at_us, path_id) IN
(
    SELECT started_at_us, path_id
    FROM paths_v1 FINAL
    WHERE started_at_us >= {fromUs:UInt64}
        AND started_at_us < {toUs:UInt64}
        AND (started_at_us, path_id) < ({afterUs:UInt64}, {afterId:String})
    ORDER BY started_at_us DESC, path_id DESC
    LIMIT {rows:UInt32}
)
ORDER BY started_at_us DESC, path_id DESC
SETTINGS do_not_merge_across_partitions_select_final = 1,
    use_skip_indexes_if_final = 1, use_skip_indexes_if_final_exact_mode = 1
