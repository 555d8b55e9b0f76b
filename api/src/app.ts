/** Builds the API from its dependencies. Nothing listens and nothing is asked until the caller does so. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify';
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { allowedHosts, requireAccess } from './access.ts';
import type { AlertEngine } from './alerts/engine.ts';
import type { AuditTrail } from './audit/auditTrail.ts';
import { asksForChange, entryOf } from './audit/entry.ts';
import { answerClientError } from './clientError.ts';
import { type ApiConfig, isLoopback, requireTokenBeyondLoopback } from './config.ts';
import { answerUnchanged } from './etag.ts';
import { guardStore } from './guardedStore.ts';
import { type ApiMetrics, createMetrics } from './metrics.ts';
import { registerOpenapi } from './openapi.ts';
import { answerUnmatched, registerPage } from './page.ts';
import { validatorCompiler } from './parameters.ts';
import type { PathStore } from './pathStore.ts';
import { PROBLEM_TYPE, problemOf, toAppError } from './problem.ts';
import { limitRate } from './rateLimit.ts';
import { registerAlerts } from './routes/alerts.ts';
import { registerAudit } from './routes/audit.ts';
import { registerCluster } from './routes/cluster.ts';
import { registerIncidents } from './routes/incidents.ts';
import { registerJaeger } from './routes/jaeger.ts';
import { registerLists } from './routes/lists.ts';
import { registerLive, registerWebSocket } from './routes/live.ts';
import { registerLoadBalancers } from './routes/loadBalancers.ts';
import { registerMissing } from './routes/missing.ts';
import { registerOperations } from './routes/operations.ts';
import { registerPathRoutes } from './routes/pathRoutes.ts';
import { registerServices } from './routes/services.ts';
import { registerTopology } from './routes/topology.ts';
import { registerViews } from './routes/views.ts';
import { setSecurityHeaders } from './securityHeaders.ts';

/** Above the query time-out: a backstop for handlers that hang elsewhere. */
const HANDLER_MARGIN_MS = 5_000;
const MAX_PARAMETER_LENGTH = 200;
const ALL_CLUSTERS: readonly string[] = Object.freeze([]);

export interface ApiDeps {
  readonly config: ApiConfig;
  readonly store: PathStore;
  /** Microseconds since the epoch. */
  readonly nowUs: () => number;
  readonly logger?: FastifyServerOptions['logger'];
  readonly metrics?: ApiMetrics;
  /** null: alerts are off. The caller starts and closes it. */
  readonly alerts?: AlertEngine | null;
  /** null: changes are told in the log of the process only. The caller closes it. */
  readonly audit?: AuditTrail | null;
}

/** Throws HOP_TOKEN_REQUIRED. The caller listens on config.host and config.port, and closes. */
export async function buildApi(deps: ApiDeps): Promise<FastifyInstance> {
  const { config } = deps;
  requireTokenBeyondLoopback(config);
  const metrics = deps.metrics ?? createMetrics({ withProcess: false });
  const app = Fastify(serverOptions(deps, metrics));
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest('caller', null);
  app.decorateRequest('grant', null);
  app.decorateRequest('change', null);
  app.decorateRequest('problemCode', null);
  app.decorateRequest('clusters');
  addHooks(app, deps, metrics);
  app.setErrorHandler((error, request, reply) => answerError(error, { request, reply, metrics }));
  app.setNotFoundHandler((request, reply) => answerUnmatched(request, reply, config.webRoot));

  await limitRate(app, config);
  await registerOpenapi(app, { needsToken: config.grants.length > 0 });
  await registerWebSocket(app);
  const routeDeps = {
    store: guardStore(deps.store, config, metrics),
    nowUs: deps.nowUs,
    metrics,
    webRoot: config.webRoot,
  };
  const typed = app.withTypeProvider<ZodTypeProvider>();
  registerLists(typed, routeDeps);
  registerPathRoutes(typed, routeDeps);
  registerCluster(typed, routeDeps);
  registerIncidents(typed, routeDeps);
  registerLoadBalancers(typed, routeDeps);
  registerMissing(typed, routeDeps);
  registerJaeger(typed, routeDeps);
  registerLive(typed, { ...routeDeps, maxLive: config.maxLive });
  registerAlerts(typed, { ...routeDeps, alerts: deps.alerts ?? null });
  registerServices(typed, routeDeps);
  registerTopology(typed, routeDeps);
  registerViews(typed, routeDeps);
  registerAudit(typed, routeDeps);
  registerOperations(typed, routeDeps);
  await registerPage(app, config.webRoot);
  await app.ready();
  return app;
}

function serverOptions({ config, logger }: ApiDeps, metrics: ApiMetrics): FastifyServerOptions {
  return {
    logger: logger ?? false,
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: config.requestTimeoutMs,
    handlerTimeout: config.queryTimeoutMs + HANDLER_MARGIN_MS,
    bodyLimit: config.bodyLimitBytes,
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    genReqId: requestIdOf,
    frameworkErrors: (error, request, reply) => {
      setSecurityHeaders(request, reply);
      answerError(error, { request, reply, metrics });
    },
    clientErrorHandler: answerClientError,
  };
}

/** Takes over the caller's id where it is harmless in a log, so that a trace can be followed through. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.-]{8,128}$/.test(given) ? given : randomUUID();
}

function addHooks(app: FastifyInstance, deps: ApiDeps, metrics: ApiMetrics): void {
  const { config, audit = null, nowUs } = deps;
  const hosts = isLoopback(config.host) ? allowedHosts(config.host, config.allowedHosts) : null;
  app.addHook('onRequest', async (request) => {
    request.clusters = ALL_CLUSTERS;
    requireAccess(request, { grants: config.grants, hosts });
  });
  app.addHook('onSend', async (request, reply, payload) => {
    setSecurityHeaders(request, reply);
    if (audit !== null && asksForChange(request)) {
      const entry = entryOf(request, reply, nowUs());
      // Whoever is told that it is done can find it in the log.
      if (entry?.outcome === 'done') await audit.keep(entry);
      else if (entry !== null) audit.note(entry);
    }
    return answerUnchanged(request, reply, payload);
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    const labels = { method: request.method, route, status: String(reply.statusCode) };
    metrics.requestSeconds.observe(labels, reply.elapsedTime / 1000);
    auditChange(request, reply);
  });
}

/** Who changed, or tried to change, what: also where it was refused. Bodies may hold anything and stay out. */
function auditChange(request: FastifyRequest, reply: FastifyReply): void {
  if (!asksForChange(request)) return;
  const { method, params, caller, ip } = request;
  const route = request.routeOptions.url;
  const entry = { audit: true, caller, ip, method, route, params, status: reply.statusCode };
  request.log.info(entry, 'change asked for');
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly metrics: ApiMetrics;
}

function answerError(thrown: unknown, { request, reply, metrics }: Exchange): FastifyReply {
  const error = toAppError(thrown);
  metrics.problems.inc({ code: error.code });
  request.problemCode = error.code;
  if (error.statusCode >= 500) {
    request.log.error({ err: error, code: error.code, route: request.routeOptions.url }, 'failed');
  }
  if (error.code === 'HOP_UNAUTHORIZED') reply.header('www-authenticate', 'Bearer');
  if (error.retryAfterSeconds !== null) reply.header('retry-after', error.retryAfterSeconds);
  // Bytes, because Fastify adds a charset to strings, and RFC 9457's media type has no such parameter.
  const body = Buffer.from(JSON.stringify(problemOf(error, request.id)));
  return reply.code(error.statusCode).type(PROBLEM_TYPE).send(body);
}
