/** The services that paths of a time range led to. */
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { bigColumn } from '../rows/values.ts';
import { runQuery } from './query.ts';
import { clustersParam, IN_CLUSTERS, type TimeWindow, windowParams } from './recordWindow.ts';

const MAX_SERVICES = 1000;

const query = {
  name: 'listServices',
  params: z.strictObject({ ...windowParams, clusters: clustersParam, rows: z.int() }),
  row: z.object({
    service_namespace: z.string(),
    service_name: z.string(),
    service_port: z.string(),
    paths: bigColumn,
    refused: bigColumn,
    with_extra_hops: bigColumn,
    last_us: bigColumn,
  }),
};

const SQL = `SELECT
    service_namespace,
    service_name,
    service_port,
    sum(weight) AS paths,
    sumIf(weight, refusal_kind != 'none') AS refused,
    sumIf(weight, extra_hops > 0) AS with_extra_hops,
    max(started_at_us) AS last_us
FROM paths_v1 FINAL
WHERE started_at_us >= {fromUs:UInt64} AND started_at_us < {toUs:UInt64} AND service_name != ''
    AND ${IN_CLUSTERS}
GROUP BY service_namespace, service_name, service_port
ORDER BY paths DESC, service_namespace, service_name, service_port
LIMIT {rows:UInt32}
SETTINGS do_not_merge_across_partitions_select_final = 1
`;

export interface ServiceSummary {
  readonly service: { readonly namespace: string; readonly name: string; readonly port: string };
  readonly paths: number;
  readonly refused: number;
  readonly withExtraHops: number;
  readonly lastStartedAtUs: number;
}

/** At most 1000, the busiest first. Paths whose service is not known are not counted here. */
export async function listServices(
  store: Store,
  options: CallOptions & { readonly window: TimeWindow; readonly clusters?: readonly string[] },
): Promise<ServiceSummary[]> {
  const { window, clusters = [], ...call } = options;
  const params = { ...window, clusters: [...clusters], rows: MAX_SERVICES };
  const rows = await runQuery(store, query, { sql: SQL, params, ...call });
  return rows.map((row) => ({
    service: {
      namespace: row.service_namespace,
      name: row.service_name,
      port: row.service_port,
    },
    paths: row.paths,
    refused: row.refused,
    withExtraHops: row.with_extra_hops,
    lastStartedAtUs: row.last_us,
  }));
}
