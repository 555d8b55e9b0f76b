/** Attempts that met a node without an endpoint, each with who sent it there. */
import { type Party, pathSchema } from '@hoptrace/domain/rest/path.ts';
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { bigColumn, ipColumn } from '../rows/values.ts';
import { newestVersionsSql } from './newestVersions.ts';
import { runQuery } from './query.ts';
import { type TimeWindow, windowParams } from './recordWindow.ts';

const MAX_ROWS = 20_000;

const query = {
  name: 'refusedSenders',
  params: z.strictObject({
    ...windowParams,
    rows: z.int(),
    clusters: z.array(z.string()),
    cause: z.string(),
  }),
  row: z.object({
    started_at_us: bigColumn,
    cluster: z.string(),
    service_namespace: z.string(),
    service_name: z.string(),
    service_port: z.string(),
    refusal_node: z.string(),
    client_ip: ipColumn.nullable(),
    path_id: z.string(),
    refusal_hops: z.string(),
  }),
};

const CONDITIONS = `started_at_us >= {fromUs:UInt64}
    AND started_at_us < {toUs:UInt64}
    AND refusal_kind != 'none'
    AND refusal_cause = {cause:String}
    AND refusal_node != ''
    AND service_name != ''
    AND (empty({clusters:Array(String)}) OR has({clusters:Array(String)}, cluster))`;
const COLUMNS = `started_at_us,
    cluster,
    service_namespace,
    service_name,
    service_port,
    refusal_kind,
    refusal_cause,
    refusal_node,
    client_ip,
    path_id,
    refusal_hops`;

const SQL = `SELECT ${COLUMNS}
FROM (${newestVersionsSql(
  `${COLUMNS}, is_deleted`,
  `SELECT started_at_us, path_id FROM paths_v1 WHERE ${CONDITIONS}`,
)})
WHERE NOT is_deleted AND ${CONDITIONS}
ORDER BY started_at_us DESC, path_id DESC
LIMIT {rows:UInt32}
`;

export interface RefusedSender {
  readonly cluster: string;
  readonly service: { readonly namespace: string; readonly name: string; readonly port: string };
  readonly node: string;
  readonly pathId: string;
  readonly startedAtUs: number;
  readonly clientIp: string | null;
  /** null: not seen. */
  readonly sender: { readonly ip: string; readonly isLoadBalancer: boolean } | null;
  readonly destinationIp: string | null;
}

/** The newest 20,000, newest first. */
export async function refusedSenders(
  store: Store,
  options: CallOptions & { readonly window: TimeWindow; readonly clusters?: readonly string[] },
): Promise<RefusedSender[]> {
  const { window, clusters = [], ...call } = options;
  const params = {
    ...{ ...window, rows: MAX_ROWS, clusters: [...clusters] },
    cause: 'noLocalEndpoints',
  };
  const rows = await runQuery(store, query, { sql: SQL, params, ...call });
  return rows.map((row) => ({
    cluster: row.cluster,
    service: {
      namespace: row.service_namespace,
      name: row.service_name,
      port: row.service_port,
    },
    ...{ node: row.refusal_node, pathId: row.path_id, startedAtUs: row.started_at_us },
    clientIp: row.client_ip,
    ...sentBy(row.refusal_hops),
  }));
}

function sentBy(hops: string): Pick<RefusedSender, 'sender' | 'destinationIp'> {
  const parsed = pathSchema.shape.hops.safeParse(JSON.parse(hops === '' ? '[]' : hops));
  const last = parsed.success ? parsed.data.at(-1) : undefined;
  if (last === undefined) return { sender: null, destinationIp: null };
  const { ip, role }: Party = last.from;
  return {
    sender: { ip, isLoadBalancer: role === 'load-balancer' },
    destinationIp: last.to.ip,
  };
}
