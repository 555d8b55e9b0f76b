/** Counts of services over time, from roll-ups. Times are aligned to the step; counts are those of whole minutes. */
import { z } from 'zod';
import { OUTCOMES, serviceRefSchema } from './path.ts';
import { instantSchema } from './queries.ts';

const count = z.int().min(0);

const steps = z
  .string()
  .regex(/^\d{1,7}$/, 'must be a whole number')
  .transform(Number)
  .pipe(z.int().min(60))
  .refine((step) => (step < 3600 ? 3600 % step === 0 && step % 60 === 0 : step % 3600 === 0), {
    error: 'must divide an hour into whole minutes, or be whole hours',
  });

export const serviceListFilterSchema = z.strictObject({
  from: instantSchema.optional().describe('default: 15 minutes before `to`'),
  to: instantSchema.optional().describe('default: now; exclusive'),
});

export const serviceStatsFilterSchema = serviceListFilterSchema.extend({
  step: steps.optional().describe('seconds of a point; default: 60 up to six hours, else 3600'),
  port: z.string().min(1).optional().describe('name of a port of the service; default: all'),
  entryNode: z.string().min(1).optional().describe('first machine that the requests came to'),
  ingress: z.string().min(1).optional().describe('namespace/pod of the first ingress'),
});

export const durationStatsSchema = z
  .object({
    count: count.describe('durations that were measured'),
    p50Ns: z.number(),
    p95Ns: z.number(),
    p99Ns: z.number(),
  })
  .describe('quantiles are at most 1 % off');

const optionalDuration = (text: string) =>
  durationStatsSchema.nullable().describe(`${text}; null: none was measured`);

export const requestCountsSchema = z.object({
  requests: count,
  outcomes: z.record(z.enum(OUTCOMES), count).describe('their sum is `requests`'),
  refusals: z.record(z.string(), count).describe('refused requests by cause (see Refusal)'),
  clientAddress: z
    .record(z.string(), count)
    .describe('requests by how the client address fared (sourceVerdict.scenario)'),
  extraHops: count,
  withExtraHops: count.describe('requests with at least one extra hop'),
  crossings: count.describe('hops between machines'),
  incomplete: count.describe('requests of which a part was not seen'),
  response: optionalDuration('first request to first response, at the first tap that saw both'),
});

export const serviceTotalsSchema = z.object({
  service: serviceRefSchema,
  ...requestCountsSchema.shape,
});

const countedUntil = z
  .int()
  .nullable()
  .describe(
    'end of the newest minute of the window that was counted; requests of later minutes are not in the counts yet. null: none was',
  );
const windowShape = {
  fromUs: z.int(),
  toUs: z.int().describe('exclusive'),
  countedUntilUs: countedUntil,
};

export const serviceListSchema = z.object({
  ...windowShape,
  items: z.array(serviceTotalsSchema).describe('the 1000 busiest'),
  nextCursor: z.string().nullable(),
});

export const requestPointSchema = z.object({ startUs: z.int(), ...requestCountsSchema.shape });

export const hopPointSchema = z.object({
  startUs: z.int(),
  hops: count,
  extra: count.describe('hops that an allowed choice would have avoided'),
  rtt: optionalDuration('round trip between two taps'),
  requestCost: optionalDuration('both ways for a request'),
  proxyTime: optionalDuration('what a request spent in the proxy in front of the hop'),
});

export const hopSeriesSchema = z.object({
  index: count.describe('place on the path, from 0'),
  kind: z.string(),
  fromRole: z.string(),
  toRole: z.string(),
  points: z.array(hopPointSchema),
});

export const serviceStatsSchema = z.object({
  ...windowShape,
  stepSeconds: z.int(),
  points: z.array(requestPointSchema).describe('in order; a point without requests is left out'),
  hops: z.array(hopSeriesSchema),
});

export type ServiceListFilter = z.infer<typeof serviceListFilterSchema>;
export type ServiceStatsFilter = z.infer<typeof serviceStatsFilterSchema>;
export type DurationStats = z.infer<typeof durationStatsSchema>;
export type RequestCounts = z.infer<typeof requestCountsSchema>;
export type ServiceTotals = z.infer<typeof serviceTotalsSchema>;
export type RequestPoint = z.infer<typeof requestPointSchema>;
export type HopPoint = z.infer<typeof hopPointSchema>;
export type HopSeries = z.infer<typeof hopSeriesSchema>;
