/** Incidents: refusals of one cause at one place, close together in time, told once. */
import { z } from 'zod';
import { sendingSchema } from './loadBalancers.ts';
import { serviceRefSchema } from './path.ts';
import { refusalFilterSchema } from './queries.ts';

const MAX_GAP_SECONDS = 3600;
const DEFAULT_GAP_SECONDS = 60;

export const incidentFilterSchema = refusalFilterSchema.omit({ client: true }).extend({
  cause: z
    .string()
    .regex(/^[A-Za-z]{1,40}$/, 'must be a cause code')
    .optional(),
  gapSeconds: z
    .string()
    .regex(/^\d{1,4}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(MAX_GAP_SECONDS))
    .default(DEFAULT_GAP_SECONDS)
    .describe('refusals further apart than this are two incidents'),
});

export const incidentSchema = z.object({
  incidentId: z.string().describe('time of its first refusal and what it is about'),
  cluster: z.string(),
  service: serviceRefSchema.nullable(),
  destination: z
    .object({ ip: z.string(), port: z.int() })
    .nullable()
    .describe('where the refused SYNs were sent to; null where a service is known'),
  node: z.string().nullable().describe('machine that refused; null: not seen'),
  cause: z.string(),
  kinds: z
    .object({ reset: z.int(), rejected: z.int(), dropped: z.int() })
    .describe('refusals by how they were refused'),
  startUs: z.int(),
  endUs: z.int().describe('its last refusal so far'),
  isStartKnown: z
    .boolean()
    .describe('false: it may have begun before what was read (an hour before the range)'),
  isOngoing: z.boolean().describe('the last refusal is not longer ago than the gap'),
  refusals: z.int(),
  clients: z.int().describe('different addresses of clients'),
  clientExamples: z.array(z.string()).describe('the first few of them'),
  nodes: z.array(z.string()).describe('machines on the refused paths'),
  firstPathId: z.string(),
  newestPathId: z.string(),
  text: z.string().describe('what the newest refusal says of its cause'),
  remedy: z.string(),
  sending: sendingSchema
    .nullable()
    .optional()
    .describe(
      'a load balancer went on sending to the node, which had no endpoint; null: none is known for the service',
    ),
});

export const incidentListSchema = z.object({
  items: z.array(incidentSchema),
  nextCursor: z.string().nullable(),
  isWhole: z
    .boolean()
    .describe('false: the range has more refusals than were read; the oldest were left out'),
});

export type IncidentFilter = z.infer<typeof incidentFilterSchema>;
export type Incident = z.infer<typeof incidentSchema>;
