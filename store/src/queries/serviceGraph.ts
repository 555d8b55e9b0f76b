/** The ways that the newest requests of a service took: edges, what each party saw of the client, scenarios. */
import {
  HOP_KINDS,
  REWRITE_MECHANISMS,
  ROLES,
  SOURCE_SCENARIOS,
} from '@hoptrace/domain/rest/path.ts';
import {
  CLIENT_VISIBILITIES,
  type GraphTotals,
  NO_TOTALS,
  type ScenarioCount,
  type SightingCount,
} from '@hoptrace/domain/rest/serviceGraph.ts';
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { bigColumn, optionalBigColumn } from '../rows/values.ts';
import { HOPS, PICKED_SETTINGS, type PickedFilter, pickedSql } from './hopColumns.ts';
import { runQuery } from './query.ts';
import { clustersParam, type TimeWindow, windowParams } from './recordWindow.ts';

/** Their documents are read: enough for shares that are right to a per cent, and no question of minutes. */
export const MAX_GRAPH_PATHS = 10_000;

const params = z.strictObject({
  ...windowParams,
  clusters: clustersParam,
  serviceNamespace: z.string(),
  serviceName: z.string(),
  servicePort: z.string(),
  node: z.string(),
  paths: z.int(),
});
const side = { role: z.enum(ROLES), name: z.string(), node: z.string() };
const edges = {
  name: 'serviceGraphEdges',
  params,
  row: z.object({
    kind: z.enum(HOP_KINDS),
    source: z.tuple([side.role, side.name, side.node]),
    target: z.tuple([side.role, side.name, side.node]),
    requests: bigColumn,
    crosses_node: bigColumn,
    extra: bigColumn,
    not_judged: bigColumn,
    refused: bigColumn,
    unseen: bigColumn,
    measured: bigColumn,
    median_ns: optionalBigColumn,
    p99_ns: optionalBigColumn,
    bound_ns: optionalBigColumn,
    source_ips: z.array(z.string()),
    target_ips: z.array(z.string()),
    ports: z.array(z.int()),
  }),
};
const sightings = {
  name: 'serviceGraphSightings',
  params,
  row: z.object({
    place: bigColumn,
    role: z.enum(ROLES),
    seen_as: z.string(),
    visibility: z.enum(CLIENT_VISIBILITIES),
    mechanism: z.enum([...REWRITE_MECHANISMS, 'none']),
    requests: bigColumn,
    path_id: z.string(),
  }),
};
const scenarios = {
  name: 'serviceGraphScenarios',
  params,
  row: z.object({
    scenario: z.enum(SOURCE_SCENARIOS),
    requests: bigColumn,
    believable: bigColumn,
    contradicted: bigColumn,
    text: z.string(),
    remedy: z.string(),
    path_id: z.string(),
  }),
};

/** Clients are one party; a node is called by its machine, everything else by its name. */
const PARTY = (party: string): string => `(
        ${party}.role,
        multiIf(${party}.role = 'client', '', ${party}.role = 'node', coalesce(${party}.node, ${party}.name, ''), coalesce(${party}.name, '')),
        if(${party}.role = 'client', '', coalesce(${party}.node, '')))`;
const IS_EXACT = "hop.rtt.method = 'handshakeDifference'";

