/** The hops of path documents as tuples, for queries that add paths up by their parties. */
import { IN_CLUSTERS } from './recordWindow.ts';

const PARTY =
  'Tuple(role String, name Nullable(String), node Nullable(String), ip String, port UInt16)';
const HOP = `Tuple(
            kind String,
            \`from\` ${PARTY},
            \`to\` ${PARTY},
            crossesNode Nullable(Bool),
            extra Nullable(Bool),
            rtt Tuple(valueNs Int64, highNs Int64, method String),
            rewrite Tuple(mechanism String, after String),
            times Tuple(clock Nullable(String)))`;

export const HOPS = `JSONExtract(document, 'hops', 'Array(${HOP})')`;

export interface PickedFilter {
  readonly clusters: readonly string[];
  readonly serviceNamespace: string;
  /** Empty: all services. */
  readonly serviceName: string;
  readonly servicePort: string;
  readonly node: string;
}

/** Newest versions of the paths of a range. Parameters: fromUs, toUs, those of PickedFilter, and `limit`. */
export const pickedSql = (columns: string, condition: string): string => `SELECT ${columns}
    FROM paths_v1 FINAL
    WHERE started_at_us >= {fromUs:UInt64}
        AND started_at_us < {toUs:UInt64}
        AND ${IN_CLUSTERS}
        AND ({serviceName:String} = '' OR (service_namespace = {serviceNamespace:String} AND service_name = {serviceName:String}))
        AND ({servicePort:String} = '' OR service_port = {servicePort:String})
        AND ({node:String} = '' OR has(nodes, {node:String}))
        AND ${condition}
    ORDER BY started_at_us DESC, path_id DESC
    LIMIT {paths:UInt32}`;

export const PICKED_SETTINGS = 'SETTINGS do_not_merge_across_partitions_select_final = 1';
