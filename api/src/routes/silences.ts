/** GET, POST and DELETE /api/v1/silences: each holds in the clusters that its author reaches. */
import { randomUUID } from 'node:crypto';
import { isWithin, stateOfSilence } from '@hoptrace/domain/alerts/silences.ts';
import {
  type ShownSilence,
  type Silence,
  type SilenceInput,
  shownSilenceSchema,
  silenceFilterSchema,
  silenceInputSchema,
  silenceListSchema,
} from '@hoptrace/domain/rest/alerts.ts';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { askedClusters } from '../access.ts';
import type { AlertEngine } from '../alerts/engine.ts';
import { AppError } from '../errors.ts';
import { type ApiApp, ok, PROBLEMS, type RouteDeps } from './routes.ts';

const DAY_US = 86_400 * 1_000_000;
const CHANGE_TIMEOUT_MS = 8_000;
const MAX_SILENCES = 1000;
/** One tenant must not use up all of them. */
const MAX_OWN_SILENCES = 200;
const MAX_SILENCE_US = 30 * DAY_US;
/** How long one that is over can still be asked for. The audit log has it longer. */
const ENDED_SHOWN_US = 7 * DAY_US;

export interface SilenceRouteDeps extends RouteDeps {
  /** null: alerts are off. */
  readonly alerts: AlertEngine | null;
}

export function registerSilences(app: ApiApp, deps: SilenceRouteDeps): void {
  registerList(app, deps);
  registerCreate(app, deps);
  registerEnd(app, deps);
}

