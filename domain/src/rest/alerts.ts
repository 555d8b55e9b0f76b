/** Alerts over REST: rules, what they found, and silences. Names carry units. */
import { z } from 'zod';

export const ALERT_KINDS = [
  'refusedConnections',
  'loadBalancerUnhealthyNode',
  'extraHopShare',
  'clientAddressLost',
  'forgedHeader',
  'hopLatency',
  'agentSilent',
  'evidenceLost',
] as const;
export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export const SILENCE_STATES = ['pending', 'active', 'ended'] as const;
export const ALERT_STATES = ['pending', 'firing', 'resolved'] as const;

const MAX_SECONDS = 7 * 86_400;
const seconds = z.int().min(0).max(MAX_SECONDS);
const labelName = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,63}$/, 'must be a label name');
const labels = z.record(labelName, z.string().max(1000));

export const alertRuleSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-zA-Z][a-zA-Z0-9_-]{0,63}$/, 'must be letters, digits, _ and -, a letter first'),
  kind: z.enum(ALERT_KINDS),
  severity: z.enum(SEVERITIES),
  threshold: z
    .number()
    .nonnegative()
    .describe('fires from here on; its unit goes with the kind (docs/alerts.md)'),
  minCount: z
    .int()
    .min(0)
    .describe('requests or attempts that a judgement needs; with fewer nothing is said'),
  windowSeconds: z.int().min(10).max(3600).describe('how far back is looked'),
  forSeconds: seconds.describe('how long it must hold before it fires'),
  keepFiringSeconds: seconds.describe('how long it fires on after it last held'),
  match: labels.describe('only where these labels have these values; empty: everywhere'),
  labels: labels.describe('more labels for its alerts, such as a team'),
});

export const alertSchema = z.object({
  alertId: z.string().describe('of rule and labels: the same again when it fires again'),
  ruleId: z.string(),
  kind: z.enum(ALERT_KINDS),
  severity: z.enum(SEVERITIES),
  state: z.enum(ALERT_STATES),
  labels: z.record(z.string(), z.string()),
  startedAtUs: z.int().describe('since when it holds'),
  firedAtUs: z.int().nullable().describe('null: pending'),
  resolvedAtUs: z.int().nullable().describe('null: not resolved'),
  lastHeldAtUs: z.int().describe('when it was last seen to hold'),
  value: z.number().describe('as last seen to hold'),
  threshold: z.number(),
  baseline: z.number().nullable().describe('the usual value; null: the kind compares with none'),
  count: z.int().describe('requests or attempts behind the value'),
  text: z.string(),
  remedy: z.string(),
  pathId: z.string().nullable().describe('an example; null: none'),
  isSilenced: z.boolean(),
  isStale: z
    .boolean()
    .describe('the last evaluation could not be made: whether it still holds is not known'),
});

export const silenceInputSchema = z.strictObject({
  match: labels.refine(
    (match) => Object.keys(match).length > 0,
    'name at least one label: a silence for everything would hide everything',
  ),
  startsAtUs: z.int().optional().describe('default: now'),
  endsAtUs: z.int(),
  clusters: z
    .array(z.string().min(1).max(253))
    .max(100)
    .optional()
    .describe('only alerts of these clusters; default: as far as the token reaches; empty: all'),
  createdBy: z.string().min(1).max(200),
  comment: z.string().min(1).max(2000).describe('why, for whoever looks at it at night'),
});
export const silenceSchema = silenceInputSchema.extend({
  silenceId: z.string(),
  startsAtUs: z.int(),
  // Those that were kept before there were scopes hold everywhere.
  clusters: z.array(z.string()).default([]).describe('only alerts of these; empty: of all'),
  tenant: z.string().nullable().default(null).describe('whose it is; null: of none'),
  author: z
    .string()
    .nullable()
    .default(null)
    .describe('the token that set it; null: none was asked for'),
});
/** As it stands at the time of the question. */
export const shownSilenceSchema = silenceSchema.extend({
  state: z.enum(SILENCE_STATES).describe('pending: it has not begun; ended: it is over'),
});
export const silenceFilterSchema = z.strictObject({
  cluster: z.string().min(1).max(253).optional().describe('that hold in this cluster'),
  state: z.enum(SILENCE_STATES).optional().describe('default: all that have not ended'),
});

export const alertListSchema = z.object({
  items: z.array(alertSchema),
  nextCursor: z.string().nullable(),
  evaluatedAtUs: z.int().nullable().describe('null: never since the start, or alerts are off'),
});
export const alertRuleListSchema = z.object({
  items: z.array(alertRuleSchema),
  nextCursor: z.string().nullable(),
});
export const silenceListSchema = z.object({
  items: z.array(shownSilenceSchema),
  nextCursor: z.string().nullable(),
});

export type AlertKind = (typeof ALERT_KINDS)[number];
export type AlertRule = z.infer<typeof alertRuleSchema>;
export type Alert = z.infer<typeof alertSchema>;
export type Silence = z.infer<typeof silenceSchema>;
export type ShownSilence = z.infer<typeof shownSilenceSchema>;
export type SilenceInput = z.infer<typeof silenceInputSchema>;
export type Labels = Readonly<Record<string, string>>;
