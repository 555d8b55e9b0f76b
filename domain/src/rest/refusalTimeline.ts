/** Refused and accepted connections by place (machine and port) and time. */
import { z } from 'zod';
import { refusalFilterSchema } from './queries.ts';

const count = z.int().min(0);

export const timelineFilterSchema = refusalFilterSchema
  .pick({ from: true, to: true, cluster: true, service: true, node: true })
  .extend({
    step: z
      .string()
      .regex(/^\d{1,6}$/, 'must be a whole number')
      .transform(Number)
      .pipe(z.int().min(1).max(86_400))
      .optional()
      .describe('seconds of a bucket; default: a round number that makes at most 90'),
  });

export const timelineBucketSchema = z.object({
  startUs: z.int(),
  reset: count,
  rejected: count,
  dropped: count,
  accepted: count.describe('connections to the place that were not refused by it'),
});

export const timelinePlaceSchema = z.object({
  node: z.string().nullable().describe('machine that refused; null: not seen'),
  port: z.int().describe('port that was addressed'),
  services: z.array(z.string()).describe('namespace/name, at most 8'),
  refused: count,
  accepted: count,
  causes: z.array(z.string()).describe('codes, at most 8'),
  pathId: z.string().describe('its newest refusal, or its newest connection where none was'),
  buckets: z.array(timelineBucketSchema).describe('in order; a bucket without any is left out'),
});

export const refusalTimelineSchema = z.object({
  fromUs: z.int(),
  toUs: z.int().describe('exclusive'),
  stepSeconds: z.int(),
  places: z.array(timelinePlaceSchema).describe('those with the most refusals first; at most 200'),
  refusedSinceUs: z.int().describe('refusals before were not counted: there were too many'),
  acceptedSinceUs: z.int().describe('accepted connections before were not counted'),
});

export type TimelinePlace = z.infer<typeof timelinePlaceSchema>;
export type TimelineBucket = z.infer<typeof timelineBucketSchema>;
export type RefusalTimeline = z.infer<typeof refusalTimelineSchema>;
