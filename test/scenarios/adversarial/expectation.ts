/** The form of expected.json: what must be claimed, and what must not. */
import { z } from 'zod';

const pattern = z.record(z.string(), z.unknown());

const claimSchema = z.strictObject({
  what: z.string().describe('the claim in words'),
  path: pattern.describe('see match.ts'),
  count: z
    .int()
    .min(0)
    .nullable()
    .default(1)
    .describe('paths that fit, exactly; null: one or more'),
});

const claimsSchema = z.strictObject({
  total: z.int().nullable().default(null).describe('paths altogether; null: not said'),
  claims: z.array(claimSchema).default([]),
});

const scoreSchema = z.strictObject({
  agreed: z.int(),
  opposed: z.int(),
  agreedAlone: z.int(),
  opposedAlone: z.int(),
});

export const expectationSchema = z.strictObject({
  scenario: z.string(),
  reference: z.string().describe('what the reference expects'),
  limits: z
    .string()
    .nullable()
    .describe('what of it cannot be observed or is not built, and why; null: nothing'),
  agentsDown: z.array(z.string()).default([]).describe('nodes whose agents do not report'),
  learned: z
    .record(z.string(), z.record(z.enum(['lastRead', 'oldest']), scoreSchema))
    .default({})
    .describe('by program: what the links of earlier evidence showed'),
  ...claimsSchema.shape,
  orElse: z
    .array(claimsSchema)
    .default([])
    .describe('other answers that are as honest; one set has to hold as a whole'),
  never: z.array(z.strictObject({ because: z.string(), path: pattern })).default([]),
  wholePaths: z
    .int()
    .nullable()
    .default(null)
    .describe('true paths that must be found whole, with class A or B; null: not said'),
  unsplit: z
    .string()
    .nullable()
    .default(null)
    .describe('why a part of the records alone is not judged; null: it is'),
  lateNodes: z
    .array(z.string())
    .default([])
    .describe('their records come last: pathIds must stay, versions must rise'),
});

export type Expectation = z.infer<typeof expectationSchema>;
export type Claims = z.infer<typeof claimsSchema>;

export const truthSchema = z.strictObject({
  id: z.string(),
  hops: z.array(z.string()),
  alsoTrue: z.array(z.string()),
});
