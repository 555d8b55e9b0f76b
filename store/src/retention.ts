/** How long rows are kept. A migration sets it when its table is made; this follows the configuration after that. */
import { z } from 'zod';
import type { Store } from './client.ts';
import type { Retention } from './config.ts';

const TABLES: readonly { name: string; timeColumn: string; days: keyof Retention }[] = [
  { name: 'legs_v1', timeColumn: 'start_us', days: 'rawTtlDays' },
  { name: 'refusals_v1', timeColumn: 'start_us', days: 'rawTtlDays' },
  { name: 'proxy_links_v1', timeColumn: 'start_us', days: 'rawTtlDays' },
  { name: 'proxy_headers_v1', timeColumn: 'start_us', days: 'rawTtlDays' },
  { name: 'exchanges_v1', timeColumn: 'start_us', days: 'rawTtlDays' },
  { name: 'agents_v1', timeColumn: 'seen_us', days: 'rawTtlDays' },
  { name: 'paths_v1', timeColumn: 'started_at_us', days: 'pathTtlDays' },
  { name: 'topology_v1', timeColumn: 'valid_to_us', days: 'pathTtlDays' },
];

const tableSchema = z.object({ name: z.string(), create_table_query: z.string() });

/** Alters only tables whose days differ; what is too old is dropped in the background. */
export async function applyRetention(store: Store, retention: Retention): Promise<void> {
  const rows = await store.select({
    name: 'applyRetention',
    sql: 'SELECT name, create_table_query FROM system.tables WHERE database = {database:String}',
    params: { database: store.database },
  });
  const definitions = new Map(
    z
      .array(tableSchema)
      .parse(rows)
      .map((row) => [row.name, row.create_table_query]),
  );
  for (const table of TABLES) {
    const definition = definitions.get(table.name);
    const wanted = `toDateTime(intDiv(${table.timeColumn}, 1000000), 'UTC') + toIntervalDay(${retention[table.days]})`;
    if (definition === undefined || definition.includes(`TTL ${wanted} `)) continue;
    await store.command(
      `ALTER TABLE ${table.name} MODIFY TTL ${wanted} SETTINGS materialize_ttl_after_modify = 0`,
    );
  }
}
