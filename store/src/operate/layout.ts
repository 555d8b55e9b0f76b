/** What a database looks like, as ClickHouse itself tells it: tables, columns, indices. */
import { z } from 'zod';
import type { Store } from '../client.ts';

const tableSchema = z.object({
  name: z.string(),
  engine: z.string(),
  engine_full: z.string(),
  partition_key: z.string(),
  sorting_key: z.string(),
  primary_key: z.string(),
  as_select: z.string(),
});
const columnSchema = z.object({
  table: z.string(),
  name: z.string(),
  type: z.string(),
  default: z.string(),
  codec: z.string(),
});
const indexSchema = z.object({ table: z.string(), name: z.string(), definition: z.string() });

export type TableLayout = z.infer<typeof tableSchema> & {
  /** In their order: name to type, default and codec. */
  readonly columns: ReadonlyMap<string, z.infer<typeof columnSchema>>;
  readonly indices: ReadonlyMap<string, string>;
};

export async function readLayout(
  store: Store,
  database = store.database,
): Promise<ReadonlyMap<string, TableLayout>> {
  const ask = async <T>(row: z.ZodType<T>, sql: string) =>
    z.array(row).parse(await store.select({ name: 'readLayout', sql, params: { database } }));
  const tables = await ask(
    tableSchema,
    `SELECT name, engine, engine_full, partition_key, sorting_key, primary_key, as_select
    FROM system.tables WHERE database = {database:String} ORDER BY name`,
  );
  const columns = await ask(
    columnSchema,
    `SELECT table, name, type, trim(concat(default_kind, ' ', default_expression)) AS default, compression_codec AS codec
    FROM system.columns WHERE database = {database:String} ORDER BY table, position`,
  );
  const indices = await ask(
    indexSchema,
    `SELECT table, name, concat(expr, ' TYPE ', type_full, ' GRANULARITY ', toString(granularity)) AS definition
    FROM system.data_skipping_indices WHERE database = {database:String} ORDER BY table, name`,
  );
  return new Map(
    tables.map((table) => [
      table.name,
      {
        ...table,
        columns: mapOf(columns, table.name, (column) => column),
        indices: mapOf(indices, table.name, (index) => index.definition),
      },
    ]),
  );
}

function mapOf<T extends { table: string; name: string }, V>(
  rows: readonly T[],
  table: string,
  value: (row: T) => V,
): ReadonlyMap<string, V> {
  return new Map(rows.filter((row) => row.table === table).map((row) => [row.name, value(row)]));
}

/** `TTL …` of a definition, empty where there is none. */
export const ttlOf = (layout: TableLayout): string =>
  / TTL (.*?)(?: SETTINGS |$)/.exec(layout.engine_full)?.[1] ?? '';

/** Settings that were given to the table; the others are the server's. */
export function settingsOf(layout: TableLayout): ReadonlyMap<string, string> {
  const text = / SETTINGS (.*)$/.exec(layout.engine_full)?.[1] ?? '';
  return new Map(
    text
      .split(', ')
      .filter((pair) => pair.includes(' = '))
      .map((pair): [string, string] => {
        const [name, value] = pair.split(' = ');
        return [name ?? '', value ?? ''];
      }),
  );
}

/** `ReplacingMergeTree(version, is_deleted)`; of a replicated one without its place and its prefix. */
export function engineOf(layout: TableLayout): string {
  const [head] = layout.engine_full.split(/ (?:PARTITION BY|PRIMARY KEY|ORDER BY|TTL|SETTINGS) /);
  return (head ?? layout.engine)
    .replace(/^Replicated(\w+)\('[^']*', '[^']*'(?:, )?(.*)\)$/, '$1($2)')
    .replace('()', '');
}