function registerList(app: ApiApp, { alerts, nowUs }: SilenceRouteDeps): void {
  app.get(
    '/api/v1/silences',
    {
      schema: {
        operationId: 'listSilences',
        tags: ['alerts'],
        summary: 'Silences that have not ended, or that did within a week',
        description: `A silence keeps receivers quiet; its alerts are still listed, with isSilenced. A token that is bound to clusters sees the silences that hold in those alone.

    curl 'http://127.0.0.1:7040/api/v1/silences?state=active'`,
        querystring: silenceFilterSchema,
        response: { 200: ok('the silences', silenceListSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      const { state, cluster } = request.query;
      const now = nowUs();
      askedClusters(cluster, request);
      const all =
        state === 'ended'
          ? await endedSince(alerts, now - ENDED_SHOWN_US, request.signal)
          : (alerts?.silences() ?? []);
      const items = all
        .filter((silence) => isWithin(silence, reachOf(request)))
        .filter(({ clusters }) => cluster === undefined || holds(clusters, cluster))
        .map((silence) => shown(silence, now))
        .filter((silence) => (state ?? silence.state) === silence.state);
      return { items, nextCursor: null };
    },
  );
}

function registerCreate(app: ApiApp, { alerts, nowUs }: SilenceRouteDeps): void {
  app.post(
    '/api/v1/silences',
    {
      schema: {
        operationId: 'createSilence',
        tags: ['alerts'],
        summary: 'Keep receivers quiet for a while',
        description: `For alerts that have all labels of \`match\`, in \`clusters\`; \`rule\` names the rule. At most 30 days.

    curl -H 'content-type: application/json' http://127.0.0.1:7040/api/v1/silences -d '{"match": {"rule": "refused-connections", "node": "node3"}, "endsAtUs": 1700000000000000, "createdBy": "me", "comment": "node3 is being drained"}'`,
        body: silenceInputSchema,
        response: { 201: ok('the silence', shownSilenceSchema), ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const { body, grant } = request;
      const engine = required(alerts);
      const now = nowUs();
      const startsAtUs = body.startsAtUs ?? now;
      requireRange(startsAtUs, body.endsAtUs, now);
      const clusters = scopeOf(body, request);
      requireRoom(engine.silences(), request);
      const silence: Silence = {
        ...{ ...body, silenceId: randomUUID(), startsAtUs, clusters },
        ...{ tenant: grant?.tenant ?? null, author: grant?.name ?? null },
      };
      await set(engine, silence);
      request.change = { subject: silence.silenceId, clusters, before: null, after: silence };
      return reply.code(201).send(shown(silence, now));
    },
  );
}

function registerEnd(app: ApiApp, { alerts, nowUs }: SilenceRouteDeps): void {
  app.delete(
    '/api/v1/silences/:silenceId',
    {
      schema: {
        operationId: 'endSilence',
        tags: ['alerts'],
        summary: 'End a silence now',
        description: `    curl -X DELETE http://127.0.0.1:7040/api/v1/silences/SILENCE_ID`,
        params: z.strictObject({ silenceId: z.uuid() }),
        response: { 200: ok('the silence, which ends now', shownSilenceSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      const { silenceId } = request.params;
      const engine = required(alerts);
      const known = engine.silences().find((each) => each.silenceId === silenceId);
      // One of another tenant is not there: even that it exists is not told.
      if (known === undefined || !isWithin(known, reachOf(request)))
        throw new AppError('HOP_SILENCE_NOT_FOUND', `No silence ${silenceId} is in force.`);
      const now = nowUs();
      const ended = { ...known, endsAtUs: now };
      await set(engine, ended);
      const { clusters } = known;
      request.change = { subject: silenceId, clusters, before: known, after: ended };
      return shown(ended, now);
    },
  );
}

/**
 * A change that has begun is not given up because nobody waits any more: what became of it would not be known. (The
 * request's signal fires as soon as a body was read, too.) Throws HOP_STORE_UNAVAILABLE.
 */
async function set(engine: AlertEngine, silence: Silence): Promise<void> {
  try {
    await engine.setSilence(silence, { signal: AbortSignal.timeout(CHANGE_TIMEOUT_MS) });
  } catch (cause) {
    throw new AppError('HOP_STORE_UNAVAILABLE', 'the silence could not be kept', { cause });
  }
}

async function endedSince(
  alerts: AlertEngine | null,
  sinceUs: number,
  signal: AbortSignal,
): Promise<readonly Silence[]> {
  try {
    return (await alerts?.silencesSince(sinceUs, { signal })) ?? [];
  } catch (cause) {
    throw new AppError('HOP_STORE_UNAVAILABLE', 'silences could not be read', { cause });
  }
}

type Asker = Pick<FastifyRequest, 'clusters' | 'caller' | 'grant'>;

const reachOf = ({ clusters, grant }: Asker) => ({ clusters, tenant: grant?.tenant ?? null });

const holds = (clusters: readonly string[], cluster: string) =>
  clusters.length === 0 || clusters.includes(cluster);

const shown = (silence: Silence, nowUs: number): ShownSilence => ({
  ...silence,
  state: stateOfSilence(silence, nowUs),
});

/** Where it shall hold. Throws HOP_FORBIDDEN for a cluster that the token does not reach. */
function scopeOf({ clusters, match }: SilenceInput, asker: Asker): string[] {
  for (const cluster of [
    ...(clusters ?? []),
    ...(match.cluster === undefined ? [] : [match.cluster]),
  ])
    askedClusters(cluster, asker);
  if (clusters === undefined || clusters.length === 0) return [...asker.clusters];
  return [...new Set(clusters)].sort();
}

function requireRoom(inForce: readonly Silence[], asker: Asker): void {
  const own = inForce.filter((silence) => isWithin(silence, reachOf(asker)));
  const isBound = asker.clusters.length > 0;
  if (isBound && own.length >= MAX_OWN_SILENCES)
    throw refuse(
      'match',
      `${MAX_OWN_SILENCES} silences of these clusters are set already.`,
      END_ONE,
    );
  if (inForce.length < MAX_SILENCES) return;
  throw refuse('match', `${MAX_SILENCES} silences are set already.`, END_ONE);
}

const END_ONE = 'End one of them.';

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
