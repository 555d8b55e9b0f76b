/** Statements with queries in them. Views read the Distributed tables. A materialized view works where the rows lie: from local table to local table. */
import { localName, placed, quoted, type Target } from './form.ts';
import { type Edit, type SqlToken, withEdits } from './sqlTokens.ts';
import type { StatementCursor } from './statementCursor.ts';

export function translateView(cursor: StatementCursor, target: Target): string[] {
  cursor.take('IF', 'NOT', 'EXISTS');
  const name = cursor.name();
  cursor.expect('AS');
  return [
    withEdits(cursor.sql, [nameEdit(cursor, name, target), ...distributedSources(cursor, target)]),
  ];
}

export function translateMaterializedView(cursor: StatementCursor, target: Target): string[] {
  cursor.expect('IF', 'NOT', 'EXISTS');
  const name = cursor.name();
  if (!cursor.take('TO')) throw cursor.error('a materialized view needs a table to write TO');
  const into = cursor.name();
  cursor.expect('AS');
  const sources = sourcesOf(cursor);
  if (sources.length !== 1) {
    throw cursor.error('a materialized view must read one table, the one whose inserts it follows');
  }
  const tables = [into, ...sources].map((table) => ({
    start: table.start,
    end: table.end,
    text: `${quoted(target.database)}.${localName(cursor.text(table))}`,
  }));
  return [withEdits(cursor.sql, [nameEdit(cursor, name, target), ...tables])];
}

/** A Distributed table deletes nothing. What the condition asks for is the rows of all shards. */
export function translateDelete(cursor: StatementCursor, target: Target): string[] {
  const name = cursor.name();
  const table = {
    start: name.start,
    end: name.end,
    text: placed(localName(cursor.text(name)), target),
  };
  if (!cursor.take('WHERE')) throw cursor.error('WHERE is missing');
  return [withEdits(cursor.sql, [table, ...distributedSources(cursor, target)])];
}

function distributedSources(cursor: StatementCursor, target: Target): Edit[] {
  return sourcesOf(cursor).map((source) => ({
    start: source.start,
    end: source.end,
    text: `${quoted(target.database)}.${cursor.text(source)}`,
  }));
}

function nameEdit(cursor: StatementCursor, name: SqlToken, target: Target): Edit {
  return { start: name.start, end: name.end, text: placed(cursor.text(name), target) };
}

/** Names behind FROM and JOIN. Subqueries are looked into, table functions and common table expressions refused. */
function sourcesOf(cursor: StatementCursor): SqlToken[] {
  const tokens = cursor.rest();
  if (tokens[0]?.upper === 'WITH') throw cursor.error('WITH hides which names are tables');
  return tokens.flatMap((token, index) => {
    if (token.kind !== 'word' || (token.upper !== 'FROM' && token.upper !== 'JOIN')) return [];
    if (!isOfSelect(tokens, index)) throw cursor.error(`${token.upper} belongs to no SELECT`);
    const source = tokens[index + 1];
    if (source?.upper === '(') return [];
    const follower = tokens[index + 2]?.upper;
    if (source?.kind !== 'word' || follower === '(' || follower === '.') {
      throw cursor.error(`${token.upper} must be followed by a plain table or a subquery`);
    }
    return [source];
  });
}

/** EXTRACT(DAY FROM x) has a FROM as well. */
function isOfSelect(tokens: readonly SqlToken[], index: number): boolean {
  const depth = tokens[index]?.depth ?? 0;
  for (let at = index - 1; at >= 0; at -= 1) {
    const token = tokens[at];
    if (token === undefined || token.depth < depth) return false;
    if (token.depth === depth && token.upper === 'SELECT') return true;
  }
  return false;
}
