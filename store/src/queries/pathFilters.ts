/** The optional filters of lists of paths: a fixed list of SQL fragments, never text from input. */
import { CLASSES, OUTCOMES } from '@hoptrace/domain/rest/path.ts';
import type { PathFilter, RefusalFilter } from '@hoptrace/domain/rest/queries.ts';
import { REFUSAL_KINDS } from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import { type PagePosition, readCursor } from './cursor.ts';
import { GIVEN_KEYS, newestVersionsSql } from './newestVersions.ts';

const DEFAULT_RANGE_US = 15 * 60 * 1_000_000;

/** In the order in which they appear in the SQL. The key is the parameter that switches one on. */
const FRAGMENTS = {
  clusters: 'has({clusters:Array(String)}, cluster)',
  serviceName:
    'service_namespace = {serviceNamespace:String} AND service_name = {serviceName:String}',
  servicePort: 'service_port = {servicePort:String}',
  client: 'client_ip = toIPv6({client:String})',
  node: 'has(nodes, {node:String})',
  outcome: 'outcome = {outcome:String}',
  extraHops: 'extra_hops >= {extraHops:UInt16}',
  pathClass: 'class = {pathClass:String}',
  hasRefusal: "refusal_kind != 'none'",
  refusalKind: 'refusal_kind = {refusalKind:String}',
  afterId:
    'started_at_us <= {afterUs:UInt64} AND (started_at_us, path_id) < ({afterUs:UInt64}, {afterId:String})',
} as const;

export const pathListParamsSchema = z.strictObject({
  fromUs: z.int().min(0),
  toUs: z.int().min(0),
  rows: z.int().min(1),
  clusters: z.array(z.string()).min(1).optional(),
  serviceNamespace: z.string().optional(),
  serviceName: z.string().optional(),
  servicePort: z.string().optional(),
  client: z.string().optional(),
  node: z.string().optional(),
  outcome: z.enum(OUTCOMES).optional(),
  extraHops: z.int().max(0xffff).optional(),
  pathClass: z.enum(CLASSES).optional(),
  hasRefusal: z.literal(true).optional(),
  refusalKind: z.enum(REFUSAL_KINDS).optional(),
  afterUs: z.int().optional(),
  afterId: z.string().optional(),
});
export type PathListParams = z.infer<typeof pathListParamsSchema>;

const conditionsOf = (params: PathListParams): string =>
  [
    'started_at_us >= {fromUs:UInt64}',
    'started_at_us < {toUs:UInt64}',
    ...Object.entries(FRAGMENTS)
      .filter(([name]) => Object.hasOwn(params, name))
      .map(([, fragment]) => fragment),
  ].join('\n    AND ');

/**
 * Keys of paths of which some version passes the filter, newest first. Without FINAL the key is read from its end and
 * no further than to the last row wanted.
 */
export const pathKeysSql = (params: PathListParams): string => `SELECT started_at_us, path_id
FROM paths_v1
WHERE ${conditionsOf(params)}
ORDER BY started_at_us DESC, path_id DESC
LIMIT 1 BY started_at_us, path_id
LIMIT {rows:UInt32}
`;

/**
 * Of these keys, the newest version where that passes the filter too: an outdated one, or one that was withdrawn, must
 * not come back through it.
 */
export const pathDocumentsSql = (params: PathListParams): string => `SELECT document
FROM (${newestVersionsSql('*', GIVEN_KEYS)})
WHERE NOT is_deleted
    AND ${conditionsOf(params)}
ORDER BY started_at_us DESC, path_id DESC
`;

type AnyFilter = Omit<RefusalFilter, 'kind'> &
  Partial<Pick<PathFilter, 'outcome' | 'extraHops' | 'class'>> &
  Partial<Pick<RefusalFilter, 'kind'>>;

export interface PageRequest {
  readonly params: PathListParams;
  /** What the next cursor must carry on besides the last item. */
  readonly range: { readonly fromUs: number; readonly toUs: number };
}

export interface PageContext {
  readonly nowUs: number;
  /** What may be seen; empty: all. */
  readonly clusters?: readonly string[];
}

/** One row more than asked for tells whether there is a next page. Throws HOP_STORE_CURSOR. */
export function toPageRequest(
  filter: AnyFilter,
  { nowUs, clusters = [] }: PageContext,
): PageRequest {
  const position = filter.cursor === undefined ? null : readCursor(filter.cursor);
  const range = rangeOf(filter, position, nowUs);
  const [namespace, name, port] = filter.service?.split(/[/:]/) ?? [];
  const params = {
    ...range,
    rows: filter.limit + 1,
    clusters: clusters.length === 0 ? undefined : [...clusters],
    serviceNamespace: namespace,
    serviceName: name,
    servicePort: port,
    client: filter.client,
    node: filter.node,
    outcome: filter.outcome,
    extraHops: filter.extraHops === undefined ? undefined : Math.min(filter.extraHops, 0xffff),
    pathClass: filter.class,
    refusalKind: filter.kind,
    afterUs: position?.startedAtUs,
    afterId: position?.pathId,
  };
  return { params: pathListParamsSchema.parse(withoutUndefined(params)), range };
}

/** A page must go on in the range of the first page, although `now` has moved since. */
function rangeOf(filter: AnyFilter, position: PagePosition | null, nowUs: number) {
  const toUs = filter.to ?? position?.toUs ?? nowUs;
  const fromUs = filter.from ?? position?.fromUs ?? Math.max(0, toUs - DEFAULT_RANGE_US);
  return { fromUs, toUs };
}

const withoutUndefined = (values: object): object =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
