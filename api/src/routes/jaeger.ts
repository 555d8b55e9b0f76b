/** Addresses of Jaeger's query service, so that its UI and Grafana read paths as traces. */
import { pathIdOf, pathTrace, traceServiceOf } from '@hoptrace/domain/jaeger/pathTrace.ts';
import {
  jaegerDependenciesSchema,
  jaegerNamesSchema,
  jaegerTracesSchema,
} from '@hoptrace/domain/rest/jaeger.ts';
import { OUTCOMES, type Path } from '@hoptrace/domain/rest/path.ts';
import { pathFilterSchema } from '@hoptrace/domain/rest/queries.ts';
import { z } from 'zod';
import { askedClusters } from '../access.ts';
import { AppError } from '../errors.ts';
import { badParameter } from '../parameters.ts';
import { DEFAULT_WINDOW_US, resolveWindow } from '../timeWindow.ts';
import { type ApiApp, ok, PROBLEMS, type RouteDeps } from './routes.ts';

const DAY_US = 24 * 3600 * 1_000_000;
const UNITS_US: Readonly<Record<string, number>> = {
  us: 1,
  µs: 1,
  ms: 1e3,
  s: 1e6,
  m: 60e6,
  h: 3600e6,
};

const digits = z
  .string()
  .regex(/^\d{1,16}$/, 'must be a whole number')
  .transform(Number);
const duration = z.string().regex(/^\d+(\.\d+)?(us|µs|ms|s|m|h)$/, 'must be a duration');

/** `tags` of a search: those that a path can be looked for by. */
const tagsSchema = z.strictObject({
  ...pathFilterSchema.pick({
    client: true,
    node: true,
    class: true,
    cluster: true,
    extraHops: true,
  }).shape,
  error: z.enum(['true', 'false']).optional(),
});

export const traceQuerySchema = z.strictObject({
  service: z.string().min(1).max(500).optional(),
  operation: z.string().max(100).optional(),
  tags: z.string().max(2000).optional(),
  start: digits.optional(),
  end: digits.optional(),
  lookback: z.string().max(20).optional().describe('left to start and end'),
  minDuration: duration.or(z.literal('')).optional(),
  maxDuration: duration.or(z.literal('')).optional(),
  limit: digits.pipe(z.int().min(1).max(1000)).default(20),
});

const oneTraceSchema = z.strictObject({
  start: digits.optional(),
  end: digits.optional(),
  raw: z.enum(['true', 'false']).optional(),
  prettyPrint: z.enum(['true', 'false']).optional(),
});
const dependencyQuerySchema = z.strictObject({
  endTs: digits.optional().describe('milliseconds since the epoch; default: now'),
  lookback: digits.optional().describe('milliseconds; default: a day'),
});

export function registerJaeger(app: ApiApp, deps: RouteDeps): void {
  registerNames(app, deps);
  registerTraces(app, deps);
  registerTrace(app, deps);
  registerDependencies(app, deps);
}

const enveloped = <T>(data: T[]) => ({
  data,
  total: data.length,
  limit: 0,
  offset: 0,
  errors: null,
});