const EDGES_SQL = `SELECT
    hop.kind AS kind,
    ${PARTY('hop.from')} AS source,
    ${PARTY('hop.to')} AS target,
    sum(weight) AS requests,
    sumIf(weight, hop.crossesNode = true) AS crosses_node,
    sumIf(weight, hop.extra = true) AS extra,
    sumIf(weight, hop.extra IS NULL AND hop.crossesNode IS DISTINCT FROM false) AS not_judged,
    sumIf(weight, place = hop_count AND refusal_kind != 'none') AS refused,
    sumIf(weight, hop.times.clock IS NULL) AS unseen,
    sumIf(weight, ${IS_EXACT}) AS measured,
    if(measured = 0, NULL, quantileExactWeightedIf(0.5)(hop.rtt.valueNs, weight, ${IS_EXACT})) AS median_ns,
    if(measured = 0, NULL, quantileExactWeightedIf(0.99)(hop.rtt.valueNs, weight, ${IS_EXACT})) AS p99_ns,
    if(countIf(hop.rtt.method != '') = 0, NULL, quantileExactWeightedIf(0.5)(hop.rtt.highNs, weight, hop.rtt.method != '')) AS bound_ns,
    groupUniqArray(1000)(hop.from.ip) AS source_ips,
    groupUniqArray(1000)(hop.to.ip) AS target_ips,
    groupUniqArray(16)(hop.to.port) AS ports
FROM
(
    SELECT weight, refusal_kind, length(hops) AS hop_count, place, hops[place] AS hop
    FROM
    (
        SELECT weight, refusal_kind, ${HOPS} AS hops
        FROM (${pickedSql('document, weight, refusal_kind', '1')})
    )
    ARRAY JOIN arrayEnumerate(hops) AS place
)
GROUP BY kind, source, target
ORDER BY requests DESC, kind, source, target
LIMIT 2000
${PICKED_SETTINGS}
`;

const SEEN_BY = `JSONExtract(document, 'sourceVerdict', 'clientSeenBy', 'Array(Tuple(sees Nullable(String), isClient Nullable(Bool), recoverable Nullable(Bool)))')`;
/** \`10.0.0.1:80\` → \`10.0.0.1\`, \`[fd00::1]:80\` → \`fd00::1\`. */
const SEEN_IP =
  "replaceRegexpOne(coalesce(seen.sees, ''), '^\\\\[?([^\\\\]]*?)\\\\]?(:[0-9]+)?$', '\\\\1')";

const SIGHTINGS_SQL = `SELECT
    toUInt32(min(at)) - 1 AS place,
    hop.to.role AS role,
    multiIf(
        seen.isClient = true, 'client',
        seen.sees IS NULL, 'none',
        notEmpty(owners), owners[1],
        hop.rewrite.mechanism = 'snat' AND hop.rewrite.after = seen.sees, hop.from.role,
        'unknown') AS seen_as,
    multiIf(
        seen.isClient = true, 'client',
        seen.recoverable IS NULL, 'unknown',
        seen.recoverable = true, 'recoverable',
        'hidden') AS visibility,
    if(hop.rewrite.mechanism = '', 'none', hop.rewrite.mechanism) AS mechanism,
    sum(weight) AS requests,
    argMax(path_id, started_at_us) AS path_id
FROM
(
    SELECT weight, path_id, started_at_us, at, hops[at] AS hop, seen_by[at] AS seen, ${SEEN_IP} AS ip,
        arrayConcat(
            arrayMap(h -> h.from.role, arrayFilter(h -> h.from.ip = ip, hops)),
            arrayMap(h -> h.to.role, arrayFilter(h -> h.to.ip = ip, hops))) AS owners
    FROM
    (
        SELECT weight, path_id, started_at_us, ${HOPS} AS hops, ${SEEN_BY} AS seen_by
        FROM (${pickedSql('document, weight, path_id, started_at_us', '1')})
    )
    ARRAY JOIN arrayEnumerate(arrayResize(hops, least(length(hops), length(seen_by)))) AS at
)
GROUP BY role, seen_as, visibility, mechanism
ORDER BY place, requests DESC, role, seen_as
LIMIT 200
${PICKED_SETTINGS}
`;

const SCENARIOS_SQL = `SELECT
    source_scenario AS scenario,
    sum(weight) AS requests,
    sumIf(weight, JSONExtract(document, 'sourceVerdict', 'believable', 'Nullable(Bool)') = true) AS believable,
    sumIf(weight, JSONExtract(document, 'sourceVerdict', 'believable', 'Nullable(Bool)') = false) AS contradicted,
    argMax(JSONExtractString(document, 'sourceVerdict', 'text'), started_at_us) AS text,
    argMax(JSONExtractString(document, 'sourceVerdict', 'remedy'), started_at_us) AS remedy,
    argMax(paths.path_id, started_at_us) AS path_id
FROM (${pickedSql('document, weight, path_id, started_at_us, source_scenario', "source_scenario != ''")}) AS paths
GROUP BY scenario
ORDER BY requests DESC, scenario
${PICKED_SETTINGS}
`;

