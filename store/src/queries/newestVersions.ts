/**
 * The newest versions of some paths, without FINAL: that would read the wanted columns of every row beside them, and the
 * documents of 50 paths that lie apart were 200 MB.
 */

/** Parameters `times` and `ids`, of one length. */
export const GIVEN_KEYS =
  'SELECT arrayJoin(arrayZip({times:Array(UInt64)}, {ids:Array(String)})) AS key';

/** `keysSql` gives pairs of started_at_us and path_id. What is withdrawn comes with is_deleted. */
export const newestVersionsSql = (columns: string, keysSql: string): string => `
    SELECT ${columns}
    FROM paths_v1
    PREWHERE (started_at_us, path_id) IN (${keysSql})
    ORDER BY version DESC
    LIMIT 1 BY started_at_us, path_id
    SETTINGS max_block_size = 1024
`;
