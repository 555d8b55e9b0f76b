/**
 * Compares the database with what the migrations of this version make of an empty one. They are run in a scratch
 * database on the same server, so that both sides are told in the words of the same ClickHouse.
 */
import { openStore, type Store } from '../client.ts';
import { localName } from '../cluster/form.ts';
import type { Retention, StoreConnection } from '../config.ts';
import { LEDGER_TABLE, migrate, planMigration } from '../migrate.ts';
import { readMigrations } from '../migrationFiles.ts';
import { engineOf, readLayout, settingsOf, type TableLayout, ttlOf } from './layout.ts';

export type ProblemKind =
  | 'pendingMigration'
  | 'missingTable'
  | 'missingColumn'
  | 'extraColumn'
  | 'column'
  | 'codec'
  | 'default'
  | 'engine'
  | 'key'
  | 'ttl'
  | 'setting'
  | 'index'
  | 'query';

export interface Problem {
  readonly kind: ProblemKind;
  readonly table: string;
  /** What of the table: a column, a setting; empty for the table itself. */
  readonly subject: string;
  readonly expected: string;
  readonly found: string;
}

export interface SchemaCheck {
  readonly ok: boolean;
  readonly tables: number;
  readonly problems: readonly Problem[];
  /** No fault: tables that are not hoptrace's, migrations of a newer version. */
  readonly notes: readonly string[];
}

export const scratchOf = (database: string): string => `${database}_check`;

/** Needs the right to make and drop the scratch database DATABASE_check. Throws HOP_STORE_MIGRATION and _FORM as migrate() does. */
export async function checkSchema(
  connection: StoreConnection,
  retention: Retention,
): Promise<SchemaCheck> {
  const store = openStore(connection);
  try {
    const plan = await planMigration(store, await readMigrations());
    const wanted = await layoutOfMigrations(connection, retention);
    const found = await readLayout(store);
    const problems = [
      ...plan.pending.map(({ name }) =>
        problem('pendingMigration', '', name, 'applied', 'not applied'),
      ),
      ...[...wanted.values()].flatMap((table) => problemsOf(table, found, store)),
    ];
    const known = new Set([...wanted.keys()].flatMap((name) => [name, localName(name)]));
    const notes = [
      ...plan.newer.map((name) => `${name} was applied by a newer hoptrace`),
      ...[...found.keys()]
        .filter((name) => !known.has(name))
        .map((name) => `${name} is not a table of hoptrace`),
    ];
    return { ok: problems.length === 0, tables: wanted.size, problems, notes };
  } finally {
    await store.close();
  }
}

async function layoutOfMigrations(
  connection: StoreConnection,
  retention: Retention,
): Promise<ReadonlyMap<string, TableLayout>> {
  const { cluster: _oneServerIsEnough, ...alone } = connection;
  const database = scratchOf(connection.database);
  const outside = openStore({ ...alone, database: 'system' });
  const inside = openStore({ ...alone, database });
  // One that was interrupted leaves it behind.
  const drop = () =>
    outside.command('DROP DATABASE IF EXISTS {database:Identifier} SYNC', { database });
  try {
    await drop();
    await outside.command('CREATE DATABASE {database:Identifier} ENGINE = Atomic', { database });
    try {
      await migrate(inside, { retention });
      return await readLayout(inside);
    } finally {
      await drop();
    }
  } finally {
    await inside.close();
    await outside.close();
  }
}

function problemsOf(
  wanted: TableLayout,
  found: ReadonlyMap<string, TableLayout>,
  store: Store,
): Problem[] {
  const isTable = wanted.engine.endsWith('MergeTree') && wanted.name !== LEDGER_TABLE;
  const isSplit = store.cluster !== null && isTable;
  const holder = isSplit ? localName(wanted.name) : wanted.name;
  const table = found.get(holder);
  if (table === undefined) return [problem('missingTable', holder, '', wanted.engine, '')];
  const problems = [
    ...columnProblems(wanted, table, holder),
    ...(wanted.engine.endsWith('MergeTree') ? storageProblems(wanted, table, holder) : []),
    ...queryProblems(wanted, table, { store, holder }),
  ];
  if (!isSplit) return problems;
  const distributed = found.get(wanted.name);
  if (distributed === undefined) {
    return [...problems, problem('missingTable', wanted.name, '', 'Distributed', '')];
  }
  const missing = columnProblems(wanted, distributed, wanted.name).filter(
    ({ kind }) => kind !== 'codec',
  );
  return [...problems, ...missing];
}

function columnProblems(wanted: TableLayout, found: TableLayout, table: string): Problem[] {
  const problems: Problem[] = [];
  for (const [name, column] of wanted.columns) {
    const is = found.columns.get(name);
    if (is === undefined) {
      problems.push(problem('missingColumn', table, name, column.type, ''));
      continue;
    }
    if (is.type !== column.type)
      problems.push(problem('column', table, name, column.type, is.type));
    if (is.codec !== column.codec)
      problems.push(problem('codec', table, name, column.codec, is.codec));
    if (is.default !== column.default) {
      problems.push(problem('default', table, name, column.default, is.default));
    }
  }
  for (const [name, { type }] of found.columns) {
    if (!wanted.columns.has(name)) problems.push(problem('extraColumn', table, name, '', type));
  }
  return problems;
}

function storageProblems(wanted: TableLayout, found: TableLayout, table: string): Problem[] {
  const problems: Problem[] = [];
  const compare = (kind: ProblemKind, subject: string, expected: string, is: string) => {
    if (expected !== is) problems.push(problem(kind, table, subject, expected, is));
  };
  compare('engine', '', engineOf(wanted), engineOf(found));
  compare('key', 'PARTITION BY', wanted.partition_key, found.partition_key);
  compare('key', 'ORDER BY', wanted.sorting_key, found.sorting_key);
  compare('key', 'PRIMARY KEY', wanted.primary_key, found.primary_key);
  compare('ttl', '', ttlOf(wanted), ttlOf(found));
  const settings = settingsOf(found);
  for (const [name, value] of settingsOf(wanted)) {
    const own = found.engine.startsWith('Replicated')
      ? name.replace(/^non_replicated/, 'replicated')
      : name;
    compare('setting', own, value, settings.get(own) ?? '');
  }
  for (const [name, definition] of wanted.indices) {
    compare('index', name, definition, found.indices.get(name) ?? '');
  }
  for (const name of found.indices.keys()) {
    if (!wanted.indices.has(name)) compare('index', name, '', found.indices.get(name) ?? '');
  }
  return problems;
}

/** Of a view. The databases that its tables lie in differ by nature, and so do the tables of a cluster. */
function queryProblems(
  wanted: TableLayout,
  found: TableLayout,
  { store, holder }: { readonly store: Store; readonly holder: string },
): Problem[] {
  const bare = (sql: string, database: string) =>
    sql.replaceAll(`${database}.`, '').replace(/_local\b/g, '');
  const expected = bare(wanted.as_select, scratchOf(store.database));
  const is = bare(found.as_select, store.database);
  return expected === is ? [] : [problem('query', holder, '', expected, is)];
}

const problem = (
  kind: ProblemKind,
  table: string,
  subject: string,
  expected: string,
  found: string,
): Problem => ({ kind, table, subject, expected, found });
