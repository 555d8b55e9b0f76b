/** CREATE TABLE of the MergeTree family: a local table and the Distributed one over it. */
import { CELL_COLUMN, localName, placed, quoted, type Target } from './form.ts';
import { settingEdits } from './settings.ts';
import { type Edit, type SqlToken, withEdits } from './sqlTokens.ts';
import type { Brackets, StatementCursor } from './statementCursor.ts';

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
  const columns = cursor.brackets();
  const engine = engineEdits(cursor, target);
  const rest = cursor.rest();
  const shardedBy = hasCell(cursor, columns) ? CELL_COLUMN : firstOfSortingKey(cursor, rest);
  const edits = [
    { start: name.start, end: name.end, text: placed(localName(table), target) },
    ...engine,
    ...settingEdits(cursor, rest, target.form),
  ];
  return [withEdits(cursor.sql, edits), distributedOver(table, shardedBy, target)];
}

function hasCell(cursor: StatementCursor, { open, close }: Brackets): boolean {
  const inside = cursor.tokens.filter(({ start }) => start > open.start && start < close.start);
  return inside.some(
    (token, index) =>
      token.depth === open.depth + 1 &&
      cursor.text(token) === CELL_COLUMN &&
      (index === 0 || inside[index - 1]?.upper === ','),
  );
}

function firstOfSortingKey(cursor: StatementCursor, rest: readonly SqlToken[]): string {
  const by = rest.findIndex(
    (token, index) => token.upper === 'BY' && rest[index - 1]?.upper === 'ORDER',
  );
  const [key, ...more] = by === -1 ? [] : rest.slice(by + 1);
  const first = key?.upper === '(' ? more[0] : key;
  const follower = key?.upper === '(' ? more[1] : more[0];
  if (first?.kind === 'word' && follower?.upper !== '(') return cursor.text(first);
  throw cursor.error(
    `rows are spread over shards by the column "${CELL_COLUMN}", or else by the first of ORDER BY, and this table has neither`,
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

function distributedOver(table: string, shardedBy: string, target: Target): string {
  const local = `${quoted(target.database)}.${localName(table)}`;
  const engine = `Distributed('${target.form.name}', '${target.database}', '${localName(table)}', cityHash64(${shardedBy}))`;
  return `CREATE TABLE IF NOT EXISTS ${placed(table, target)} AS ${local}\nENGINE = ${engine}`;
}
