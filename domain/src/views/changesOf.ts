/** Neighbouring states of Kubernetes objects, to what changed between them. */

import { HEALTH_CHECK_KIND } from '../health/observed.ts';
import type { Change } from '../rest/changes.ts';
import {
  type ComparedPort,
  comparedServiceSchema,
  comparedSliceSchema,
} from '../rest/comparedObjects.ts';
import { healthCheckObjectSchema } from '../wire/healthChecks.ts';

export interface ObjectState {
  readonly cluster: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Microseconds since the epoch; minus infinity: as long as anybody knows. */
  readonly fromUs: number;
  readonly earliestUs: number;
  /** Infinity: still so. */
  readonly toUs: number;
  readonly earliestToUs: number;
  readonly object: unknown;
}

const SERVICE_NAME = 'kubernetes.io/service-name';
const MAX_NAMED = 3;

interface Facet {
  readonly kind: Change['kind'];
  readonly field: string;
  readonly value: string;
  /** Added to the words about the value. */
  readonly detail?: string;
  readonly nodes: readonly string[];
}

/**
 * Changes in [fromUs, toUs), newest first. States of one object may come in any order; one that no state comes before
 * counts as new only where its begin is known. Objects that do not parse are left out.
 */
export function changesOf(
  states: readonly ObjectState[],
  { fromUs, toUs }: { readonly fromUs: number; readonly toUs: number },
): Change[] {
  const objects = new Map<string, ObjectState[]>();
  for (const state of states) {
    const key = [state.cluster, state.kind, state.namespace, state.name].join(' ');
    objects.set(key, [...(objects.get(key) ?? []), state]);
  }
  const changes = [...objects.values()].flatMap((all) => changesOfOne(all));
  return changes
    .filter(({ atUs }) => atUs >= fromUs && atUs < toUs)
    .sort((a, b) => b.atUs - a.atUs || a.name.localeCompare(b.name));
}

function changesOfOne(states: readonly ObjectState[]): Change[] {
  const sorted = [...states].sort((a, b) => a.fromUs - b.fromUs);
  return sorted.flatMap((state, index) => {
    const before = sorted[index - 1];
    const next = sorted[index + 1];
    // A state that ended before this one began: in between the object was not there.
    const isNeighbour = before !== undefined && before.toUs === state.fromUs;
    const began = isNeighbour ? differences(before, state) : appearance(state);
    return [...began, ...(next?.fromUs === state.toUs ? [] : disappearance(state))];
  });
}

function differences(before: ObjectState, after: ObjectState): Change[] {
  const old = new Map(facetsOf(before).map((facet) => [facet.field, facet]));
  return facetsOf(after).flatMap((facet) => {
    const was = old.get(facet.field);
    if (was === undefined || was.value === facet.value) return [];
    const nodes = [...new Set([...was.nodes, ...facet.nodes])].sort();
    const text = textOf(was, facet);
    return [
      changeOf(after, {
        ...{ kind: facet.kind, field: facet.field, before: was.value, after: facet.value, nodes },
        text,
      }),
    ];
  });
}

function textOf(before: Facet, { kind, field, value, detail = '', nodes }: Facet): string {
  if (kind === 'endpoints') return endpointText(before, value);
  const where = kind === 'health' ? ` of ${nodes.join(', ')}` : '';
  return `${field}${where}: ${said(before.value)} → ${said(value)}${detail}`;
}

const said = (value: string): string => (value === '' ? 'none' : value);

/** `10.1.0.5@node-b, …`: what came and what went. */
function endpointText(before: Facet, after: string): string {
  const was = splitList(before.value);
  const is = splitList(after);
  const came = is.filter((each) => !was.includes(each));
  const went = was.filter((each) => !is.includes(each));
  const parts = [
    ...(came.length === 0 ? [] : [`ready: ${named(came)}`]),
    ...(went.length === 0 ? [] : [`no longer ready: ${named(went)}`]),
  ];
  return `${parts.join('; ')} (${was.length} → ${is.length} ready)`;
}

const splitList = (value: string): string[] => (value === '' ? [] : value.split(', '));

function named(endpoints: readonly string[]): string {
  const shown = endpoints.slice(0, MAX_NAMED).map((each) => each.replace('@', ' on '));
  const rest = endpoints.length - shown.length;
  return rest === 0 ? shown.join(', ') : `${shown.join(', ')} and ${rest} more`;
}

