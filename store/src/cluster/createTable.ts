/** CREATE TABLE of the MergeTree family: a local table and the Distributed one over it. */
import { localName, placed, quoted, SHARDING_COLUMN, SHARDING_KEY, type Target } from './form.ts';
import { settingEdits } from './settings.ts';
import { type Edit, type SqlToken, withEdits } from './sqlTokens.ts';
import type { StatementCursor } from './statementCursor.ts';

const ENGINES: ReadonlySet<string> = new Set([
  'MERGETREE',
  'REPLACINGMERGETREE',
  'AGGREGATINGMERGETREE',
  'SUMMINGMERGETREE',
  'COLLAPSINGMERGETREE',
  'VERSIONEDCOLLAPSINGMERGETREE',
]);
/** {shard} and {replica} are macros of each server, the other two are known to every server. */
const KEEPER_PATH = `'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'`;

export function translateCreateTable(cursor: StatementCursor, target: Target): string[] {
  cursor.expect('IF', 'NOT', 'EXISTS');
  const name = cursor.name();
  const table = cursor.text(name);
  assertSharded(cursor);
  const edits = [
    { start: name.start, end: name.end, text: placed(localName(table), target) },
    ...engineEdits(cursor, target),
    ...settingEdits(cursor, cursor.rest(), target.form),
  ];
  return [withEdits(cursor.sql, edits), distributedOver(table, target)];
}

/** Rows are spread by a column that every table therefore has. */
function assertSharded(cursor: StatementCursor): void {
  const { open, close } = cursor.brackets();
  const inside = cursor.tokens.filter(({ start }) => start > open.start && start < close.start);
  const isColumn = (token: SqlToken, index: number) =>
    token.depth === open.depth + 1 &&
    cursor.text(token) === SHARDING_COLUMN &&
    (index === 0 || inside[index - 1]?.upper === ',');
  if (inside.some(isColumn)) return;
  throw cursor.error(
    `the table has no column "${SHARDING_COLUMN}", by which rows are spread over shards`,
  );
}

function engineEdits(cursor: StatementCursor, { form }: Target): Edit[] {
  cursor.expect('ENGINE', '=');
  const engine = cursor.next();
  if (!ENGINES.has(engine.upper)) {
    throw cursor.error(`the engine ${cursor.text(engine)} is not of the MergeTree family`);
  }
  const brackets = cursor.peek()?.upper === '(' ? cursor.brackets() : null;
  if (!form.hasKeeper) return [];
  const prefix = { start: engine.start, end: engine.start, text: 'Replicated' };
  if (brackets === null) {
    return [prefix, { start: engine.end, end: engine.end, text: `(${KEEPER_PATH})` }];
  }
  const { open, close } = brackets;
  const isEmpty = cursor.sql.slice(open.end, close.start).trim() === '';
  const text = isEmpty ? KEEPER_PATH : `${KEEPER_PATH}, `;
  return [prefix, { start: open.end, end: open.end, text }];
}

function distributedOver(table: string, target: Target): string {
  const local = `${quoted(target.database)}.${localName(table)}`;
  const engine = `Distributed('${target.form.name}', '${target.database}', '${localName(table)}', ${SHARDING_KEY})`;
  return `CREATE TABLE IF NOT EXISTS ${placed(table, target)} AS ${local}\nENGINE = ${engine}`;
}
