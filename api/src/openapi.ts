/** The OpenAPI 3.1 document, made from the same zod schemas that check and write every answer. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import {
  alertListSchema,
  alertRuleListSchema,
  alertRuleSchema,
  alertSchema,
  shownSilenceSchema,
  silenceListSchema,
} from '@hoptrace/domain/rest/alerts.ts';
import { auditEntrySchema, auditListSchema } from '@hoptrace/domain/rest/audit.ts';
import {
  changeFilterSchema,
  changeListSchema,
  changeSchema,
} from '@hoptrace/domain/rest/changes.ts';
import {
  incidentFilterSchema,
  incidentListSchema,
  incidentSchema,
} from '@hoptrace/domain/rest/incidents.ts';
import {
  jaegerSpanSchema,
  jaegerTagSchema,
  jaegerTraceSchema,
} from '@hoptrace/domain/rest/jaeger.ts';
import { liveFilterSchema, liveMessageSchema } from '@hoptrace/domain/rest/live.ts';
import {
  hopSchema,
  hopTimesSchema,
  partySchema,
  pathSchema,
  refusalInfoSchema,
  rewriteSchema,
  rttSchema,
  serviceRefSchema,
  warningSchema,
} from '@hoptrace/domain/rest/path.ts';
import {
  pathListSchema,
  problemSchema,
  refusalItemSchema,
  refusalListSchema,
} from '@hoptrace/domain/rest/queries.ts';
import {
  refusalTimelineSchema,
  timelineFilterSchema,
} from '@hoptrace/domain/rest/refusalTimeline.ts';
import {
  serviceGraphFilterSchema,
  serviceGraphSchema,
} from '@hoptrace/domain/rest/serviceGraph.ts';
import {
  durationStatsSchema,
  hopPointSchema,
  hopSeriesSchema,
  requestPointSchema,
  serviceListSchema,
  serviceStatsFilterSchema,
  serviceStatsSchema,
  serviceTotalsSchema,
} from '@hoptrace/domain/rest/services.ts';
import {
  topologyFilterSchema,
  topologyItemSchema,
  topologyListSchema,
} from '@hoptrace/domain/rest/topology.ts';
import { agentLossesSchema } from '@hoptrace/domain/wire/v1.ts';
import type { FastifyInstance } from 'fastify';
import {
  createJsonSchemaTransform,
  createJsonSchemaTransformObject,
} from 'fastify-type-provider-zod';
import { z } from 'zod';
import { PARAMETER_HELP } from './parameters.ts';
import {
  agentListSchema,
  agentSchema,
  missingSchema,
  overviewSchema,
  readinessSchema,
} from './responses.ts';
import { auditQuerySchema } from './routes/audit.ts';
import { pathQuerySchema, refusalQuerySchema } from './routes/lists.ts';

const API_VERSION = '1';
/** The bar holds the logo of the framework and a box for other documents. */
const HIDE_TOP_BAR = '.swagger-ui .topbar { display: none }';

const COMPONENTS = {
  Path: pathSchema,
  Hop: hopSchema,
  HopTimes: hopTimesSchema,
  Party: partySchema,
  Rtt: rttSchema,
  Rewrite: rewriteSchema,
  RefusalInfo: refusalInfoSchema,
  Warning: warningSchema,
  ServiceRef: serviceRefSchema,
  PathList: pathListSchema,
  RefusalItem: refusalItemSchema,
  RefusalList: refusalListSchema,
  Incident: incidentSchema,
  IncidentList: incidentListSchema,
  LiveMessage: liveMessageSchema,
  Missing: missingSchema,
  JaegerTag: jaegerTagSchema,
  JaegerSpan: jaegerSpanSchema,
  JaegerTrace: jaegerTraceSchema,
  Alert: alertSchema,
  AlertList: alertListSchema,
  AlertRule: alertRuleSchema,
  AlertRuleList: alertRuleListSchema,
  Silence: shownSilenceSchema,
  SilenceList: silenceListSchema,
  AuditEntry: auditEntrySchema,
  AuditList: auditListSchema,
  Agent: agentSchema,
  AgentList: agentListSchema,
  TopologyItem: topologyItemSchema,
  TopologyList: topologyListSchema,
  Change: changeSchema,
  ChangeList: changeListSchema,
  ServiceGraph: serviceGraphSchema,
  RefusalTimeline: refusalTimelineSchema,
  Losses: agentLossesSchema,
  Overview: overviewSchema,
  DurationStats: durationStatsSchema,
  ServiceTotals: serviceTotalsSchema,
  ServiceList: serviceListSchema,
  RequestPoint: requestPointSchema,
  HopPoint: hopPointSchema,
  HopSeries: hopSeriesSchema,
  ServiceStats: serviceStatsSchema,
  Readiness: readinessSchema,
  Problem: problemSchema,
} as const;

