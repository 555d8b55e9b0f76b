/** GET /api/v1/alerts and /rules. */
import {
  ALERT_STATES,
  alertListSchema,
  alertRuleListSchema,
  SEVERITIES,
} from '@hoptrace/domain/rest/alerts.ts';
import { z } from 'zod';
import type { AlertEngine } from '../alerts/engine.ts';
import { type ApiApp, ok, PROBLEMS, type RouteDeps } from './routes.ts';
import { registerSilences } from './silences.ts';

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
  registerSilences(app, deps);
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
