/** Who sent to whom, counted over the newest paths of a time range. */
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { bigColumn } from '../rows/values.ts';
import { runQuery } from './query.ts';
import { clustersParam, IN_CLUSTERS, type TimeWindow, windowParams } from './recordWindow.ts';

/** Their documents are read: enough for a picture, and no question of minutes. */
const MAX_PATHS = 20_000;
const MAX_EDGES = 2000;

const query = {
  name: 'hopEdges',
  params: z.strictObject({
    ...windowParams,
    clusters: clustersParam,
    paths: z.int(),
    rows: z.int(),
  }),
  row: z.object({ parent: z.string(), child: z.string(), hops: bigColumn }),
};

const NAME = (side: string) =>
  `if(JSONExtractString(hop, '${side}', 'name') != '', JSONExtractString(hop, '${side}', 'name'), JSONExtractString(hop, '${side}', 'role'))`;

const SQL = `SELECT ${NAME('from')} AS parent, ${NAME('to')} AS child, sum(weight) AS hops
FROM
(
    SELECT weight, arrayJoin(JSONExtractArrayRaw(document, 'hops')) AS hop
    FROM
    (
        SELECT document, weight
        FROM paths_v1 FINAL
        WHERE started_at_us >= {fromUs:UInt64} AND started_at_us < {toUs:UInt64}
            AND ${IN_CLUSTERS}
        ORDER BY started_at_us DESC, path_id DESC
        LIMIT {paths:UInt32}
    )
)
GROUP BY parent, child
ORDER BY hops DESC, parent, child
LIMIT {rows:UInt32}
SETTINGS do_not_merge_across_partitions_select_final = 1
`;

export interface HopEdge {
  /** Name of the party, or its role where it has none. */
  readonly parent: string;
  readonly child: string;
  readonly hops: number;
}

/** Of the newest 20,000 paths, the 2000 busiest edges first. */
export async function hopEdges(
  store: Store,
  asked: { readonly clusters: readonly string[] },
  options: CallOptions & { readonly window: TimeWindow },
): Promise<HopEdge[]> {
  const { window, ...call } = options;
  const params = { ...window, clusters: [...asked.clusters], paths: MAX_PATHS, rows: MAX_EDGES };
  return runQuery(store, query, { sql: SQL, params, ...call });
}
