/** Calls that the pages of services, topology and agents make. */
import type { Change } from '../../../domain/src/rest/changes.ts';
import type { RefusalTimeline } from '../../../domain/src/rest/refusalTimeline.ts';
import type { ServiceGraph } from '../../../domain/src/rest/serviceGraph.ts';
import type { ServiceTotals } from '../../../domain/src/rest/services.ts';
import type { TopologyItem } from '../../../domain/src/rest/topology.ts';
import type { Agent, MissingFacts } from '../../../grafana-plugin/src/view/agentModel.ts';
import { type Answer, getJson, isObject } from './api.ts';

export interface ServiceList {
  readonly items: readonly ServiceTotals[];
  readonly fromUs: number;
  readonly toUs: number;
  readonly countedUntilUs: number | null;
}

export interface ChangeList {
  readonly items: readonly Change[];
  readonly isWhole: boolean;
}

export interface Topology {
  readonly atUs: number;
  readonly items: readonly TopologyItem[];
  readonly nextCursor: string | null;
}

export interface AgentList {
  readonly items: readonly Agent[];
}

export type Missing = MissingFacts & { readonly fromUs: number; readonly toUs: number };

/** Parsers look at what tells the document from another one. */
const parser =
  <T>(...fields: readonly string[]) =>
  (body: unknown): T | null =>
    isObject(body) && fields.every((field) => field in body) ? (body as T) : null;

export function fetchServices(
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Answer<ServiceList>> {
  return getJson(`/api/v1/services?${query}`, signal, parser('items', 'countedUntilUs'));
}

/** `namespace/name`. */
export function fetchGraph(
  service: string,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Answer<ServiceGraph>> {
  const path = service.split('/').map(encodeURIComponent).join('/');
  return getJson(`/api/v1/services/${path}/graph?${query}`, signal, parser('totals', 'edges'));
}

export function fetchChanges(
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Answer<ChangeList>> {
  return getJson(`/api/v1/changes?${query}`, signal, parser('items', 'isWhole'));
}

export function fetchTimeline(
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Answer<RefusalTimeline>> {
  return getJson(`/api/v1/refusals/timeline?${query}`, signal, parser('places', 'stepSeconds'));
}

export function fetchTopology(
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Answer<Topology>> {
  return getJson(`/api/v1/topology?${query}`, signal, parser('atUs', 'items', 'nextCursor'));
}

export function fetchAgents(signal: AbortSignal): Promise<Answer<AgentList>> {
  return getJson('/api/v1/agents', signal, parser('items'));
}

export function fetchMissing(
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Answer<Missing>> {
  return getJson(`/api/v1/missing?${query}`, signal, parser('losses', 'silences', 'paths'));
}
