/**
 * What a node should do with a SYN to a Service, by the topology of that instant: the rules of kube-proxy and its
 * replacements, written once. Pure. Expected against observed is what explains refusals and extra hops.
 */
import type { Endpoint } from '../model/tuple.ts';
import type { ServicePort, Topology, TopologyEndpoint } from '../topology/topology.ts';
import { usableEndpoints } from '../topology/topology.ts';
import { candidatesOf } from './candidates.ts';
import { isInRange, isIpv6 } from './cidr.ts';
import {
  DATA_PLANE_RULES,
  type DataPlaneRules,
  possibleAnywhere,
  type Verdict,
} from './dataPlanes.ts';
import { type NodeView, type SourceClass, sourceClassOf, type Target, targetOf } from './target.ts';

export interface Attempt {
  readonly view: NodeView;
  /** As they arrive at this node, before its own translation. */
  readonly src: { readonly ip: string };
  readonly dst: Endpoint;
}

export const CAUSES = [
  'noLocalEndpoints',
  'noEndpoints',
  'sourceRanges',
  'closedPort',
  'hostPortElsewhere',
  'nodePortAddress',
  'unknownServicePort',
  'asymmetricReturn',
] as const;
export type Cause = (typeof CAUSES)[number];

export type SnatReason =
  | 'externalCluster'
  | 'hairpin'
  | 'outsideToClusterIp'
  | 'nodeProcess'
  | 'remoteEndpoint';

/** One endpoint that this node may choose, and what then follows. */
export interface Choice {
  readonly endpoint: TopologyEndpoint;
  /** null: the source address stays. */
  readonly snat: SnatReason | null;
  /** Source addresses of which the endpoint sees one: the untouched source, or those MASQUERADE may take. */
  readonly sees: readonly string[];
  /** null: the topology does not say where the endpoint runs. */
  readonly crosses: boolean | null;
}

export interface Outcome {
  readonly target: Target;
  readonly verdict: Verdict;
  /** Verdicts that other versions or settings of this data plane give; all that exist where the mode is not known. */
  readonly alsoPossible: readonly Verdict[];
  readonly cause: Cause | null;
  /** The policy that was in force for this source; null where no Service is involved. */
  readonly policy: 'Cluster' | 'Local' | null;
  readonly narrowedBy: 'Local' | 'nodeHints' | 'zoneHints' | null;
  readonly choices: readonly Choice[];
  /** Fewest machine boundaries after this node over all choices; null without any. */
  readonly minCrossings: number | null;
  /** What this rests on besides measured behaviour and the topology, one sentence each. */
  readonly inferred: readonly string[];
}

type Found = Partial<Omit<Outcome, 'target' | 'inferred'>> & { readonly verdict: Verdict };

export function expectedOutcome(topology: Topology, attempt: Attempt): Outcome {
  const target = targetOf(topology, attempt.view, attempt.dst);
  const found: Outcome = {
    target,
    alsoPossible: [],
    cause: null,
    policy: null,
    narrowedBy: null,
    choices: [],
    minCrossings: null,
    inferred: inferencesOf(attempt.view, target),
    ...outcomeAt(topology, attempt, target),
  };
  return { ...found, alsoPossible: found.alsoPossible.filter((each) => each !== found.verdict) };
}

function outcomeAt(topology: Topology, attempt: Attempt, target: Target): Found {
  const { view } = attempt;
  const rules = DATA_PLANE_RULES[view.dataPlane];
  switch (target.kind) {
    case 'unknown':
      return { verdict: 'unknown' };
    case 'pod':
    case 'otherNode':
      return { verdict: 'pass' };
    case 'closed':
      return { verdict: 'reset', cause: closedCause(topology, attempt.dst) };
    case 'nodePortElsewhere':
      return { verdict: 'reset', cause: 'nodePortAddress' };
    case 'clusterIpUnknownPort':
      return { ...unserved(view, rules, 'onUnknownPort'), cause: 'unknownServicePort' };
    case 'hostPort':
      return atHostPort(attempt, target.hostPort);
    default:
      return atService(topology, attempt, target, rules);
  }
}

