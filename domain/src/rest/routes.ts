/** Which rules lead to the app of a path, as the REST API answers it. */
import { z } from 'zod';

const serviceNameSchema = z.object({ namespace: z.string(), name: z.string() });

export const routeRuleSchema = z.object({
  kind: z.enum(['Ingress', 'HTTPRoute']),
  namespace: z.string(),
  name: z.string(),
  host: z.string().nullable().describe('null: any'),
  path: z.string().nullable().describe('null: any'),
  pathType: z.string().describe('as the object names it; empty: it names no path'),
  service: serviceNameSchema.describe('where it leads to'),
  port: z.string().nullable().describe('number or name; null: none is given'),
});

export const pathRoutesSchema = z.object({
  pathId: z.string(),
  atUs: z.int().describe('when the path began, and as of when the rules are'),
  services: z
    .array(serviceNameSchema)
    .describe('those whose endpoint the proxy connected to; empty: it went to no known endpoint'),
  rules: z.array(routeRuleSchema).describe('all that lead to one of the services'),
  isWhole: z.boolean().describe('false: there were more objects than are read for one answer'),
  text: z
    .string()
    .describe('what can be said of the rule that the request matched: host and path are not seen'),
});

export type PathRoutes = z.infer<typeof pathRoutesSchema>;
