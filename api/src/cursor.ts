/**
 * Cursors of the API wrap the store's. They carry the window of the first page, because the default window moves with
 * the clock: without it, page 2 would be cut off at the old end. They carry a mark of the filters too, because a
 * position in one list means nothing in another.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { badCursor } from './parameters.ts';
import type { TimeWindow } from './pathStore.ts';
import { resolveWindow } from './timeWindow.ts';

const MAX_CURSOR_LENGTH = 1024;
const VERSION = 1;
const cursorSchema = z.tuple([
  z.literal(VERSION),
  z.int().min(0),
  z.int().min(0),
  z.string(),
  z.string(),
]);

/** Filters of a list as they were asked: everything that decides what is in the list, and nothing else. */
export interface ListQuery {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface PagePlace extends TimeWindow {
  /** The store's own cursor; undefined on the first page. */
  readonly cursor: string | undefined;
}

/** Where the asked page starts. Throws HOP_PARAMETER_INVALID or HOP_CURSOR_INVALID. `list` names the list. */
export function placeOfPage(list: string, query: ListQuery, nowUs: number): PagePlace {
  if (query.cursor === undefined) return { ...resolveWindow(query, nowUs), cursor: undefined };
  const [, from, to, mark, cursor] = decode(query.cursor);
  if (mark !== markOf(list, query)) {
    throw badCursor('This cursor belongs to another list or to other filters.');
  }
  if ((query.from ?? from) !== from || (query.to ?? to) !== to) {
    throw badCursor('This cursor belongs to another time range (from, to).');
  }
  return { from, to, cursor };
}

/** The API's cursor for the page after; null stays null. */
export function nextCursorOf(
  list: string,
  query: ListQuery,
  place: PagePlace & { readonly next: string | null },
): string | null {
  if (place.next === null) return null;
  const fields = [VERSION, place.from, place.to, markOf(list, query), place.next];
  return Buffer.from(JSON.stringify(fields)).toString('base64url');
}

function decode(text: string): z.infer<typeof cursorSchema> {
  if (text.length > MAX_CURSOR_LENGTH) throw badCursor('This cursor is too long to be one.');
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
  } catch {
    throw badCursor('This is no cursor of this API.');
  }
}

function markOf(list: string, query: ListQuery): string {
  const filters = Object.entries(query)
    .filter(([key, value]) => !isPlace(key) && value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([list, filters]))
    .digest('base64url')
    .slice(0, 12);
}

function isPlace(key: string): boolean {
  return key === 'from' || key === 'to' || key === 'limit' || key === 'cursor';
}
