/** How long rows are kept. A migration sets it when its table is made; this follows the configuration after that. */
import { z } from 'zod';
import type { Store } from './client.ts';
import { localName } from './cluster/form.ts';
import { runSchemaStatement } from './cluster/schemaCommand.ts';
import type { Retention } from './config.ts';

const ofUs = (column: string) => `toDateTime(intDiv(${column}, 1000000), 'UTC')`;
const START_S = "toDateTime(start_s, 'UTC')";

const TABLES: readonly { name: string; time: string; days: keyof Retention }[] = [
  { name: 'legs_v1', time: ofUs('start_us'), days: 'rawTtlDays' },
  { name: 'refusals_v1', time: ofUs('start_us'), days: 'rawTtlDays' },
  { name: 'proxy_links_v1', time: ofUs('start_us'), days: 'rawTtlDays' },
  { name: 'proxy_headers_v1', time: ofUs('start_us'), days: 'rawTtlDays' },
  { name: 'exchanges_v1', time: ofUs('start_us'), days: 'rawTtlDays' },
  { name: 'agents_v1', time: ofUs('seen_us'), days: 'rawTtlDays' },
  { name: 'paths_v1', time: ofUs('started_at_us'), days: 'pathTtlDays' },
  { name: 'service_minutes_v1', time: START_S, days: 'minuteTtlDays' },
  { name: 'hop_minutes_v1', time: START_S, days: 'minuteTtlDays' },
  { name: 'minute_runs_v1', time: START_S, days: 'minuteTtlDays' },
  { name: 'service_hours_v1', time: START_S, days: 'hourTtlDays' },
  { name: 'hop_hours_v1', time: START_S, days: 'hourTtlDays' },
  { name: 'hour_runs_v1', time: START_S, days: 'hourTtlDays' },
  { name: 'alerts_v1', time: ofUs('started_at_us'), days: 'minuteTtlDays' },
  { name: 'silences_v1', time: ofUs('ends_at_us'), days: 'minuteTtlDays' },
  { name: 'audit_v1', time: ofUs('at_us'), days: 'hourTtlDays' },
  { name: 'topology_v1', time: ofUs('valid_to_us'), days: 'pathTtlDays' },
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
    const holder = store.cluster === null ? table.name : localName(table.name);
    const definition = definitions.get(holder);
    const wanted = `${table.time} + toIntervalDay(${retention[table.days]})`;
    if (definition === undefined || definition.includes(`TTL ${wanted} `)) continue;
    await runSchemaStatement(
      store,
      `ALTER TABLE ${table.name} MODIFY TTL ${wanted} SETTINGS materialize_ttl_after_modify = 0`,
    );
  }
}
