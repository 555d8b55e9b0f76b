/** Query parameters and list answers of the REST API. Every list answers `{items, nextCursor}`. */
import { z } from 'zod';
import { ipSchema } from '../wire/v1.ts';
import { CLASSES, OUTCOMES, pathSchema, refusalInfoSchema, serviceRefSchema } from './path.ts';

const MAX_PAGE = 1000;

/** Integer microseconds since the epoch, or an ISO 8601 instant. Answers microseconds. */
export const instantSchema = z.union([
  z.string().regex(/^\d+$/).transform(Number),
  z.iso.datetime({ offset: true }).transform((text) => Date.parse(text) * 1000),
]);

/** `namespace/name`, optionally with `:port`. */
const serviceFilter = z
  .string()
  .regex(
    /^[a-z0-9.-]+\/[a-z0-9.-]+(:[a-z0-9-]+)?$/,
    'must be namespace/name or namespace/name:port',
  );

const count = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a whole number')
  .transform(Number);

export const pathFilterSchema = z.strictObject({
  from: instantSchema.optional().describe('default: 15 minutes before `to`'),
  to: instantSchema.optional().describe('default: now; exclusive'),
  cluster: z.string().min(1).max(253).optional(),
  service: serviceFilter.optional(),
  client: ipSchema.optional(),
  node: z.string().min(1).optional().describe('a machine on the path'),
  outcome: z.enum(OUTCOMES).optional(),
  extraHops: count.pipe(z.int().min(0)).optional().describe('at least so many extra hops'),
  class: z.enum(CLASSES).optional(),
  limit: count.pipe(z.int().min(1).max(MAX_PAGE)).default(100),
  cursor: z.string().optional().describe('nextCursor of the page before'),
});

export const pathListSchema = z.object({
  items: z.array(pathSchema),
  nextCursor: z.string().nullable(),
});

export const refusalItemSchema = z.object({
  pathId: z.string(),
  startedAtUs: z.int(),
  cluster: z.string(),
  client: pathSchema.shape.client,
  destination: z
    .object({ ip: z.string(), port: z.int() })
    .describe('the address that the refused SYN was sent to'),
  service: serviceRefSchema.nullable(),
  ...refusalInfoSchema.shape,
});
export const refusalFilterSchema = pathFilterSchema
  .omit({ outcome: true, extraHops: true, class: true })
  .extend({
    kind: refusalInfoSchema.shape.kind.optional(),
  });
export const refusalListSchema = z.object({
  items: z.array(refusalItemSchema),
  nextCursor: z.string().nullable(),
});

/** RFC 9457. `field`, `value` and `remedy` name what to change. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string().describe('HOP_…'),
  detail: z.string(),
  errors: z.array(z.object({ field: z.string(), text: z.string(), remedy: z.string() })).optional(),
});

export type PathFilter = z.infer<typeof pathFilterSchema>;
export type RefusalFilter = z.infer<typeof refusalFilterSchema>;
export type RefusalItem = z.infer<typeof refusalItemSchema>;
export type PathList = z.infer<typeof pathListSchema>;
export type RefusalList = z.infer<typeof refusalListSchema>;
export type Problem = z.infer<typeof problemSchema>;
