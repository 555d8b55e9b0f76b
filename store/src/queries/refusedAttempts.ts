/** Attempts to connect to known services that were refused in a time range, by service, node and cause. */
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { bigColumn } from '../rows/values.ts';
import { runQuery } from './query.ts';
import { type TimeWindow, windowParams } from './recordWindow.ts';

const MAX_GROUPS = 10_000;

const query = {
  name: 'refusedAttempts',
  params: z.strictObject({ ...windowParams, rows: z.int() }),
  row: z.object({
    cluster: z.string(),
    namespace: z.string(),
    service: z.string(),
    node: z.string(),
    cause: z.string(),
    attempts: bigColumn,
    newest_path_id: z.string(),
    newest_remedy: z.string(),
  }),
};

/**
 * Refused paths are rare: their ids are found first, by the index of refusal kinds; only their versions are compared,
 * instead of those of all paths (FINAL).
 */
const SQL = `SELECT
    newest.1 AS cluster,
    newest.2 AS namespace,
    newest.3 AS service,
    newest.4 AS node,
    newest.5 AS cause,
    count() AS attempts,
    argMax(path_id, started_at_us) AS newest_path_id,
    argMax(newest.6, started_at_us) AS newest_remedy
FROM
(
    SELECT
        started_at_us,
        path_id,
        argMax((cluster, service_namespace, service_name, refusal_node, refusal_cause,
            JSONExtractString(document, 'refusal', 'remedy'), refusal_kind, is_deleted), version) AS newest
    FROM paths_v1
    WHERE (started_at_us, path_id) IN
    (
        SELECT started_at_us, path_id
        FROM paths_v1
        WHERE started_at_us >= {fromUs:UInt64} AND started_at_us < {toUs:UInt64}
            AND refusal_kind != 'none' AND service_name != ''
    )
    GROUP BY started_at_us, path_id
)
WHERE newest.7 != 'none' AND newest.8 = 0 AND newest.3 != ''
GROUP BY cluster, namespace, service, node, cause
ORDER BY attempts DESC, cluster, namespace, service, node, cause
LIMIT {rows:UInt32}
`;

export interface RefusedAttempts {
  readonly cluster: string;
  readonly namespace: string;
  readonly service: string;
  /** Empty: unknown. */
  readonly node: string;
  readonly cause: string;
  readonly attempts: number;
  /** Of the newest of them. */
  readonly pathId: string;
  readonly remedy: string;
}

/** At most 10,000 groups, the largest first. */
export async function refusedAttempts(
  store: Store,
  options: CallOptions & { readonly window: TimeWindow },
): Promise<RefusedAttempts[]> {
  const { window, ...call } = options;
  const params = { ...window, rows: MAX_GROUPS };
  const rows = await runQuery(store, query, { sql: SQL, params, ...call });
  return rows.map(({ newest_path_id: pathId, newest_remedy: remedy, ...row }) => ({
    ...row,
    pathId,
    remedy,
  }));
}
