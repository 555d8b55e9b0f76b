/** Who may do what: tokens with a role and, where wanted, the clusters they may see. */
import { createHash } from 'node:crypto';
import { z } from 'zod';

/** reader: questions. operator: changes too. admin: everything. agent: sends to the collector and asks nothing. */
export const TOKEN_ROLES = ['agent', 'reader', 'operator', 'admin'] as const;
export type TokenRole = (typeof TOKEN_ROLES)[number];

export interface Grant {
  readonly name: string;
  readonly role: TokenRole;
  /** Whose it is; null: nobody's in particular. Told in the audit log and of silences. */
  readonly tenant: string | null;
  /** Empty: all. */
  readonly clusters: readonly string[];
  /** SHA-256 of the token: the token itself is not kept. */
  readonly hash: Buffer;
}

const MIN_TOKEN_LENGTH = 16;
const MAX_TOKENS = 1000;

/** [{"name": "grafana", "role": "reader", "clusters": ["prod"], "sha256": "9f86d081884c7d65…"}] */
export const grantsFileSchema = z
  .array(
    z
      .strictObject({
        name: z.string().regex(/^[\w.@-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 _ . @ -'),
        role: z.enum(TOKEN_ROLES),
        tenant: z
          .string()
          .regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 _ . -')
          .optional(),
        clusters: z.array(z.string().min(1)).default([]),
        token: z
          .string()
          .min(MIN_TOKEN_LENGTH, `must have at least ${MIN_TOKEN_LENGTH} characters`)
          .regex(/^\S+$/, 'must have no blanks')
          .optional(),
        sha256: z
          .string()
          .regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits: printf %s TOKEN | sha256sum')
          .optional(),
      })
      .refine(
        ({ token, sha256 }) => (token === undefined) !== (sha256 === undefined),
        'must have either token or sha256',
      )
      // What is seen goes by cluster: a tenant without clusters would see what others have.
      .refine(
        ({ tenant, clusters }) => tenant === undefined || clusters.length > 0,
        'must name the clusters of its tenant',
      ),
  )
  .min(1, 'holds no token')
  .max(MAX_TOKENS)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'has a name twice');

export function grantsOf(file: z.infer<typeof grantsFileSchema>): Grant[] {
  return file.map(({ name, role, tenant, clusters, token, sha256 }) => ({
    name,
    role,
    tenant: tenant ?? null,
    clusters,
    hash: sha256 === undefined ? hashOf(token ?? '') : Buffer.from(sha256, 'hex'),
  }));
}

/** Hashing makes all equally long, so that neither length nor content shows in the time of a comparison. */
export function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** True where the role includes what is needed. An agent's includes nothing here. */
export function includesRole(given: TokenRole, needed: TokenRole): boolean {
  return TOKEN_ROLES.indexOf(given) >= TOKEN_ROLES.indexOf(needed);
}
