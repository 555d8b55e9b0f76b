/** The audit log over REST: who asked for which change, and how that ended. Names carry units. */
import { z } from 'zod';
import { instantSchema } from './queries.ts';

export const AUDIT_OUTCOMES = ['done', 'refused', 'failed'] as const;

const MAX_NAME = 200;
const name = z.string().min(1).max(MAX_NAME);
/** What it was is the operation's own document: a silence, say. */
const documentSchema = z.record(z.string(), z.unknown()).nullable();

export const auditEntrySchema = z.object({
  entryId: z.string(),
  atUs: z.int().describe('when it was answered'),
  caller: z.string().nullable().describe('name of the token; null: none was asked for'),
  role: z.string().nullable().describe('of the token'),
  tenant: z.string().nullable().describe('of the token; null: of none'),
  clusters: z
    .array(z.string())
    .describe('what the change was about, or as far as the token reaches; empty: all'),
  address: z.string().describe('where the request came from'),
  action: z.string().describe('operationId of the operation'),
  subject: z.string().nullable().describe('what was to be changed; null: not known'),
  outcome: z
    .enum(AUDIT_OUTCOMES)
    .describe(
      'refused: for want of a right, or because the request was wrong; failed: our fault, and whether it took effect is not known',
    ),
  status: z.int().describe('of the HTTP answer'),
  code: z.string().nullable().describe('of the problem; null: none'),
  requestId: z.string().describe('X-Request-Id, as it is in the log of the API'),
  before: documentSchema.describe('as it was; null: it was not there, or nothing changed'),
  after: documentSchema.describe('as it is now; null: it is gone, or nothing changed'),
});

export const auditFilterSchema = z.strictObject({
  from: instantSchema.optional().describe('default: 7 days before `to`'),
  to: instantSchema.optional().describe('default: now; exclusive'),
  caller: name.optional().describe('name of a token'),
  tenant: name.optional().describe('tenant of a token'),
  cluster: z.string().min(1).max(253).optional().describe('about this cluster by name'),
  action: name.optional().describe('operationId of an operation'),
  subject: name.optional().describe('what was to be changed'),
  outcome: z.enum(AUDIT_OUTCOMES).optional(),
  requestId: name.optional(),
  cursor: z.string().optional().describe('nextCursor of the page before'),
});

export const auditListSchema = z.object({
  items: z.array(auditEntrySchema),
  nextCursor: z.string().nullable(),
});

export type AuditEntry = z.infer<typeof auditEntrySchema>;
export type AuditFilter = z.infer<typeof auditFilterSchema>;
