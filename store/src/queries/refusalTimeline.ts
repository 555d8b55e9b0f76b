/** Refused and accepted connections by machine, port and step of time. */
import type { TimelineBucket, TimelinePlace } from '@hoptrace/domain/rest/refusalTimeline.ts';
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { bigColumn } from '../rows/values.ts';
import { HOPS, PICKED_SETTINGS, type PickedFilter, pickedSql } from './hopColumns.ts';
import { runQuery } from './query.ts';
import { clustersParam, type TimeWindow, windowParams } from './recordWindow.ts';

/** Of each sort; their documents are read. */
const MAX_PATHS = 20_000;

const params = z.strictObject({
  ...windowParams,
  clusters: clustersParam,
  serviceNamespace: z.string(),
  serviceName: z.string(),
  servicePort: z.string(),
  node: z.string(),
  stepUs: z.int().min(1),
  paths: z.int(),
});
const bucketTuple = z.tuple([bigColumn, bigColumn, bigColumn, bigColumn]);
const row = z.object({
  place_node: z.string(),
  place_port: z.number(),
  services: z.array(z.string()),
  causes: z.array(z.string()),
  newest_id: z.string(),
  buckets: z.array(bucketTuple),
  oldest_us: bigColumn,
  paths: bigColumn,
});
const refused = { name: 'timelineRefused', params, row };
const accepted = { name: 'timelineAccepted', params, row };

const COLUMNS =
  'document, weight, path_id, started_at_us, service_namespace, service_name, refusal_kind, refusal_node, refusal_cause';
/** A refused SYN was sent where the last connection of the path was aimed: NAT only carried it on. */
const AIMED = `if(arrayExists(h -> h.kind != 'nodeForward', hops), arrayLast(h -> h.kind != 'nodeForward', hops), hops[1])`;
const PLACES = {
  refused: `[(if(refusal_node = '', '', refusal_node), ${AIMED}.to.port)]`,
  accepted: `arrayDistinct(arrayMap(h -> (coalesce(h.to.node, ''), h.to.port), arrayFilter(h -> h.to.role = 'node' AND h.kind != 'nodeForward', hops)))`,
};

const sqlOf = (sort: keyof typeof PLACES): string => `SELECT
    place_node,
    place_port,
    groupUniqArrayArray(8)(names) AS services,
    groupUniqArrayArray(8)(cause_names) AS causes,
    argMax(newest_id, newest_us) AS newest_id,
    groupArray((step, resets, rejects, drops)) AS buckets,
    min(bucket_oldest_us) AS oldest_us,
    sum(bucket_paths) AS paths
FROM
(
    SELECT
        place.1 AS place_node,
        place.2 AS place_port,
        intDiv(started_at_us, {stepUs:UInt64}) * {stepUs:UInt64} AS step,
        groupUniqArrayIf(8)(concat(service_namespace, '/', service_name), service_name != '') AS names,
        groupUniqArrayIf(8)(refusal_cause, refusal_cause != '') AS cause_names,
        argMax(path_id, started_at_us) AS newest_id,
        max(started_at_us) AS newest_us,
        min(started_at_us) AS bucket_oldest_us,
        count() AS bucket_paths,
        sumIf(weight, refusal_kind IN ('reset', 'none')) AS resets,
        sumIf(weight, refusal_kind = 'rejected') AS rejects,
        sumIf(weight, refusal_kind = 'dropped') AS drops
    FROM
    (
        SELECT * EXCEPT (document), ${HOPS} AS hops
        FROM (${pickedSql(COLUMNS, sort === 'refused' ? "refusal_kind != 'none'" : "refusal_kind = 'none'")})
    )
    ARRAY JOIN ${PLACES[sort]} AS place
    GROUP BY place_node, place_port, step
    ORDER BY step
)
GROUP BY place_node, place_port
ORDER BY paths DESC, place_node, place_port
LIMIT 200
${PICKED_SETTINGS}
`;

export interface StoredTimeline {
  readonly places: readonly TimelinePlace[];
  readonly refusedSinceUs: number;
  readonly acceptedSinceUs: number;
}

type Row = z.output<typeof row>;

/** Places with refusals first, the most first; buckets in order of time. */
export async function refusalTimeline(
  store: Store,
  filter: PickedFilter,
  options: CallOptions & { readonly window: TimeWindow; readonly stepUs: number },
): Promise<StoredTimeline> {
  const { window, stepUs, ...call } = options;
  const asked = { ...window, ...filter, clusters: [...filter.clusters], stepUs, paths: MAX_PATHS };
  const [bad, good] = await Promise.all([
    runQuery(store, refused, { sql: sqlOf('refused'), params: asked, ...call }),
    runQuery(store, accepted, { sql: sqlOf('accepted'), params: asked, ...call }),
  ]);
  return {
    places: placesOf(bad, good),
    refusedSinceUs: sinceOf(bad, window.fromUs),
    acceptedSinceUs: sinceOf(good, window.fromUs),
  };
}

/** Where as many were read as may be, there is nothing to tell before the oldest of them. */
function sinceOf(rows: readonly Row[], fromUs: number): number {
  const read = rows.reduce((sum, { paths }) => sum + paths, 0);
  if (read < MAX_PATHS) return fromUs;
  return rows.reduce(
    (oldest, { oldest_us }) => Math.min(oldest, oldest_us),
    Number.MAX_SAFE_INTEGER,
  );
}

function placesOf(bad: readonly Row[], good: readonly Row[]): TimelinePlace[] {
  const places = new Map<string, { bad: Row | null; good: Row | null }>();
  const keyOf = ({ place_node, place_port }: Row) => `${place_node}:${place_port}`;
  for (const each of bad) places.set(keyOf(each), { bad: each, good: null });
  for (const each of good)
    places.set(keyOf(each), { bad: places.get(keyOf(each))?.bad ?? null, good: each });
  return [...places.values()]
    .flatMap((both) => placeOf(both))
    .sort((a, b) => b.refused - a.refused || b.accepted - a.accepted)
    .slice(0, 200);
}

function placeOf({ bad, good }: { bad: Row | null; good: Row | null }): TimelinePlace[] {
  const first = bad ?? good;
  if (first === null) return [];
  const buckets = new Map<number, TimelineBucket>();
  const at = (startUs: number) =>
    buckets.get(startUs) ?? { startUs, reset: 0, rejected: 0, dropped: 0, accepted: 0 };
  for (const [startUs, reset, rejected, dropped] of bad?.buckets ?? [])
    buckets.set(startUs, { ...at(startUs), reset, rejected, dropped });
  for (const [startUs, accepted] of good?.buckets ?? [])
    buckets.set(startUs, { ...at(startUs), accepted });
  const sorted = [...buckets.values()].sort((a, b) => a.startUs - b.startUs);
  const sum = (count: (bucket: TimelineBucket) => number) =>
    sorted.reduce((total, bucket) => total + count(bucket), 0);
  return [
    {
      node: first.place_node === '' ? null : first.place_node,
      port: first.place_port,
      services: [...new Set([...(bad?.services ?? []), ...(good?.services ?? [])])].sort(),
      causes: bad?.causes ?? [],
      refused: sum(({ reset, rejected, dropped }) => reset + rejected + dropped),
      accepted: sum(({ accepted }) => accepted),
      pathId: first.newest_id,
      buckets: sorted,
    },
  ];
}