const DESCRIPTION = `Paths of requests through a Kubernetes cluster, as agents on its nodes saw them.

Times are integer microseconds since the epoch (\`...Us\`) or integer nanoseconds (\`...Ns\`). \`null\` means **not known**,
never zero. Lists answer \`{items, nextCursor}\`, newest first; send \`nextCursor\` back as \`cursor\` with the same filters
until it is null. Errors are RFC 9457 problem details with a \`code\` and, per field, what to write instead.

    curl 'http://127.0.0.1:7040/api/v1/paths?service=shop/web&outcome=served&limit=10'`;

type Override = NonNullable<z.core.ToJSONSchemaParams['override']>;

/** Which parameter a schema is the schema of: filters share their fields. */
const PARAMETERS = new Map<unknown, string>(
  [
    pathQuerySchema,
    refusalQuerySchema,
    incidentFilterSchema,
    liveFilterSchema,
    serviceStatsFilterSchema,
    topologyFilterSchema,
    changeFilterSchema,
    timelineFilterSchema,
    serviceGraphFilterSchema,
    auditQuerySchema,
  ].flatMap(({ shape }) => Object.entries(shape).map(([name, schema]) => [schema, name] as const)),
);

/** Descriptions live in zod's global registry, component names in ours: this brings the former along. */
const addDescription: Override = ({ zodSchema, jsonSchema }) => {
  if (jsonSchema.$ref !== undefined) return;
  const help = PARAMETER_HELP[PARAMETERS.get(zodSchema) ?? ''];
  const meaning = z.globalRegistry.get(zodSchema)?.description ?? jsonSchema.description;
  const texts = [meaning, help].filter((text) => text !== undefined);
  if (texts.length > 0) jsonSchema.description = texts.join('. ');
};

/** Registers the generator and the page at /api/docs. Must come before the routes that it shall know. */
export async function registerOpenapi(
  app: FastifyInstance,
  options: { readonly needsToken: boolean },
): Promise<void> {
  const schemaRegistry = z.registry<{ id?: string | undefined }>();
  for (const [id, schema] of Object.entries(COMPONENTS)) schemaRegistry.add(schema, { id });
  const zodToJsonConfig = { override: addDescription };
  const withComponents = createJsonSchemaTransformObject({ schemaRegistry, zodToJsonConfig });

  await app.register(swagger, {
    openapi: {
      openapi: '3.1.1',
      info: {
        title: 'hoptrace API',
        version: API_VERSION,
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      tags: [
        { name: 'paths', description: 'Requests and the machines that they crossed' },
        { name: 'jaeger', description: 'Paths as traces, for Jaeger’s UI and for Grafana' },
        { name: 'services', description: 'Counts and durations over time, from roll-ups' },
        { name: 'cluster', description: 'Agents and totals' },
        { name: 'operations', description: 'Health and metrics of the API itself' },
      ],
      ...(options.needsToken
        ? {
            components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
            security: [{ token: [] }],
          }
        : {}),
    },
    transform: createJsonSchemaTransform({ schemaRegistry, zodToJsonConfig }),
    transformObject: (document) => withoutInputs(withComponents(document)),
  });
  await app.register(swaggerUi, {
    routePrefix: '/api/docs',
    // null: swagger-ui must not ask a validator on the internet.
    uiConfig: { validatorUrl: null, docExpansion: 'list', defaultModelsExpandDepth: 0 },
    theme: { title: 'hoptrace API', css: [{ filename: 'hoptrace.css', content: HIDE_TOP_BAR }] },
  });
  app.get('/api/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}

type Document = ReturnType<ReturnType<typeof createJsonSchemaTransformObject>>;

/** Every component also comes as `…Input`; no request has a body, so nothing refers to those. */
function withoutInputs(document: Document): Document {
  if (!('components' in document)) return document;
  const schemas = Object.entries(document.components?.schemas ?? {}).filter(
    ([name]) => name in COMPONENTS,
  );
  return {
    ...document,
    components: { ...document.components, schemas: Object.fromEntries(schemas) },
  } as Document;
}
