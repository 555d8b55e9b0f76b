/**
 * Near a change nodes act by what was before, or already by what the topology is told of later: kube-proxy collects
 * changes for a second, each node on its own, and watches have a lag.
 */
import { DEFAULT_TRANSITION_WINDOW_US } from '../kubernetes/history.ts';
import type { Endpoint } from '../model/tuple.ts';
import {
  changesNear,
  type ServicePort,
  serviceOfEndpoint,
  type Topology,
  type TopologyChange,
} from '../topology/topology.ts';
import type { Connection } from './connection.ts';
import type { Refusal } from './evidence.ts';
import { isDnat } from './stops.ts';

/** The topology as it was, or was to be, when the connection began. */
export interface OtherState {
  readonly topology: Topology;
  /** For people: `0.7 s earlier`. */
  readonly when: string;
}

/** What decides the refusal and changed near it: the node, and the Service that was dialled. */
export function changesAround(
  { legs }: Connection,
  refusal: Refusal,
  topology: Topology,
): readonly TopologyChange[] {
  // Behind a node's translation the tuple is that of an endpoint, which may be nobody's any more.
  const dialled = legs.find(isDnat)?.original?.dst ?? refusal.tuple.dst;
  const service = serviceNear(dialled, refusal.startUs, topology);
  const subjects = [
    `Node ${refusal.node}`,
    ...(service === null ? [] : [`Service ${service.namespace}/${service.name}`]),
  ];
  return changesNear(topology, subjects);
}

/** One that is just made, or was just deleted, counts, too. */
function serviceNear(dst: Endpoint, atUs: number, topology: Topology): ServicePort | null {
  const window = DEFAULT_TRANSITION_WINDOW_US;
  const { asOf } = topology;
  const found = serviceAt(dst, topology);
  if (found !== null || asOf === undefined) return found;
  return serviceAt(dst, asOf(atUs - window)) ?? serviceAt(dst, asOf(atUs + window));
}

function serviceAt({ ip, port }: Endpoint, topology: Topology): ServicePort | null {
  return (
    topology.serviceByNodePort.get(port) ??
    topology.serviceByAddress.get(`${ip}|${port}`)?.service ??
    serviceOfEndpoint(topology, ip, port)
  );
}

/** Before and after each of these changes, the nearest first. */
export function statesAround(
  changes: readonly TopologyChange[],
  atUs: number,
  { asOf }: Topology,
): readonly OtherState[] {
  if (asOf === undefined) return [];
  return changes
    .flatMap(({ earliestUs, latestUs }) => [earliestUs - 1, latestUs])
    .filter(Number.isFinite)
    .map((otherUs) => ({ otherUs, distanceUs: Math.abs(otherUs - atUs) }))
    .sort((a, b) => a.distanceUs - b.distanceUs)
    .map(({ otherUs, distanceUs }) => ({
      topology: asOf(otherUs),
      when: `${(distanceUs / 1e6).toFixed(1)} s ${otherUs < atUs ? 'earlier' : 'later'}`,
    }));
}