/** A hostPort is open only where such a Pod runs. */
function closedCause({ hostPorts }: Topology, dst: Endpoint): Cause {
  return hostPorts.some(({ port }) => port === dst.port) ? 'hostPortElsewhere' : 'closedPort';
}

function atHostPort(
  { view, src, dst }: Attempt,
  hostPort: Extract<Target, { kind: 'hostPort' }>['hostPort'],
): Found {
  const endpoint = endpointAt(hostPort.target ?? dst, view.node.name);
  const choice: Choice = { endpoint, snat: null, sees: [src.ip], crosses: false };
  return { verdict: 'forward', choices: [choice], minCrossings: 0 };
}

function endpointAt(at: Endpoint, node: string): TopologyEndpoint {
  const conditions = { ready: true, serving: true, terminating: false };
  return { ...at, node, zone: null, hintedNodes: [], hintedZones: [], ...conditions };
}

type ServiceTarget = Extract<Target, { service: ServicePort }>;

function atService(
  topology: Topology,
  attempt: Attempt,
  target: ServiceTarget,
  rules: DataPlaneRules,
): Found {
  const { view, src } = attempt;
  const { service } = target;
  if (target.kind === 'loadBalancerIp' && !target.isCaptured) return { verdict: 'pass' };
  const source = sourceClassOf(topology, view, src.ip);
  if (isOutOfRanges(target, attempt, source, rules))
    return { verdict: 'drop', cause: 'sourceRanges' };
  const isInternal = target.kind === 'clusterIp';
  const written = isInternal ? service.internalTrafficPolicy : service.externalTrafficPolicy;
  // A Pod or a process of this node that dials an external address is served from the whole cluster.
  const isShortCut = !isInternal && written === 'Local' && source !== 'outside';
  const policy = isShortCut ? 'Cluster' : written;
  const { endpoints, narrowedBy } = candidatesOf(service, policy, view.node);
  if (endpoints.length > 0) {
    const reason = snatFor({ isInternal, isShortCut, policy, source }, view);
    return forward(
      endpoints.map((endpoint) => choiceOf(endpoint, reason, attempt, rules)),
      policy,
      narrowedBy,
    );
  }
  const elsewhere = usableEndpoints(service);
  if (elsewhere.length === 0) {
    return { ...unserved(view, rules, 'onNoEndpoint'), cause: 'noEndpoints', policy };
  }
  const remote = elsewhere.map((each) => choiceOf(each, null, attempt, rules));
  if (service.fallsBackFromLocal) return forward(remote, 'Cluster', null);
  const verdicts = unserved(view, rules, 'onNoLocal');
  const isMisrouted = verdicts.verdict === 'misroute';
  return {
    ...verdicts,
    cause: isMisrouted ? 'asymmetricReturn' : 'noLocalEndpoints',
    policy,
    narrowedBy,
    choices: isMisrouted ? remote : [],
    minCrossings: isMisrouted ? minimum(remote) : null,
  };
}

/** If the node's own address is inside a range, the load balancer's address counts as inside, too. */
function isOutOfRanges(
  target: ServiceTarget,
  { view, src, dst }: Attempt,
  source: SourceClass,
  rules: DataPlaneRules,
): boolean {
  const { sourceRanges } = target.service;
  const ranges = sourceRanges.filter((range) => isIpv6(range) === isIpv6(src.ip));
  if (target.kind !== 'loadBalancerIp' || sourceRanges.length === 0) return false;
  if (!rules.rangesBindInside && source !== 'outside') return false;
  const isInside = (ip: string) => ranges.some((range) => isInRange(ip, range.trim()));
  return !isInside(src.ip) && !(src.ip === dst.ip && view.addresses.some(isInside));
}

function unserved(
  view: NodeView,
  rules: DataPlaneRules,
  situation: 'onNoLocal' | 'onNoEndpoint' | 'onUnknownPort',
): { verdict: Verdict; alsoPossible: readonly Verdict[] } {
  const [verdict, ...others] = rules[situation];
  return { verdict, alsoPossible: view.isDataPlaneKnown ? others : possibleAnywhere(situation) };
}

