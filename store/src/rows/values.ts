/** How single values are read from JSONEachRow. */
import { canonicalIp } from '@hoptrace/domain/model/ip.ts';
import { z } from 'zod';

const toHash = (decimal: string): string => BigInt(decimal).toString(16).padStart(16, '0');

export const hashColumn = z.string().regex(/^\d+$/).transform(toHash);
export const optionalHashColumn = z
  .string()
  .regex(/^\d+$/)
  .transform((decimal) => (decimal === '0' ? null : toHash(decimal)));

/** A UInt64 that is known to be a safe integer: times, durations, sequence numbers. */
export const bigColumn = z
  .string()
  .transform(Number)
  .refine(Number.isSafeInteger, { error: 'is above 2^53' });
export const optionalBigColumn = z.union([z.null(), bigColumn]);

/** ClickHouse prints a mapped IPv4 address as ::ffff:a.b.c.d. */
export const ipColumn = z.string().transform((text, context) => {
  const ip = canonicalIp(text);
  if (ip !== null) return ip;
  context.addIssue({ code: 'custom', message: `"${text}" is no address` });
  return z.NEVER;
});
