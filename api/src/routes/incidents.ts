/** GET /api/v1/incidents and /api/v1/incidents/{id}: refusals that belong together, told once. */
import {
  groupRefusals,
  type RefusalGroup,
  readIncidentId,
} from '@hoptrace/domain/incidents/groupRefusals.ts';
import {
  type Incident,
  incidentFilterSchema,
  incidentListSchema,
  incidentSchema,
} from '@hoptrace/domain/rest/incidents.ts';
import { z } from 'zod';
import { askedClusters } from '../access.ts';
import { nextCursorOf, placeOfPage } from '../cursor.ts';
import { AppError } from '../errors.ts';
import { sendingsOfIncidents, sourcesOf } from '../health/sendings.ts';
import { badCursor } from '../parameters.ts';
import type { PathStore, StoreCall } from '../pathStore.ts';
import { type ApiApp, ok, PROBLEMS, type RouteDeps } from './routes.ts';

/** Refusals read for one answer: more than a cluster refuses in an hour that anybody can still read. */
const MAX_FACTS = 100_000;
/** How far before the range a start is looked for. */
const LOOK_BACK_US = 3600 * 1_000_000;
/** An incident that is asked for by its id is followed so far. */
const LOOK_AHEAD_US = 24 * 3600 * 1_000_000;
const US = 1_000_000;

const oneSchema = incidentFilterSchema.pick({ gapSeconds: true });
const idSchema = z.object({ id: z.string().describe('incidentId of an item of the list') });

export function registerIncidents(app: ApiApp, deps: RouteDeps): void {
  registerIncidentList(app, deps);
  registerIncident(app, deps);
}

function registerIncidentList(app: ApiApp, { store, nowUs }: RouteDeps): void {
  app.get(
    '/api/v1/incidents',
    {
      schema: {
        operationId: 'listIncidents',
        tags: ['paths'],
        summary: 'Refusals grouped into incidents',
        description: `Refusals of one service (or destination), node and cause, no further apart than gapSeconds, as one item; those that were under way in [from, to), latest start first.

    curl 'http://127.0.0.1:7040/api/v1/incidents?service=shop/web&gapSeconds=120'`,
        querystring: incidentFilterSchema,
        response: { 200: ok('a page of incidents', incidentListSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      const { query } = request;
      const now = nowUs();
      const place = placeOfPage('incidents', query, now);
      const { service, node, kind, cause, gapSeconds } = query;
      const call = { signal: request.signal, clusters: askedClusters(query.cluster, request) };
      const readFromUs = Math.max(0, place.from - LOOK_BACK_US);
      const facts = await store.refusalFacts(
        { service, node, kind, cause, from: readFromUs, to: place.to, rows: MAX_FACTS },
        call,
      );
      const groups = groupRefusals(facts, gapSeconds * US).filter(
        (group) => group.endUs >= place.from,
      );
      const start = startOf(groups, place.cursor);
      const shown = groups.slice(start, start + query.limit);
      const last = shown.at(-1);
      const next =
        start + shown.length < groups.length && last !== undefined ? last.incidentId : null;
      const isWhole = facts.length < MAX_FACTS;
      const oldest = isWhole ? readFromUs : Math.min(...facts.map((fact) => fact.startedAtUs));
      const items = await told(shown, { store, call, nowUs: now, gapSeconds, readFromUs: oldest });
      return { items, nextCursor: nextCursorOf('incidents', query, { ...place, next }), isWhole };
    },
  );
}

/** The page goes on behind the incident that the page before ended with. */
function startOf(groups: readonly RefusalGroup[], cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const at = groups.findIndex((group) => group.incidentId === cursor);
  if (at < 0) throw badCursor('The incident that the page before ended with is gone.');
  return at + 1;
}

function registerIncident(app: ApiApp, { store, nowUs }: RouteDeps): void {
  app.get(
    '/api/v1/incidents/:id',
    {
      schema: {
        operationId: 'getIncident',
        tags: ['paths'],
        summary: 'One incident',
        description: `The incident that has this id, as it is now; an id that was made while its beginning was not in range finds the whole.

    curl http://127.0.0.1:7040/api/v1/incidents/0hofq0jifyy-2c71e0a9b5d3f604`,
        params: idSchema,
        querystring: oneSchema,
        response: { 200: ok('the incident', incidentSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      const { gapSeconds } = request.query;
      const known = readIncidentId(request.params.id);
      if (known !== null) {
        const readFromUs = Math.max(0, known.startUs - LOOK_BACK_US);
        const now = nowUs();
        const to = Math.max(known.startUs + 1, Math.min(now, known.startUs + LOOK_AHEAD_US));
        const facts = await store.refusalFacts({ from: readFromUs, to, rows: MAX_FACTS }, request);
        const group = groupRefusals(facts, gapSeconds * US).find(
          ({ incidentId, startUs, endUs }) =>
            incidentId.endsWith(known.subject) &&
            startUs <= known.startUs &&
            known.startUs <= endUs,
        );
        const context = { store, call: request, nowUs: now, gapSeconds, readFromUs };
        const [incident] = group === undefined ? [] : await told([group], context);
        if (incident !== undefined) return incident;
      }
      throw new AppError(
        'HOP_INCIDENT_NOT_FOUND',
        `There is no incident ${JSON.stringify(request.params.id.slice(0, 80))}: it may have expired.`,
      );
    },
  );
}

interface Telling {
  readonly store: PathStore;
  readonly call: StoreCall;
  readonly nowUs: number;
  readonly gapSeconds: number;
  /** Nothing before was read. */
  readonly readFromUs: number;
}

/** With cause and remedy in the words of each one's newest refusal. */
async function told(groups: readonly RefusalGroup[], telling: Telling): Promise<Incident[]> {
  const { store, call, nowUs, gapSeconds, readFromUs } = telling;
  const newest = await store.refusalWords(
    groups.map(({ newestPathId }) => newestPathId),
    call,
  );
  const sendings = await sendingsOfIncidents(sourcesOf(store, call), groups);
  const byId = new Map(newest.map((words) => [words.pathId, words]));
  return groups.map((group) => {
    const refusal = byId.get(group.newestPathId);
    return {
      ...group,
      isStartKnown: group.startUs - readFromUs > gapSeconds * US,
      isOngoing: nowUs - group.endUs <= gapSeconds * US,
      text: refusal?.text ?? '',
      remedy: refusal?.remedy ?? '',
      sending: sendings.get(group.incidentId) ?? null,
    };
  });
}
