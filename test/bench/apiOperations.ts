/** What the clients of `bench api` ask for, and what they answer about it. */
import { z } from 'zod';

const HOUR_US = 3_600_000_000;
const SERVICES = 20;

export interface LoadPlan {
  readonly url: string;
  readonly clients: number;
  readonly seconds: number;
  /** From one answer to the next question of a client, on average; 0: at once. */
  readonly pauseMs: number;
  /** The paths in the store lie in between. */
  readonly startUs: number;
  readonly endUs: number;
  readonly ids: readonly { readonly pathId: string; readonly client: string }[];
}

/** Random numbers below `below`. */
export type Pick = (below: number) => number;

export interface Operation {
  readonly name: string;
  /** How often it is asked, against the others. */
  readonly weight: number;
  readonly path: (plan: LoadPlan, pick: Pick) => string;
}

const sampleOf = ({ ids }: LoadPlan, pick: Pick) =>
  ids[pick(ids.length)] ?? { pathId: '', client: '' };
const hourOf = (plan: LoadPlan, pick: Pick): string => {
  const fromUs = Math.floor(plan.startUs + pick(23 * 60) * 60_000_000);
  return `from=${fromUs}&to=${fromUs + HOUR_US}`;
};
const quarterOf = (plan: LoadPlan, pick: Pick): string => {
  const fromUs = Math.floor(plan.startUs + pick(23 * 60) * 60_000_000);
  return `from=${fromUs}&to=${fromUs + HOUR_US / 4}`;
};
const serviceOf = (pick: Pick): string => `web-${pick(SERVICES)}`;

/** As pages, terminals and Grafana ask. */
export const OPERATIONS: readonly Operation[] = [
  {
    name: 'path by id',
    weight: 4,
    path: (plan, pick) => `/api/v1/paths/${sampleOf(plan, pick).pathId}`,
  },
  {
    name: 'newest paths of 15 min',
    weight: 3,
    path: (plan, pick) => `/api/v1/paths?limit=50&${quarterOf(plan, pick)}`,
  },
  {
    name: 'paths of a service, 15 min',
    weight: 3,
    path: (plan, pick) =>
      `/api/v1/paths?limit=50&service=default/${serviceOf(pick)}&${quarterOf(plan, pick)}`,
  },
  {
    name: 'paths of a client, 24 h',
    weight: 1,
    path: (plan, pick) =>
      `/api/v1/paths?limit=50&client=${sampleOf(plan, pick).client}&from=${plan.startUs}&to=${plan.endUs}`,
  },
  {
    name: 'refusals of an hour',
    weight: 2,
    path: (plan, pick) => `/api/v1/refusals?limit=50&${hourOf(plan, pick)}`,
  },
  {
    name: 'incidents of an hour',
    weight: 2,
    path: (plan, pick) => `/api/v1/incidents?${hourOf(plan, pick)}`,
  },
  {
    name: 'services of an hour',
    weight: 2,
    path: (plan, pick) => `/api/v1/services?${hourOf(plan, pick)}`,
  },
  {
    name: 'service over an hour',
    weight: 3,
    path: (plan, pick) =>
      `/api/v1/services/default/${serviceOf(pick)}/stats?step=60&${hourOf(plan, pick)}`,
  },
  {
    name: 'overview of 15 min',
    weight: 2,
    path: (plan, pick) => `/api/v1/overview?${quarterOf(plan, pick)}`,
  },
  {
    name: 'overview of an hour',
    weight: 1,
    path: (plan, pick) => `/api/v1/overview?${hourOf(plan, pick)}`,
  },
  {
    name: 'what is missing in an hour',
    weight: 1,
    path: (plan, pick) => `/api/v1/missing?${hourOf(plan, pick)}`,
  },
  { name: 'agents', weight: 1, path: () => '/api/v1/agents' },
  { name: 'alerts', weight: 1, path: () => '/api/v1/alerts' },
];

const timesSchema = z.object({
  ...{ count: z.int(), p50: z.number(), p95: z.number(), p99: z.number() },
});
export const loadResultSchema = z.object({
  seconds: z.number(),
  all: timesSchema,
  operations: z.record(z.string(), timesSchema),
  failed: z.int(),
  statuses: z.record(z.string(), z.int()),
});
export type LoadResult = z.infer<typeof loadResultSchema>;
