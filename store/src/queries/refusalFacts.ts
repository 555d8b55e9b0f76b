/** What incidents are made of: the refused paths of a time range, without their documents where those are not needed. */
import type { RefusalFact } from '@hoptrace/domain/incidents/groupRefusals.ts';
import { pathSchema } from '@hoptrace/domain/rest/path.ts';
import { REFUSAL_KINDS } from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { bigColumn, ipColumn } from '../rows/values.ts';
import { aimedAt } from './listRefusals.ts';
import { newestVersionsSql } from './newestVersions.ts';
import { runQuery } from './query.ts';
import { type TimeWindow, windowParams } from './recordWindow.ts';

const query = {
  name: 'refusalFacts',
  params: z.strictObject({
    ...windowParams,
    rows: z.int().min(1),
    clusters: z.array(z.string()),
    serviceNamespace: z.string(),
    serviceName: z.string(),
    servicePort: z.string(),
    node: z.string(),
    kind: z.string(),
    cause: z.string(),
  }),
  row: z.object({
    path_id: z.string(),
    started_at_us: bigColumn,
    cluster: z.string(),
    service_namespace: z.string(),
    service_name: z.string(),
    service_port: z.string(),
    refusal_kind: z.enum(REFUSAL_KINDS),
    refusal_node: z.string(),
    refusal_cause: z.string(),
    client_ip: ipColumn.nullable(),
    nodes: z.array(z.string()),
  }),
};
const hopsQuery = {
  name: 'refusalHops',
  params: query.params,
  row: z.object({ path_id: z.string(), hops: z.string() }),
};

const CONDITIONS = `started_at_us >= {fromUs:UInt64}
    AND started_at_us < {toUs:UInt64}
    AND refusal_kind != 'none'
    AND (empty({clusters:Array(String)}) OR has({clusters:Array(String)}, cluster))
    AND ({serviceName:String} = '' OR (service_namespace = {serviceNamespace:String} AND service_name = {serviceName:String}))
    AND ({servicePort:String} = '' OR service_port = {servicePort:String})
    AND ({node:String} = '' OR has(nodes, {node:String}))
    AND ({kind:String} = '' OR refusal_kind = {kind:String})
    AND ({cause:String} = '' OR refusal_cause = {cause:String})`;
const keysSql = (more: string) =>
  `SELECT started_at_us, path_id FROM paths_v1 WHERE ${CONDITIONS}${more}`;
const COLUMNS = `path_id,
    started_at_us,
    cluster,
    service_namespace,
    service_name,
    service_port,
    refusal_kind,
    refusal_node,
    refusal_cause,
    client_ip,
    nodes`;

const SQL = `SELECT ${COLUMNS}
FROM (${newestVersionsSql(`${COLUMNS}, is_deleted`, keysSql(''))})
WHERE NOT is_deleted AND ${CONDITIONS}
ORDER BY started_at_us DESC, path_id DESC
LIMIT {rows:UInt32}
`;

/** Needed only where no service tells where the SYN went. */
const HOPS_SQL = `SELECT path_id, refusal_hops AS hops
FROM (${newestVersionsSql('started_at_us, path_id, refusal_hops', keysSql(" AND service_name = ''"))})
ORDER BY started_at_us DESC, path_id DESC
LIMIT {rows:UInt32}
`;

export interface RefusalFactFilter {
  /** Empty: all. */
  readonly clusters?: readonly string[];
  /** namespace/name or namespace/name:port. */
  readonly service?: string | undefined;
  readonly node?: string | undefined;
  readonly kind?: RefusalFact['kind'] | undefined;
  readonly cause?: string | undefined;
}

/** The newest `rows` of the window, newest first. */
export async function refusalFacts(
  store: Store,
  filter: RefusalFactFilter,
  options: CallOptions & { readonly window: TimeWindow; readonly rows: number },
): Promise<RefusalFact[]> {
  const { window, rows, ...call } = options;
  const [serviceNamespace = '', serviceName = '', servicePort = ''] =
    filter.service?.split(/[/:]/) ?? [];
  const params = {
    ...{ ...window, rows, serviceNamespace, serviceName, servicePort },
    clusters: [...(filter.clusters ?? [])],
    node: filter.node ?? '',
    kind: filter.kind ?? '',
    cause: filter.cause ?? '',
  };
  const found = await runQuery(store, query, { sql: SQL, params, ...call });
  const isServiceLacking = found.some((row) => row.service_name === '');
  const hops = isServiceLacking
    ? await runQuery(store, hopsQuery, { sql: HOPS_SQL, params, ...call })
    : [];
  const hopsOf = new Map(hops.map((row) => [row.path_id, row.hops]));
  return found.map((row) => ({
    pathId: row.path_id,
    startedAtUs: row.started_at_us,
    cluster: row.cluster,
    service:
      row.service_name === ''
        ? null
        : { namespace: row.service_namespace, name: row.service_name, port: row.service_port },
    destination: destinationOf(row.service_name === '' ? hopsOf.get(row.path_id) : undefined),
    kind: row.refusal_kind,
    node: row.refusal_node === '' ? null : row.refusal_node,
    cause: row.refusal_cause,
    clientIp: row.client_ip,
    nodes: row.nodes,
  }));
}

function destinationOf(hops: string | undefined): RefusalFact['destination'] {
  if (hops === undefined) return null;
  const parsed = pathSchema.shape.hops.safeParse(JSON.parse(hops));
  const aimed = parsed.success ? aimedAt(parsed.data) : undefined;
  return aimed === undefined ? null : { ip: aimed.to.ip, port: aimed.to.port };
}