function registerNames(app: ApiApp, { store, nowUs }: RouteDeps): void {
  app.get(
    '/api/services',
    {
      schema: {
        operationId: 'jaegerServices',
        tags: ['jaeger'],
        summary: 'Services of the last day, in Jaeger’s form',
        querystring: z.strictObject({}),
        response: { 200: ok('namespace/name of each', jaegerNamesSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      const to = nowUs();
      const { services } = await store.overview({ from: Math.max(0, to - DAY_US), to }, request);
      const names = services.map((service) => traceServiceOf({ service }));
      return enveloped([...new Set(names)].sort());
    },
  );
  app.get(
    '/api/services/:service/operations',
    {
      schema: {
        operationId: 'jaegerOperations',
        tags: ['jaeger'],
        summary: 'Operations of a service: how its requests can end',
        params: z.object({ service: z.string() }),
        querystring: z.strictObject({}),
        response: { 200: ok('outcomes', jaegerNamesSchema), ...PROBLEMS },
      },
    },
    async () => enveloped([...OUTCOMES]),
  );
}

function registerTraces(app: ApiApp, { store, nowUs }: RouteDeps): void {
  app.get(
    '/api/traces',
    {
      schema: {
        operationId: 'jaegerTraces',
        tags: ['jaeger'],
        summary: 'Paths as traces, in Jaeger’s form',
        description: `service is namespace/name; operation an outcome; tags a JSON object of client, node, class, cluster, extraHops, error. Hops that nobody saw have no span: the warnings name them.

    curl 'http://127.0.0.1:7040/api/traces?service=shop/web&operation=dropped&limit=5'`,
        querystring: traceQuerySchema,
        response: { 200: ok('traces', jaegerTracesSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      const { query } = request;
      const { error, extraHops, ...tags } = tagsOf(query.tags);
      const clusters = askedClusters(tags.cluster, request);
      const service = serviceOf(query.service);
      const outcome = OUTCOMES.find((each) => each === query.operation);
      // What is asked for does not exist: that is an answer too.
      if (service === undefined || (isGiven(query.operation) && outcome === undefined)) {
        return enveloped([]);
      }
      const window = resolveWindow(
        { from: query.start ?? fromOf(query.end), to: query.end },
        nowUs(),
      );
      const asked = { ...tags, ...window, service, outcome, extraHops, limit: query.limit };
      const { items } = await store.listPaths(asked, { signal: request.signal, clusters });
      const traces = items
        .filter((path) => error === undefined || String(path.refusal !== null) === error)
        .map(pathTrace)
        .filter((trace) => isAsLong(trace.spans[0]?.duration ?? 0, query));
      return enveloped(traces);
    },
  );
}

const isGiven = (text: string | undefined) => text !== undefined && text !== '' && text !== 'all';
const fromOf = (end: number | undefined) =>
  end === undefined ? undefined : end - DEFAULT_WINDOW_US;

/** undefined: a name that no service can have. Throws HOP_PARAMETER_INVALID where none is given. */
function serviceOf(text: string | undefined): string | undefined {
  if (text === undefined) {
    throw badParameter(
      'service',
      'service is missing.',
      'Write namespace/name, as /api/services lists.',
    );
  }
  return pathFilterSchema.shape.service.safeParse(text).data;
}

function tagsOf(text: string | undefined): z.infer<typeof tagsSchema> {
  const remedy = `Write a JSON object with some of ${Object.keys(tagsSchema.shape).join(', ')}.`;
  if (text === undefined || text === '') return tagsSchema.parse({});
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw badParameter('tags', 'tags is no JSON.', remedy);
  }
  const parsed = tagsSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.code === 'unrecognized_keys' ? issue.keys.join(', ') : issue?.path.join('.');
  throw badParameter(
    'tags',
    `tags: ${(where ?? '').slice(0, 80)} cannot be looked for so.`,
    remedy,
  );
}

function isAsLong(
  durationUs: number,
  { minDuration, maxDuration }: z.infer<typeof traceQuerySchema>,
): boolean {
  return (
    durationUs >= (durationOf(minDuration) ?? 0) &&
    durationUs <= (durationOf(maxDuration) ?? Number.POSITIVE_INFINITY)
  );
}

function durationOf(text: string | undefined): number | null {
  const found = /^(\d+(?:\.\d+)?)(\D+)$/.exec(text ?? '');
  return found === null ? null : Number(found[1]) * (UNITS_US[found[2] ?? ''] ?? 1);
}

function registerTrace(app: ApiApp, { store }: RouteDeps): void {
  app.get(
    '/api/traces/:id',
    {
      schema: {
        operationId: 'jaegerTrace',
        tags: ['jaeger'],
        summary: 'One path as a trace, by its trace id',
        params: z.object({ id: z.string().describe('traceID of a trace, 32 hex digits') }),
        querystring: oneTraceSchema,
        response: { 200: ok('the trace', jaegerTracesSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      const pathId = pathIdOf(request.params.id);
      const path: Path | null = pathId === null ? null : await store.getPath(pathId, request);
      if (path !== null) return enveloped([pathTrace(path)]);
      const shown = JSON.stringify(request.params.id.slice(0, 80));
      throw new AppError('HOP_PATH_NOT_FOUND', `There is no trace ${shown}: it may have expired.`);
    },
  );
}

function registerDependencies(app: ApiApp, { store, nowUs }: RouteDeps): void {
  app.get(
    '/api/dependencies',
    {
      schema: {
        operationId: 'jaegerDependencies',
        tags: ['jaeger'],
        summary: 'Who sends to whom, in Jaeger’s form',
        description: 'Counted over the newest 20000 paths of the range.',
        querystring: dependencyQuerySchema,
        response: { 200: ok('edges', jaegerDependenciesSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      const { endTs, lookback } = request.query;
      const to = endTs === undefined ? nowUs() : endTs * 1000;
      const from = to - (lookback === undefined ? DAY_US : lookback * 1000);
      const window = resolveWindow({ from: Math.max(0, from), to }, nowUs());
      const edges = await store.hopEdges(window, request);
      return enveloped(
        edges.map(({ parent, child, hops }) => ({ parent, child, callCount: hops })),
      );
    },
  );
}
