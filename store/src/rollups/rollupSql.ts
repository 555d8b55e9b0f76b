/** The statements that count paths into minutes, and minutes into hours. */
import {
  HOP_KEYS,
  HOP_MEASURES,
  HOURS,
  MINUTES,
  mergedSql,
  SERVICE_KEYS,
  SERVICE_MEASURES,
  type Span,
} from './rollupTables.ts';

const PATHS_IN_RANGE =
  'started_at_us >= {fromS:UInt64} * 1000000 AND started_at_us < {toS:UInt64} * 1000000';
/** Versions of one path never lie in two partitions; FINAL merges in the order of the key, so that it needs little memory. */
const FINAL_SETTINGS = 'SETTINGS do_not_merge_across_partitions_select_final = 1';

const columnsOf = (keys: readonly string[], measures: object): string =>
  ['start_s', 'run', ...keys, ...Object.keys(measures)].join(', ');
const asList = (measures: Readonly<Record<string, string>>): string =>
  Object.entries(measures)
    .map(([name, sql]) => `${sql} AS ${name}`)
    .join(',\n    ');

/**
 * By minute: the sum over paths of their newest version, withdrawals included. Whatever is written about a minute makes
 * it larger, so that it tells old counts from new ones.
 */
export const GENERATIONS_SQL = `SELECT intDiv(started_at_us, 60000000) * 60 AS start_s, sum(newest) AS generation
FROM
(
    SELECT started_at_us, path_id, max(version) AS newest
    FROM paths_v1
    WHERE ${PATHS_IN_RANGE}
    GROUP BY started_at_us, path_id
)
GROUP BY start_s
ORDER BY start_s
SETTINGS optimize_aggregation_in_order = 1
`;

export const COUNT_SERVICES_SQL = `INSERT INTO ${MINUTES.services} (${columnsOf(SERVICE_KEYS, SERVICE_MEASURES)})
SELECT
    toUInt32(intDiv(started_at_us, 60000000) * 60) AS start_s,
    {run:UInt64} AS run,
    ${SERVICE_KEYS.join(', ')},
    ${asList(SERVICE_MEASURES)}
FROM paths_v1 FINAL
WHERE ${PATHS_IN_RANGE}
GROUP BY start_s, ${SERVICE_KEYS.join(', ')}
${FINAL_SETTINGS}
`;

export const COUNT_HOPS_SQL = `INSERT INTO ${MINUTES.hops} (${columnsOf(HOP_KEYS, HOP_MEASURES)})
SELECT
    toUInt32(intDiv(started_at_us, 60000000) * 60) AS start_s,
    {run:UInt64} AS run,
    ${HOP_KEYS.join(', ')},
    ${asList(HOP_MEASURES)}
FROM paths_v1 FINAL
ARRAY JOIN
    arrayMap(place -> toUInt16(place - 1), arrayEnumerate(hop_kinds)) AS hop_index,
    hop_kinds AS kind,
    hop_from_roles AS from_role,
    hop_to_roles AS to_role,
    hop_from_nodes AS from_node,
    hop_to_nodes AS to_node,
    hop_extra AS is_extra,
    hop_rtt_ns AS rtt_ns,
    hop_request_cost_ns AS request_cost_ns,
    hop_proxy_time_ns AS proxy_time_ns
WHERE ${PATHS_IN_RANGE}
GROUP BY start_s, ${HOP_KEYS.join(', ')}
${FINAL_SETTINGS}
`;

/** The run that counts, for each minute (hour) of a range. */
export const winnersSql = (span: Span): string =>
  `SELECT start_s, argMax(run, (generation, run)) FROM ${span.runs} WHERE start_s >= {fromS:UInt64} AND start_s < {toS:UInt64} GROUP BY start_s`;

export const namedGenerationsSql = (span: Span): string =>
  `SELECT start_s, max(generation) AS newest
FROM ${span.runs}
WHERE start_s >= {fromS:UInt64} AND start_s < {toS:UInt64}
GROUP BY start_s
ORDER BY start_s
`;

const hourSql = (table: 'services' | 'hops', keys: readonly string[], measures: object): string =>
  `INSERT INTO ${HOURS[table]} (${columnsOf(keys, measures)})
SELECT
    {fromS:UInt32} AS hour_s,
    {run:UInt64} AS hour_run,
    ${keys.join(', ')},
    ${Object.keys(measures)
      .map((name) => mergedSql(MINUTES[table], name))
      .join(',\n    ')}
FROM ${MINUTES[table]}
WHERE (start_s, run) IN (${winnersSql(MINUTES)})
GROUP BY ${keys.join(', ')}
`;

export const SERVICE_HOUR_SQL = hourSql('services', SERVICE_KEYS, SERVICE_MEASURES);
export const HOP_HOUR_SQL = hourSql('hops', HOP_KEYS, HOP_MEASURES);

/** Rows of runs that another run of the same minute (hour) replaced. Runs that were never named stay until their TTL. */
export const forgetSql = (span: Span, table: 'services' | 'hops'): string =>
  `DELETE FROM ${span[table]} WHERE start_s >= {fromS:UInt64} AND start_s < {toS:UInt64} AND (start_s, run) IN
(
    SELECT start_s, run FROM ${span.runs}
    WHERE start_s >= {fromS:UInt64} AND start_s < {toS:UInt64} AND (start_s, run) NOT IN (${winnersSql(span)})
)
`;