function forward(
  choices: readonly Choice[],
  policy: 'Cluster' | 'Local',
  narrowedBy: Outcome['narrowedBy'],
): Found {
  return { verdict: 'forward', policy, narrowedBy, choices, minCrossings: minimum(choices) };
}

function minimum(choices: readonly Choice[]): number | null {
  const known = choices.flatMap(({ crosses }) => (crosses === null ? [] : [crosses ? 1 : 0]));
  return known.length === 0 ? null : Math.min(...known);
}

interface SnatQuestion {
  readonly isInternal: boolean;
  readonly isShortCut: boolean;
  readonly policy: 'Cluster' | 'Local';
  readonly source: SourceClass;
}

/** Why kube-proxy would masquerade, whatever endpoint it chooses; null: it would not. */
function snatFor(question: SnatQuestion, { node }: NodeView): SnatReason | null {
  const { isInternal, isShortCut, policy, source } = question;
  if (isInternal) {
    if (source === 'pod' || node.localDetector === 'none') return null;
    return source === 'thisNode' ? 'nodeProcess' : 'outsideToClusterIp';
  }
  if (isShortCut) return source === 'thisNode' ? 'nodeProcess' : null;
  return policy === 'Cluster' ? 'externalCluster' : null;
}

function choiceOf(
  endpoint: TopologyEndpoint,
  reason: SnatReason | null,
  { view, src }: Attempt,
  rules: DataPlaneRules,
): Choice {
  const crosses = endpoint.node === null ? null : endpoint.node !== view.node.name;
  const snat = snatBy(rules, src.ip === endpoint.ip ? 'hairpin' : reason, crosses);
  return {
    endpoint,
    snat,
    sees: snat === null ? [src.ip] : masqueradeAddresses(view, src.ip, crosses),
    crosses,
  };
}

function snatBy(
  rules: DataPlaneRules,
  reason: SnatReason | null,
  crosses: boolean | null,
): SnatReason | null {
  if (rules.masquerades === 'always') return reason;
  if (rules.masquerades === 'never') return null;
  return reason === 'externalCluster' && crosses !== false ? 'remoteEndpoint' : null;
}

/**
 * MASQUERADE takes the address of the outgoing interface: towards another node that of its uplink, or of its tunnel
 * (the base of the Pod range with flannel); towards an own Pod the gateway's, or the uplink's where the Pod-facing
 * interface has none (measured with three ways of wiring Pods).
 */
export function masqueradeAddresses(
  { node, addresses }: NodeView,
  src: string,
  crosses: boolean | null,
): readonly string[] {
  const family = addresses.filter((ip) => isIpv6(ip) === isIpv6(src));
  const isPodSide = (ip: string) => node.podCidrs.some((range) => isInRange(ip, range));
  const isTunnel = (ip: string) => node.podCidrs.some((range) => range.startsWith(`${ip}/`));
  if (crosses === null) return family;
  const fits = family.filter((ip) => (crosses ? !isPodSide(ip) || isTunnel(ip) : !isTunnel(ip)));
  return crosses ? fits : [...fits].sort((a, b) => Number(isPodSide(b)) - Number(isPodSide(a)));
}

function inferencesOf({ node, dataPlane, isDataPlaneKnown }: NodeView, target: Target): string[] {
  if (target.kind === 'pod' || target.kind === 'otherNode' || target.kind === 'unknown') return [];
  const { title, inferredFrom } = DATA_PLANE_RULES[dataPlane];
  return [
    ...(isDataPlaneKnown
      ? []
      : [`which data plane ${node.name} runs is not known: ${title} assumed`]),
    ...(inferredFrom === null
      ? []
      : [`how ${title} behaves is not measured but from: ${inferredFrom}`]),
    ...(target.kind === 'closed'
      ? ['that nothing listens: the topology does not know processes outside Pods']
      : []),
  ];
}
