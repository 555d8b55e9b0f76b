/** How a list is answered: a page of JSON, with the asked fields only, or a stream of NDJSON or CSV. */
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { type ListQuery, nextCursorOf, type PagePlace, placeOfPage } from '../cursor.ts';
import { badParameter } from '../parameters.ts';
import { csvLine, valueAt } from './csv.ts';
import { type FieldTree, fieldTreeOf, project } from './fields.ts';

export const FORMATS = ['json', 'ndjson', 'csv'] as const;
const MAX_PAGE = 1000;
/** What one export may hold; the trailer x-next-cursor tells where to go on. */
const MAX_EXPORT = 100_000;
const DEFAULT_LIMIT = 100;
/** Nothing longer can be a list of fields; each name is checked against the item. */
const FIELDS = /^[A-Za-z][A-Za-z0-9.]*(,[A-Za-z][A-Za-z0-9.]*)*$/;
/** An export runs longer than a page; its queries keep their own time-out. */
export const EXPORT_TIMEOUT_MS = 120_000;

/** What every list takes besides its filters. */
export const LIST_PARAMETERS = {
  limit: z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(MAX_EXPORT))
    .default(DEFAULT_LIMIT)
    .describe('at most 1000 of format json, 100000 of the others'),
  fields: z
    .string()
    .max(1000)
    .regex(FIELDS, 'must be names with commas between them')
    .transform((text) => text.split(','))
    .optional()
    .describe('only these fields of each item'),
  format: z.enum(FORMATS).default('json').describe('ndjson and csv are streamed'),
} as const;

const SECOND_PAGE_KEYS = ['fields', 'format'] as const;

export interface AskedList extends ListQuery {
  readonly fields?: readonly string[] | undefined;
  readonly format: (typeof FORMATS)[number];
}

export interface ListSource<T> {
  /** Names the list in its cursors. */
  readonly name: string;
  readonly item: z.ZodType;
  /** What CSV has where no fields are asked for. */
  readonly columns: readonly string[];
  page(place: PagePlace & { readonly limit: number }): Promise<{
    readonly items: readonly T[];
    readonly nextCursor: string | null;
  }>;
}

export interface ListContext {
  readonly reply: FastifyReply;
  readonly nowUs: number;
}

/** Answers what the route's handler returns. Throws HOP_PARAMETER_INVALID and HOP_CURSOR_INVALID. */
export async function answerList<T>(
  asked: AskedList,
  source: ListSource<T>,
  { reply, nowUs }: ListContext,
) {
  const tree = asked.fields === undefined ? null : fieldTreeOf(asked.fields, source.item);
  const query = filtersOf(asked);
  const place = placeOfPage(source.name, query, nowUs);
  if (asked.format !== 'json') return streamed({ asked, query, source, place, tree, reply });
  if (asked.limit > MAX_PAGE) {
    throw badParameter(
      'limit',
      `limit ${asked.limit} is too large for format json.`,
      'Write at most 1000 and go on with nextCursor, or ask for format=ndjson or csv.',
    );
  }
  const page = await source.page({ ...place, limit: asked.limit });
  const nextCursor = nextCursorOf(source.name, query, { ...place, next: page.nextCursor });
  // Checked as a whole first: half a broken document is no better than a whole one.
  const items =
    tree === null ? [...page.items] : project(z.array(source.item).parse(page.items), tree);
  // The documented schema knows whole items only.
  if (tree !== null) reply.serializer((answer: unknown) => JSON.stringify(answer));
  return { items: items as T[], nextCursor };
}

/** How the answer looks must not decide where a page starts. */
function filtersOf(asked: AskedList): ListQuery {
  const kept = Object.entries(asked).filter(
    ([name]) => !SECOND_PAGE_KEYS.some((each) => each === name),
  );
  return { limit: asked.limit, ...Object.fromEntries(kept) };
}

interface Export<T> {
  readonly asked: AskedList;
  readonly query: ListQuery;
  readonly source: ListSource<T>;
  readonly place: PagePlace;
  readonly tree: FieldTree | null;
  readonly reply: FastifyReply;
}

/** The first page is read before the head is sent, so that a bad question still gets its problem. */
async function streamed<T>({ asked, query, source, place, tree, reply }: Export<T>) {
  const pages = pagesOf(source, place, asked.limit);
  const first = await pages.next();
  let next: string | null = null;
  const columns = asked.fields ?? source.columns;
  const lineOf = (item: T): string =>
    asked.format === 'csv'
      ? csvLine(columns.map((column) => valueAt(item, column)))
      : `${JSON.stringify(tree === null ? item : project(item, tree))}\n`;
  async function* lines() {
    if (asked.format === 'csv') yield csvLine(columns);
    for (let step = first; step.done !== true; step = await pages.next()) {
      next = step.value.nextCursor;
      yield step.value.items.map(lineOf).join('');
    }
  }
  reply.trailer(
    'x-next-cursor',
    async () => nextCursorOf(source.name, query, { ...place, next }) ?? '',
  );
  reply.header('content-disposition', `attachment; filename="${source.name}.${asked.format}"`);
  reply.type(asked.format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson');
  return reply.send(Readable.from(lines())) as never;
}

/** One page in memory at a time; the reader decides when the next is asked for. */
async function* pagesOf<T>(source: ListSource<T>, place: PagePlace, limit: number) {
  let left = limit;
  let cursor = place.cursor;
  while (left > 0) {
    const page = await source.page({ ...place, cursor, limit: Math.min(MAX_PAGE, left) });
    left -= page.items.length;
    yield page;
    if (page.nextCursor === null) return;
    cursor = page.nextCursor;
  }
}

/** The three forms in which a list may come. */
export const listContent = (schema: z.ZodType) => ({
  'application/json': { schema },
  'application/x-ndjson': { schema: z.string() },
  'text/csv': { schema: z.string() },
});
