/**
 * From the migrations as they are written, for one server, to the statements of a cluster. A statement that is not
 * one of the shapes below throws HOP_STORE_TRANSLATION: a guess here would be found out only by whoever runs a cluster.
 *
 *   CREATE TABLE t (…) ENGINE = …MergeTree   the same as t_local, Replicated… with a Keeper; then t, Distributed over it
 *   ALTER TABLE t …                          t_local; what concerns columns then for t as well
 *   CREATE VIEW v AS …                       the same, over the Distributed tables
 *   CREATE MATERIALIZED VIEW v TO t AS …     on every server from t_local to t_local
 *   DELETE FROM t …                          t_local
 *   DROP TABLE t · DROP VIEW v               t and t_local · v
 */
import { translateAlter } from './alterTable.ts';
import { translateCreateTable } from './createTable.ts';
import { localName, placed, type Target } from './form.ts';
import { StatementCursor } from './statementCursor.ts';
import { translateDelete, translateMaterializedView, translateView } from './views.ts';

/** In the order in which they have to run. Throws HOP_STORE_TRANSLATION naming the statement. */
export function translateStatement(sql: string, target: Target): string[] {
  const cursor = new StatementCursor(sql);
  if (cursor.take('CREATE', 'TABLE')) return translateCreateTable(cursor, target);
  if (cursor.take('ALTER', 'TABLE')) return translateAlter(cursor, target);
  if (cursor.take('CREATE', 'MATERIALIZED', 'VIEW')) {
    return translateMaterializedView(cursor, target);
  }
  if (cursor.take('CREATE', 'VIEW') || cursor.take('CREATE', 'OR', 'REPLACE', 'VIEW')) {
    return translateView(cursor, target);
  }
  if (cursor.take('DELETE', 'FROM')) return translateDelete(cursor, target);
  if (cursor.take('DROP', 'TABLE')) return translateDrop(cursor, target, 'TABLE');
  if (cursor.take('DROP', 'VIEW')) return translateDrop(cursor, target, 'VIEW');
  throw cursor.error(`a statement must not start with "${cursor.peek()?.upper ?? ''}"`);
}

function translateDrop(cursor: StatementCursor, target: Target, kind: 'TABLE' | 'VIEW'): string[] {
  const condition = cursor.take('IF', 'EXISTS') ? 'IF EXISTS ' : '';
  const name = cursor.text(cursor.name());
  if (cursor.peek() !== null) throw cursor.error('nothing may follow the name');
  const drop = (each: string) => `DROP ${kind} ${condition}${placed(each, target)} SYNC`;
  return kind === 'VIEW' ? [drop(name)] : [drop(name), drop(localName(name))];
}
