/** GET /api/v1/alerts and /rules; GET, POST and DELETE /api/v1/silences. */
import { randomUUID } from 'node:crypto';
import {
  ALERT_STATES,
  alertListSchema,
  alertRuleListSchema,
  SEVERITIES,
  type Silence,
  silenceInputSchema,
  silenceListSchema,
  silenceSchema,
} from '@hoptrace/domain/rest/alerts.ts';
import { z } from 'zod';
import type { AlertEngine } from '../alerts/engine.ts';
import { AppError } from '../errors.ts';
import { type ApiApp, ok, PROBLEMS, type RouteDeps } from './routes.ts';

const MAX_SILENCES = 1000;
const MAX_SILENCE_US = 30 * 86_400 * 1_000_000;

const alertFilterSchema = z.strictObject({
  state: z.enum(ALERT_STATES).optional(),
  severity: z.enum(SEVERITIES).optional(),
  rule: z.string().min(1).optional().describe('id of a rule'),
  service: z
    .string()
    .regex(/^[a-z0-9.-]+\/[a-z0-9.-]+$/, 'must be namespace/name')
    .optional(),
  node: z.string().min(1).optional(),
});

export interface AlertRouteDeps extends RouteDeps {
  /** null: alerts are off. */
  readonly alerts: AlertEngine | null;
}

export function registerAlerts(app: ApiApp, deps: AlertRouteDeps): void {
  registerAlertList(app, deps);
  registerRules(app, deps);
  registerSilenceList(app, deps);
  registerSilenceChanges(app, deps);
}

function registerAlertList(app: ApiApp, { alerts }: AlertRouteDeps): void {
  app.get(
    '/api/v1/alerts',
    {
      schema: {
        operationId: 'listAlerts',
        tags: ['alerts'],
        summary: 'Alerts that fire, wait, or were resolved within 15 minutes',
        description: `What fires comes first, the gravest first. isStale says that the last evaluation could not be made: whether it still holds is not known. All are on one page: nextCursor is always null.

    curl 'http://127.0.0.1:7040/api/v1/alerts?state=firing'`,
        querystring: alertFilterSchema,
        response: { 200: ok('the alerts', alertListSchema), ...PROBLEMS },
      },
    },
    async ({ clusters, query: { state, severity, rule, service, node } }) => {
      const items = (alerts?.alerts() ?? []).filter(
        (alert) =>
          (clusters.length === 0 || clusters.includes(alert.labels.cluster ?? '')) &&
          (state ?? alert.state) === alert.state &&
          (severity ?? alert.severity) === alert.severity &&
          (rule ?? alert.ruleId) === alert.ruleId &&
          (node ?? alert.labels.node) === alert.labels.node &&
          (service === undefined ||
            service === `${alert.labels.namespace}/${alert.labels.service}`),
      );
      return { items, nextCursor: null, evaluatedAtUs: alerts?.evaluatedAtUs ?? null };
    },
  );
}

function registerRules(app: ApiApp, { alerts }: AlertRouteDeps): void {
  app.get(
    '/api/v1/rules',
    {
      schema: {
        operationId: 'listAlertRules',
        tags: ['alerts'],
        summary: 'Rules that alerts come from',
        description: `The default ones, as HOPTRACE_ALERTS_RULES_FILE changes them. Empty: alerts are off.

    curl http://127.0.0.1:7040/api/v1/rules`,
        querystring: z.strictObject({}),
        response: { 200: ok('the rules', alertRuleListSchema), ...PROBLEMS },
      },
    },
    async () => ({ items: [...(alerts?.rules ?? [])], nextCursor: null }),
  );
}

function registerSilenceList(app: ApiApp, { alerts }: AlertRouteDeps): void {
  app.get(
    '/api/v1/silences',
    {
      schema: {
        operationId: 'listSilences',
        tags: ['alerts'],
        summary: 'Silences that have not ended',
        description: `A silence keeps receivers quiet; its alerts are still listed, with isSilenced.

    curl http://127.0.0.1:7040/api/v1/silences`,
        querystring: z.strictObject({}),
        response: { 200: ok('the silences', silenceListSchema), ...PROBLEMS },
      },
      config: { tellsOfAllClusters: true },
    },
    async () => ({ items: alerts?.silences() ?? [], nextCursor: null }),
  );
}

function registerSilenceChanges(app: ApiApp, { alerts, nowUs }: AlertRouteDeps): void {
  app.post(
    '/api/v1/silences',
    {
      schema: {
        operationId: 'createSilence',
        tags: ['alerts'],
        summary: 'Keep receivers quiet for a while',
        description: `For alerts that have all labels of \`match\`; \`rule\` names the rule. At most 30 days.

    curl -H 'content-type: application/json' http://127.0.0.1:7040/api/v1/silences -d '{"match": {"rule": "refused-connections", "node": "node3"}, "endsAtUs": 1700000000000000, "createdBy": "me", "comment": "node3 is being drained"}'`,
        body: silenceInputSchema,
        response: { 201: ok('the silence', silenceSchema), ...PROBLEMS },
      },
      config: { tellsOfAllClusters: true },
    },
    async ({ body, signal }, reply) => {
      const engine = required(alerts);
      const startsAtUs = body.startsAtUs ?? nowUs();
      requireRange(startsAtUs, body.endsAtUs, nowUs());
      if (engine.silences().length >= MAX_SILENCES)
        throw refuse('match', `${MAX_SILENCES} silences are set already.`, 'End one of them.');
      const silence: Silence = { ...body, silenceId: randomUUID(), startsAtUs };
      await engine.setSilence(silence, { signal });
      return reply.code(201).send(silence);
    },
  );
  app.delete(
    '/api/v1/silences/:silenceId',
    {
      schema: {
        operationId: 'endSilence',
        tags: ['alerts'],
        summary: 'End a silence now',
        description: `    curl -X DELETE http://127.0.0.1:7040/api/v1/silences/SILENCE_ID`,
        params: z.strictObject({ silenceId: z.uuid() }),
        response: { 200: ok('the silence, which ends now', silenceSchema), ...PROBLEMS },
      },
      config: { tellsOfAllClusters: true },
    },
    async ({ params: { silenceId }, signal }) => {
      const engine = required(alerts);
      const known = engine.silences().find((each) => each.silenceId === silenceId);
      if (known === undefined)
        throw new AppError('HOP_NOT_FOUND', `No silence ${silenceId} is in force.`);
      const ended = { ...known, endsAtUs: nowUs() };
      await engine.setSilence(ended, { signal });
      return ended;
    },
  );
}

function required(alerts: AlertEngine | null): AlertEngine {
  if (alerts !== null) return alerts;
  throw refuse('HOPTRACE_ALERTS', 'alerts are off in this process.', 'Set HOPTRACE_ALERTS=on.');
}

function requireRange(startsAtUs: number, endsAtUs: number, nowUs: number): void {
  if (endsAtUs <= startsAtUs || endsAtUs <= nowUs)
    throw refuse('endsAtUs', 'is not after its start, or is over.', 'Name a time to come.');
  if (endsAtUs - startsAtUs > MAX_SILENCE_US)
    throw refuse('endsAtUs', 'is more than 30 days after the start.', 'Silence it for less long.');
}

const refuse = (field: string, text: string, remedy: string) =>
  new AppError('HOP_PARAMETER_INVALID', `${field}: ${text}`, { errors: [{ field, text, remedy }] });
