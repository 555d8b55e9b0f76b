/** What is known of a path's sources, gathered before anything is concluded from it. */
import { isInRange } from '../kubernetes/cidr.ts';
import type { Endpoint } from '../model/tuple.ts';
import { partyAt } from '../reconstruct/stops.ts';
import type { Party, SourceScenario } from '../rest/path.ts';
import { isPolicyChanging, type ServicePort, type Topology } from '../topology/topology.ts';
import { type Claim, claimsOf } from './claims.ts';
import {
  type Segment,
  type Sighting,
  type SourceEvidence,
  segmentsOf,
  type Trust,
  trustOf,
} from './segments.ts';

/** All that the scenario follows from. */
export interface SourceFacts {
  readonly segments: readonly Segment[];
  /** Index of the connection that the receiver serves. */
  readonly frontIndex: number;
  readonly front: Segment;
  readonly receiver: Sighting;
  /** Who opened the first connection; null: nobody saw that. */
  readonly origin: Party | null;
  /** The first hop of `front` at whose end another address was seen than its sender's. */
  readonly rewrite: { readonly sighting: Sighting; readonly source: Endpoint } | null;
  /** The Service whose NodePort or address a node of `front` was dialled at. */
  readonly service: ServicePort | null;
  /** Its policy changed near the connection: a node may have acted by what was before, or by what came after. */
  readonly isPolicyChanging: boolean;
  readonly claims: readonly Claim[];
  readonly trust: Trust;
  /** The address of a node or Pod, by topology, agents or the nodes' Pod ranges. */
  readonly isClusterAddress: (ip: string) => boolean;
}

/** `client`: canonical address, null where not known or not believed. */
export interface Finding {
  readonly scenario: SourceScenario;
  readonly client: string | null;
  readonly believable: boolean | null;
  readonly claim: Claim | null;
  /** With scenario `unknown`: why. */
  readonly why: string;
}

/** null for a path without hops. */
export function factsOf(evidence: SourceEvidence): SourceFacts | null {
  const segments = segmentsOf(evidence);
  const trust = trustOf(evidence);
  const served = segments.findIndex((segment) => {
    const last = segment.sightings.at(-1)?.hop.to;
    return !segment.isGap && last !== undefined && !trust.isBalancer(last);
  });
  const frontIndex = served < 0 ? segments.length - 1 : served;
  const front = segments[frontIndex];
  const receiver = front?.sightings.at(-1);
  const first = segments[0];
  if (front === undefined || receiver === undefined || first === undefined) return null;
  const claims = claimsOf(segments, evidence.forwarded ?? [], trust);
  // LOCAL: the proxy speaks for itself, so nobody is missing before it.
  const isLocal = front.header?.command === 'local';
  const origin = isLocal ? front.sender : first.isGap ? null : first.sender;
  const service = serviceOf(front, evidence.context.topology);
  const isChanging = service !== null && isPolicyChanging(service, evidence.context.topology);
  const rewrite = rewriteIn(front);
  const isClusterAddress = clusterAddresses(evidence.context);
  return {
    ...{ segments, frontIndex, front, receiver, origin },
    ...{ rewrite, service, isPolicyChanging: isChanging, claims, trust, isClusterAddress },
  };
}

function clusterAddresses(context: SourceEvidence['context']): (ip: string) => boolean {
  return (ip) =>
    ['node', 'ingress', 'app'].includes(partyAt({ ip, port: 0 }, null, context).role) ||
    [...context.topology.nodes.values()].some(({ podCidrs }) =>
      podCidrs.some((range) => isInRange(ip, range)),
    );
}

function rewriteIn({ sender, sightings }: Segment): SourceFacts['rewrite'] {
  for (const sighting of sightings) {
    const { source } = sighting;
    if (source !== null && sender.ip !== '' && source.ip !== sender.ip) return { sighting, source };
  }
  return null;
}

function serviceOf({ sightings }: Segment, topology: Topology): ServicePort | null {
  const dialled = sightings.map(({ hop }) => hop.to).filter((to) => to.role === 'node');
  return (
    dialled
      .map(
        ({ ip, port }) =>
          topology.serviceByNodePort.get(port) ??
          topology.serviceByAddress.get(`${ip}|${port}`)?.service,
      )
      .find((service) => service !== undefined) ?? null
  );
}