const OUTCOME_COLUMNS = ['served', 'reset', 'rejected', 'dropped'] as const;
const COUNTED =
  'weight, outcome, extra_hops, crossings, completeness, response_ns, refusal_kind, refusal_cause';
const COUNT_SQL = `SELECT
    count() AS paths,
    sum(weight) AS requests,
    ${OUTCOME_COLUMNS.map((name) => `sumIf(weight, outcome = '${name}') AS ${name}`).join(',\n    ')},
    sumIf(weight, extra_hops > 0) AS with_extra_hops,
    sum(toUInt64(picked.crossings) * weight) AS all_crossings,
    sumIf(weight, completeness < 1) AS incomplete,
    sumMapIf(map(toString(refusal_cause), toUInt64(weight)), refusal_kind != 'none') AS refusals,
    countIf(response_ns IS NOT NULL) AS timed,
    if(timed = 0, NULL, toInt64(quantileExactWeightedIf(0.5)(assumeNotNull(response_ns), weight, response_ns IS NOT NULL))) AS p50_ns,
    if(timed = 0, NULL, toInt64(quantileExactWeightedIf(0.99)(assumeNotNull(response_ns), weight, response_ns IS NOT NULL))) AS p99_ns
FROM (${pickedSql(COUNTED, '1')}) AS picked
${PICKED_SETTINGS}
`;
const counts = {
  name: 'serviceGraphCount',
  params,
  row: z.object({
    paths: bigColumn,
    requests: bigColumn,
    served: bigColumn,
    reset: bigColumn,
    rejected: bigColumn,
    dropped: bigColumn,
    with_extra_hops: bigColumn,
    all_crossings: bigColumn,
    incomplete: bigColumn,
    refusals: z.record(z.string(), bigColumn),
    timed: bigColumn,
    p50_ns: optionalBigColumn,
    p99_ns: optionalBigColumn,
  }),
};

function totalsOf(row: z.output<typeof counts.row> | undefined): GraphTotals {
  if (row === undefined) return NO_TOTALS;
  const { requests, served, reset, rejected, dropped } = row;
  const unknown = requests - served - reset - rejected - dropped;
  return {
    requests,
    outcomes: { served, reset, rejected, dropped, unknown },
    refusals: row.refusals,
    withExtraHops: row.with_extra_hops,
    crossings: row.all_crossings,
    incomplete: row.incomplete,
    responses: row.timed,
    responseP50Ns: row.p50_ns,
    responseP99Ns: row.p99_ns,
  };
}

/** Role, name, machine; a name of no topology is empty. */
export type StoredParty = readonly [(typeof ROLES)[number], string, string];
export type StoredEdge = z.output<typeof edges.row>;

export interface StoredGraph {
  readonly totals: GraphTotals;
  readonly isWhole: boolean;
  readonly edges: readonly StoredEdge[];
  readonly sightings: readonly SightingCount[];
  readonly scenarios: readonly ScenarioCount[];
}

/** Of the newest 10,000 paths of the window. */
export async function serviceGraph(
  store: Store,
  filter: PickedFilter,
  options: CallOptions & { readonly window: TimeWindow },
): Promise<StoredGraph> {
  const { window, ...call } = options;
  const asked = { ...window, ...filter, clusters: [...filter.clusters], paths: MAX_GRAPH_PATHS };
  const [[count], found, seen, cases] = await Promise.all([
    runQuery(store, counts, { sql: COUNT_SQL, params: asked, ...call }),
    runQuery(store, edges, { sql: EDGES_SQL, params: asked, ...call }),
    runQuery(store, sightings, { sql: SIGHTINGS_SQL, params: asked, ...call }),
    runQuery(store, scenarios, { sql: SCENARIOS_SQL, params: asked, ...call }),
  ]);
  return {
    totals: totalsOf(count),
    isWhole: (count?.paths ?? 0) < MAX_GRAPH_PATHS,
    edges: found,
    sightings: seen.map(({ seen_as: seenAs, path_id: pathId, ...rest }) => ({
      ...rest,
      seenAs,
      pathId,
    })),
    scenarios: cases.map(({ path_id: pathId, ...rest }) => ({ ...rest, pathId })),
  };
}
