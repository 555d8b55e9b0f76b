/** What `hoptrace store …` says to people. */
import type { StoreConnection } from '@hoptrace/store/config.ts';
import type { MigrateResult, MigrationPlan } from '@hoptrace/store/migrate.ts';
import type { Problem, SchemaCheck } from '@hoptrace/store/operate/check.ts';
import type { Manifest } from '@hoptrace/store/operate/manifest.ts';
import type { StoreStatus } from '@hoptrace/store/operate/status.ts';

const KIB = 1024;
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export function planText(plan: MigrationPlan): string {
  if (plan.pending.length === 0)
    return `nothing to do: all ${plan.applied.length} migrations are applied`;
  const pending = plan.pending.map(
    ({ name, statements }) => `-- ${name}\n${statements.map((sql) => `${sql};`).join('\n')}`,
  );
  return [
    `-- ${plan.pending.length} to apply, ${plan.applied.length} applied; nothing was changed`,
    ...pending,
  ].join('\n');
}

export function migrateText(result: MigrateResult, connection: StoreConnection): string {
  const { applied, newer } = result;
  const lines = applied.map((name) => `applied ${name}`);
  if (applied.length === 0) lines.push('nothing to do: all migrations are applied');
  for (const name of newer) lines.push(`${name} is of a newer hoptrace; it was left as it is`);
  if (connection.cluster?.hasKeeper === false) {
    lines.push('this cluster has no Keeper: run it with the CLICKHOUSE_URL of each server');
  }
  return lines.join('\n');
}

export function checkText({ ok, tables, problems, notes }: SchemaCheck): string {
  const said = notes.map((note) => `note: ${note}`);
  if (ok) return [`the schema is as it should be (${tables} tables)`, ...said].join('\n');
  const word = problems.length === 1 ? 'difference' : 'differences';
  return [`${problems.length} ${word}`, ...problems.map(problemText), ...said].join('\n');
}

function problemText({ kind, table, subject, expected, found }: Problem): string {
  if (kind === 'pendingMigration') return `  ${subject} is not applied: hoptrace store migrate`;
  if (kind === 'missingTable') return `  ${table} is missing`;
  const of = subject === '' ? table : `${table}.${subject}`;
  if (kind === 'missingColumn') return `  ${of} is missing (${expected})`;
  if (kind === 'extraColumn') return `  ${of} should not be there (${found})`;
  return `  ${of}: ${kind} is "${found}", should be "${expected}"`;
}

export function statusText(status: StoreStatus): string {
  const { version, database, tables, disks, migrations, cluster } = status;
  const lines = [`ClickHouse ${version}, database ${database}`];
  lines.push(
    `migrations: ${migrations.applied.length} applied, ${migrations.pending.length} pending${migrations.newer.length === 0 ? '' : `, ${migrations.newer.length} of a newer hoptrace`}`,
    ...migrations.pending.map((name) => `  ${name} is pending: hoptrace store migrate`),
  );
  if (cluster !== null) {
    lines.push(
      `cluster ${cluster.name}: ${cluster.missing === null ? 'all shards answer' : cluster.missing}`,
      ...cluster.servers.map(
        ({ shard, replica, address, errors }) =>
          `  shard ${shard}, copy ${replica}: ${address}${errors === 0 ? '' : `, not reached ${errors} times lately`}`,
      ),
    );
  }
  lines.push(
    table([
      ['table', 'rows', 'bytes', 'parts', 'oldest', 'newest'],
      ...tables.map((each) => [
        each.table,
        String(each.rows),
        bytesText(each.bytes),
        String(each.parts),
        each.oldest,
        each.newest,
      ]),
    ]),
    ...disks.map(
      ({ name, path, freeBytes, totalBytes }) =>
        `disk ${name}: ${bytesText(freeBytes)} of ${bytesText(totalBytes)} free (${path})`,
    ),
  );
  return lines.join('\n');
}

export function manifestText(headline: string, manifest: Manifest): string {
  return [
    headline,
    table([
      ['table', 'rows', 'bytes', 'files'],
      ...manifest.tables.map(({ name, files }) => [
        name,
        String(files.reduce((sum, { rows }) => sum + rows, 0)),
        bytesText(files.reduce((sum, { bytes }) => sum + bytes, 0)),
        String(files.length),
      ]),
    ]),
  ].join('\n');
}

/** Columns as wide as their widest entry: the first to the left, numbers to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((text, column) =>
          column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}

export function bytesText(bytes: number): string {
  const power =
    bytes < 1 ? 0 : Math.min(Math.floor(Math.log(bytes) / Math.log(KIB)), UNITS.length - 1);
  const value = bytes / KIB ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${UNITS[power]}`;
}
