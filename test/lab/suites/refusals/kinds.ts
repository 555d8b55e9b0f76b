/**
 * Ways in which an attempt to connect can fail on the way to a Pod. What each must be called follows from how it is
 * built: three are the lab's own Services, the others are rules and routes of rules.ts on ports that no Service has.
 */
import { CLOSED_NODE_PORT, nodeNamed, serviceNamed } from '../../plan.ts';

export interface Outcome {
  /** What connect() says to the client; ETIMEDOUT where the client gives up. */
  readonly errorCode: string;
  /** What the agent has to say; null: nothing, for nobody refused. */
  readonly refusal: 'reset' | 'rejected' | 'dropped' | null;
  /** Type and code of the ICMP error, where one is sent. */
  readonly icmp?: readonly [number, number];
}

export interface AttemptKind {
  readonly id: string;
  readonly text: string;
  readonly target: { readonly ip: string; readonly port: number };
  /** One, but where the kernel itself decides; then the client's error tells which it was. */
  readonly outcomes: readonly Outcome[];
  readonly timeoutMs: number;
}

/** NodePort-like ports on node1, made by rules.ts. */
export const PORT = {
  droppedByRule: 30_201,
  adminProhibited: 30_202,
  resetByRule: 30_203,
  closedInPod: 30_204,
  closedInPodFar: 30_205,
  prohibitedRoute: 30_206,
  droppedByPolicy: 30_207,
  blackHole: 30_208,
  droppedInPod: 30_209,
  fullBacklog: 30_210,
  halfOpen: 30_211,
  lostPod: 30_212,
} as const;

/** Two repetitions of the SYN fit into it, and none falls near its end: answered or given up is then no race. */
const GIVE_UP_MS = 2_500;
/** A node looks for a neighbour for three seconds before it says that there is none. */
const LOST_POD_MS = 4_500;
/** Of attempts that are answered at once. */
export const QUICK_MS = 1_500;

const RESET: Outcome = { errorCode: 'ECONNREFUSED', refusal: 'reset' };
const DROPPED: Outcome = { errorCode: 'ETIMEDOUT', refusal: 'dropped' };
const HALF_OPEN: Outcome = { errorCode: 'ETIMEDOUT', refusal: null };

export const ATTEMPT_KINDS: readonly AttemptKind[] = [
  quick('closed-port', 'no process has the NodePort', 'node2', CLOSED_NODE_PORT, RESET),
  quick('reset-by-rule', 'a rule that sends a reset', 'node1', PORT.resetByRule, RESET),
  quick('closed-in-pod', 'the Pod does not listen', 'node1', PORT.closedInPod, RESET),
  quick(
    'closed-in-pod-far',
    'the same on another node, behind SNAT',
    ...(['node1', PORT.closedInPodFar, RESET] as const),
  ),
  quick(
    'no-endpoints',
    'a Service without endpoints',
    ...(['node1', serviceNamed('orphan').nodePort, rejected(3, 'ECONNREFUSED')] as const),
  ),
  quick(
    'admin-prohibited',
    'a rule that sends ICMP admin-prohibited',
    ...(['node1', PORT.adminProhibited, rejected(13)] as const),
  ),
  slow('prohibited-route', 'a route that forbids; its ICMP errors are few, the rest is silence', {
    ...{ node: 'node1', port: PORT.prohibitedRoute, outcomes: [rejected(13), DROPPED] },
  }),
  // At times the kernel purges the SYNs that wait for the neighbour (QUEUE_PURGE) without an ICMP error for each.
  slow('lost-pod', 'an endpoint whose Pod is gone: no neighbour answers', {
    ...{ node: 'node1', port: PORT.lostPod, outcomes: [rejected(1), DROPPED] },
    timeoutMs: LOST_POD_MS,
  }),
  slow('local-without-pod', 'externalTrafficPolicy Local, no endpoint on the node', {
    ...{ node: 'node3', port: serviceNamed('controller-local').nodePort, outcomes: [DROPPED] },
  }),
  slow('dropped-by-rule', 'DROP before NAT', {
    ...{ node: 'node1', port: PORT.droppedByRule, outcomes: [DROPPED] },
  }),
  slow('dropped-by-policy', 'DROP on the way to the Pod', {
    ...{ node: 'node1', port: PORT.droppedByPolicy, outcomes: [DROPPED] },
  }),
  slow('dropped-in-pod', "DROP in the Pod's own namespace", {
    ...{ node: 'node1', port: PORT.droppedInPod, outcomes: [DROPPED] },
  }),
  slow('black-hole', 'a route of type blackhole, as of a Pod range whose Pod is gone', {
    ...{ node: 'node1', port: PORT.blackHole, outcomes: [DROPPED] },
  }),
  slow('full-backlog', 'a listener that accepts no more: the kernel says nothing', {
    ...{ node: 'node1', port: PORT.fullBacklog, outcomes: [DROPPED] },
  }),
  slow('half-open', 'answered, but the answer is lost on the way back: no refusal', {
    ...{ node: 'node1', port: PORT.halfOpen, outcomes: [HALF_OPEN] },
  }),
];

/** Destination unreachable, with this code. */
function rejected(code: number, errorCode = 'EHOSTUNREACH'): Outcome {
  return { errorCode, refusal: 'rejected', icmp: [3, code] };
}

function quick(
  ...[id, text, node, port, outcome]: readonly [string, string, string, number, Outcome]
): AttemptKind {
  const target = { ip: nodeNamed(node).ip, port };
  return { id, text, target, outcomes: [outcome], timeoutMs: QUICK_MS };
}

interface Slow {
  readonly node: string;
  readonly port: number;
  readonly outcomes: readonly Outcome[];
  readonly timeoutMs?: number;
}

function slow(id: string, text: string, how: Slow): AttemptKind {
  const target = { ip: nodeNamed(how.node).ip, port: how.port };
  return { id, text, target, outcomes: how.outcomes, timeoutMs: how.timeoutMs ?? GIVE_UP_MS };
}
