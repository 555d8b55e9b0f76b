/** Runs a statement of the schema in the form that the store has. */
import type { QueryParams, Store } from '../client.ts';
import { translateStatement } from './translate.ts';

/** What is sent for it: the statement itself, or its translation. */
export function schemaStatements(
  store: Pick<Store, 'cluster' | 'database'>,
  statement: string,
): readonly string[] {
  if (store.cluster === null) return [statement];
  return translateStatement(statement, { form: store.cluster, database: store.database });
}

export async function runSchemaStatement(
  store: Store,
  statement: string,
  params: QueryParams = {},
): Promise<void> {
  for (const each of schemaStatements(store, statement)) await store.command(each, params);
}
