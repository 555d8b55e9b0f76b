/** WS /api/v1/live: what is sent, one JSON document a message. */
import { z } from 'zod';
import { pathSchema } from './path.ts';
import { pathFilterSchema } from './queries.ts';

export const liveFilterSchema = pathFilterSchema
  .omit({ from: true, to: true, limit: true })
  .extend({
    cursor: z.string().max(200).optional().describe('cursor of the last message that arrived'),
  });

/** How much of what happened since the cursor is sent first. */
export const RESUMED = ['live', 'exact', 'fromTime', 'gap'] as const;

/** Microseconds since the epoch; `toUs` is exclusive. */
const missedSchema = z.object({ fromUs: z.int(), toUs: z.int() });

const cursor = z.string();
export const liveMessageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    cursor,
    resumed: z
      .enum(RESUMED)
      .describe(
        'live: from now on. exact: goes on where it ended. fromTime: some may come again. gap: what happened meanwhile is not sent; ask the list',
      ),
    missed: missedSchema
      .optional()
      .describe('of a gap: paths that began then are not sent, and GET /api/v1/paths has them'),
  }),
  z.object({
    type: z.literal('path'),
    cursor,
    path: pathSchema.describe('a higher version of the same pathId replaces a lower one'),
  }),
  z.object({
    type: z.literal('dropped'),
    cursor,
    count: z.int().describe('paths that were not sent; before filters, where by is feed'),
    by: z
      .enum(['client', 'feed'])
      .describe('client: it reads too slowly. feed: more happened than the API can follow'),
  }),
  z.object({ type: z.literal('beat'), cursor, atUs: z.int() }),
]);

export type LiveMessage = z.infer<typeof liveMessageSchema>;
export type Missed = z.infer<typeof missedSchema>;
export type Resumed = (typeof RESUMED)[number];
