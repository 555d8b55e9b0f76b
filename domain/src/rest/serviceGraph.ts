/** The ways that the requests of a service took, added up: parties, the hops between them, what each party saw. */
import { z } from 'zod';
import {
  HOP_KINDS,
  OUTCOMES,
  REWRITE_MECHANISMS,
  ROLES,
  SOURCE_SCENARIOS,
  serviceRefSchema,
} from './path.ts';
import { instantSchema, pathFilterSchema } from './queries.ts';

const count = z.int().min(0);
const figure = z.number().nullable();

export const serviceGraphFilterSchema = z.strictObject({
  from: instantSchema.optional().describe('default: 15 minutes before `to`'),
  to: instantSchema.optional().describe('default: now; exclusive'),
  cluster: pathFilterSchema.shape.cluster,
  port: z
    .string()
    .min(1)
    .max(63)
    .optional()
    .describe('name of a port of the service; default: all'),
  node: z.string().min(1).max(253).optional().describe('a machine on the path'),
});

export const graphPartySchema = z.object({
  id: z.string(),
  role: z.enum(ROLES),
  name: z.string().describe('empty: no topology names it, or many stand behind it (clients)'),
  node: z.string().nullable().describe('machine; null: not known'),
  zone: z.string().nullable().describe('zone of the machine; null: not known'),
  addresses: count.describe('different addresses, at most 1000 are told apart'),
  ports: z.array(z.int()).describe('ports that were addressed, at most 16'),
  requests: count.describe('requests that touched it'),
});

export const graphEdgeSchema = z.object({
  source: z.string(),
  target: z.string(),
  kind: z.enum(HOP_KINDS),
  requests: count,
  crossesNode: count.describe('of them, from one machine to another'),
  crossesZone: z.boolean().nullable().describe('its ends are in different zones; null: not known'),
  extra: count.describe('an allowed choice would have avoided this crossing'),
  notJudged: count.describe('whether it was extra is not known'),
  refused: count.describe('requests that ended here by a refusal'),
  unseen: count.describe('no agent saw the hop arrive'),
  measured: count.describe('round trips between two taps'),
  medianNs: figure.describe('of those; null: none'),
  p99Ns: figure,
  boundNs: figure.describe('median of upper bounds, where one tap alone saw it; null: none'),
});

export const CLIENT_VISIBILITIES = ['client', 'recoverable', 'hidden', 'unknown'] as const;
export const SEEN_AS = ['client', ...ROLES.filter((role) => role !== 'client'), 'none'] as const;

export const sightingCountSchema = z.object({
  place: count.describe('how far along the path, from 0'),
  role: z.enum(ROLES).describe('who received the connection'),
  seenAs: z
    .string()
    .describe(
      'whose address its socket showed, or who put it there by SNAT: a role; unknown: of nobody on the path; none: not observed',
    ),
  visibility: z.enum(CLIENT_VISIBILITIES).describe('can it learn the client'),
  mechanism: z
    .enum([...REWRITE_MECHANISMS, 'none'])
    .describe('how the address was rewritten on the way to it; none: no rewrite was recorded'),
  requests: count,
  pathId: z.string().describe('the newest of them'),
});

export const scenarioCountSchema = z.object({
  scenario: z.enum(SOURCE_SCENARIOS),
  requests: count,
  believable: count.describe('of them, what the path says of the client holds'),
  contradicted: count.describe('of them, it does not'),
  text: z.string().describe('what the newest of them says'),
  remedy: z.string().describe('what would change it; empty: nothing needs to'),
  pathId: z.string(),
});

export const graphTotalsSchema = z.object({
  requests: count.describe('requests that the graph adds up'),
  outcomes: z.record(z.enum(OUTCOMES), count).describe('their sum is `requests`'),
  refusals: z.record(z.string(), count).describe('refused requests by cause'),
  withExtraHops: count.describe('requests with at least one extra hop'),
  crossings: count.describe('hops between machines'),
  incomplete: count.describe('requests of which a part was not seen'),
  responses: count.describe('stored paths of which the response was timed'),
  responseP50Ns: figure.describe(
    'first request to first response, at the first tap that saw both; null: none was timed',
  ),
  responseP99Ns: figure,
});

export const serviceGraphSchema = z.object({
  fromUs: z.int(),
  toUs: z.int().describe('exclusive'),
  service: serviceRefSchema.omit({ port: true }),
  totals: graphTotalsSchema,
  isWhole: z.boolean().describe('false: the range has more; the newest were taken'),
  parties: z.array(graphPartySchema),
  edges: z.array(graphEdgeSchema).describe('the 2000 busiest, the busiest first'),
  sightings: z.array(sightingCountSchema).describe('in path order'),
  scenarios: z.array(scenarioCountSchema).describe('the most frequent first'),
});

export type ServiceGraph = z.infer<typeof serviceGraphSchema>;
export type GraphParty = z.infer<typeof graphPartySchema>;
export type GraphEdge = z.infer<typeof graphEdgeSchema>;
export type SightingCount = z.infer<typeof sightingCountSchema>;
export type ScenarioCount = z.infer<typeof scenarioCountSchema>;
export type GraphTotals = z.infer<typeof graphTotalsSchema>;

/** Of a window in which no request was seen. */
export const NO_TOTALS: GraphTotals = {
  requests: 0,
  outcomes: { served: 0, reset: 0, rejected: 0, dropped: 0, unknown: 0 },
  refusals: {},
  withExtraHops: 0,
  crossings: 0,
  incomplete: 0,
  responses: 0,
  responseP50Ns: null,
  responseP99Ns: null,
};
