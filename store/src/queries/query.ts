/** A query: its name, its SQL with typed places, and the schemas of what goes in and comes out. */
import type { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { StoreError } from '../errors.ts';

export interface Query<P extends z.ZodType, R extends z.ZodType> {
  readonly name: string;
  readonly params: P;
  readonly row: R;
}

/** Checks params, runs the SQL, checks the rows. Rows of another form throw HOP_STORE_ROW. */
export async function runQuery<P extends z.ZodType<object>, R extends z.ZodType>(
  store: Store,
  query: Query<P, R>,
  call: { readonly sql: string; readonly params: z.input<P> } & CallOptions,
): Promise<z.output<R>[]> {
  const params = query.params.parse(call.params);
  const rows = await store.select({ name: query.name, sql: call.sql, params }, call);
  return rows.map((row) => parseRow(query, row));
}

function parseRow<P extends z.ZodType, R extends z.ZodType>(
  query: Query<P, R>,
  row: unknown,
): z.output<R> {
  const parsed = query.row.safeParse(row);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new StoreError(
    'HOP_STORE_ROW',
    `${query.name} read a row that this version does not understand: ${issue?.path.join('.')}: ${issue?.message}`,
    {
      field: issue?.path.join('.') ?? '',
      remedy: 'Run the migrations of this version; if it stays, report it.',
    },
  );
}

/** The columns of a row schema, for a SELECT list. */
export const columnsOf = (schema: z.ZodObject): string => Object.keys(schema.shape).join(', ');