function appearance(state: ObjectState): Change[] {
  // That an agent began or ceased to ask is no change of what it asks about.
  if (!Number.isFinite(state.fromUs) || state.kind === HEALTH_CHECK_KIND) return [];
  const nodes = nodesOf(state);
  const text = `${state.kind} ${state.name} appeared`;
  const rest = { field: state.kind, before: '', after: 'exists', nodes, text };
  return [changeOf(state, { kind: kindOf(state), ...rest })];
}

function disappearance(state: ObjectState): Change[] {
  if (!Number.isFinite(state.toUs) || state.kind === HEALTH_CHECK_KIND) return [];
  const text = `${state.kind} ${state.name} is gone`;
  const rest = { field: state.kind, before: 'exists', after: '', nodes: nodesOf(state), text };
  const ended = { ...state, fromUs: state.toUs, earliestUs: state.earliestToUs };
  return [changeOf(ended, { kind: kindOf(state), ...rest })];
}

const nodesOf = (state: ObjectState): string[] =>
  state.kind === 'Node'
    ? [state.name]
    : [...new Set(facetsOf(state).flatMap(({ nodes }) => nodes))].sort();

function kindOf({ kind }: ObjectState): Change['kind'] {
  if (kind === 'Node') return 'node';
  return kind === 'EndpointSlice' ? 'endpoints' : 'service';
}

type What = Pick<Change, 'kind' | 'field' | 'before' | 'after' | 'nodes' | 'text'>;

function changeOf(state: ObjectState, what: What): Change {
  const { cluster, namespace, fromUs: atUs, earliestUs } = state;
  const earliestAtUs = Number.isFinite(earliestUs) ? earliestUs : null;
  return { atUs, earliestAtUs, cluster, namespace, name: subjectOf(state), ...what };
}

/** An EndpointSlice is told under the name of its Service, and so is a health check. */
function subjectOf({ kind, name, object }: ObjectState): string {
  if (kind === HEALTH_CHECK_KIND)
    return healthCheckObjectSchema.safeParse(object).data?.service ?? name;
  if (kind !== 'EndpointSlice') return name;
  const parsed = comparedSliceSchema.safeParse(object);
  return (parsed.success ? parsed.data.metadata.labels[SERVICE_NAME] : undefined) ?? name;
}

function facetsOf({ kind, object }: ObjectState): Facet[] {
  if (kind === 'Service') return serviceFacets(object);
  if (kind === HEALTH_CHECK_KIND) return healthFacets(object);
  return kind === 'EndpointSlice' ? sliceFacets(object) : [];
}

function serviceFacets(object: unknown): Facet[] {
  const parsed = comparedServiceSchema.safeParse(object);
  if (!parsed.success) return [];
  const { spec } = parsed.data;
  const facet = (kind: Change['kind'], field: string, value: string) => ({
    ...{ kind, field, value, nodes: [] },
  });
  const port = (each: ComparedPort) =>
    `${each.name === '' ? '' : `${each.name} `}${each.port}${each.nodePort === undefined ? '' : `:${each.nodePort}`}`;
  const health = spec.healthCheckNodePort === 0 ? '' : String(spec.healthCheckNodePort);
  return [
    facet('policy', 'externalTrafficPolicy', spec.externalTrafficPolicy),
    facet('policy', 'internalTrafficPolicy', spec.internalTrafficPolicy),
    facet('policy', 'loadBalancerSourceRanges', (spec.loadBalancerSourceRanges ?? []).join(', ')),
    facet('service', 'type', spec.type),
    facet('service', 'healthCheckNodePort', health),
    facet('service', 'ports', spec.ports.map(port).join(', ')),
  ];
}

function healthFacets(object: unknown): Facet[] {
  const check = healthCheckObjectSchema.safeParse(object).data;
  if (check === undefined) return [];
  const { state, httpStatus, localEndpoints, node } = check;
  const endpoints = localEndpoints === null ? '' : `, ${localEndpoints} local endpoints`;
  const detail = httpStatus === null ? '' : ` (${httpStatus}${endpoints})`;
  return [{ kind: 'health', field: 'health check', value: state, detail, nodes: [node] }];
}

function sliceFacets(object: unknown): Facet[] {
  const parsed = comparedSliceSchema.safeParse(object);
  if (!parsed.success) return [];
  const ready = (parsed.data.endpoints ?? []).filter(
    ({ conditions }) => conditions.ready !== false && conditions.terminating !== true,
  );
  const names = ready.flatMap(({ addresses, nodeName }) =>
    addresses.slice(0, 1).map((ip) => (nodeName == null ? ip : `${ip}@${nodeName}`)),
  );
  const nodes = [...new Set(ready.flatMap(({ nodeName }) => nodeName ?? []))];
  return [{ kind: 'endpoints', field: 'endpoints', value: names.sort().join(', '), nodes }];
}
