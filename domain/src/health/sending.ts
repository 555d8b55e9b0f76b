/**
 * A load balancer that goes on sending to a node without an endpoint, in one sentence with its evidence.
 *
 *   endpoint of the node   ├──────┤ gone
 *   its health check       200 200 200 503 503 503 503 503
 *   attempts sent there              ✕  ✕   ✕  ✕
 *                                 └── durationUs ──┘
 */
import type { HealthStretch, LoadBalancerIdentity, Sending } from '../rest/loadBalancers.ts';
import type { ServiceObject } from '../wire/kubernetes.ts';
import { loadBalancerOf } from './loadBalancer.ts';
import { type HealthHistory, nodeHealth } from './nodeHealth.ts';
import { sendingWords } from './sendingWords.ts';

/** One refused attempt, as its path tells. */
export interface RefusedAttempt {
  readonly startedAtUs: number;
  readonly clientIp: string | null;
  /** Who sent the SYN to the node; null: not seen. */
  readonly sender: { readonly ip: string; readonly isLoadBalancer: boolean } | null;
  /** Where to. */
  readonly destinationIp: string | null;
}

export interface Sent {
  readonly service: { readonly namespace: string; readonly name: string; readonly port: string };
  readonly node: string;
  readonly attempts: readonly RefusedAttempt[];
  readonly history: HealthHistory;
}

/** How long before the first attempt a node is said to have been kept in use: a load balancer decides within that. */
const LATE_US = 60_000_000;
const LOOK_BACK_US = 5 * LATE_US;

/** Null: no load balancer is known for the Service, no attempt is one of its own, or the node had an endpoint. */
export function sendingOf({ service, node, attempts, history }: Sent): Sending | null {
  const last = attempts.reduce((max, { startedAtUs }) => Math.max(max, startedAtUs), 0);
  const object = serviceAt(history, last);
  const balancer = object === null ? null : loadBalancerOf(object);
  if (object === null || balancer === null) return null;
  const own = attempts.filter((each) => isFrom(each, balancer));
  const counted = own.length > 0 ? own : balancer.keepsSource ? attempts : [];
  const times = counted.map(({ startedAtUs }) => startedAtUs);
  const [firstUs, lastUs] = [Math.min(...times), Math.max(...times)];
  if (times.length === 0) return null;
  const span = { fromUs: firstUs - LOOK_BACK_US, toUs: lastUs + 1 };
  const health = nodeHealth(history, { node, port: service.port }, span);
  const unserved = health.filter(({ isServed, toUs }) => isServed === false && toUs > firstUs);
  if (unserved.length === 0) return null;
  const began = beginOf(health, firstUs);
  const fromUs =
    began.atUs !== null && firstUs - began.atUs <= LATE_US
      ? Math.min(began.atUs, firstUs)
      : firstUs;
  const during = health.filter(({ toUs }) => toUs > fromUs);
  const failing = during.find((each) => each.observed === 'unhealthy' && each.isServed === false);
  const facts: Omit<Sending, 'text' | 'remedy'> = {
    verdict: verdictOf(during),
    isByLoadBalancer: own.length > 0 ? true : null,
    loadBalancer: identityOf(balancer),
    node,
    ...{ fromUs, toUs: lastUs, durationUs: lastUs - fromUs },
    isFromExact: began.isExact,
    unservedFromUs: began.atUs,
    failingFromUs: failing?.fromUs ?? null,
    attempts: counted.length,
    ...clientsOf(counted, own),
    health: during.map((each) => ({ ...each, fromUs: Math.max(each.fromUs, fromUs) })),
  };
  return { ...facts, ...sendingWords(facts, service, object) };
}

function serviceAt({ services }: HealthHistory, atUs: number): ServiceObject | null {
  const then = services.find(({ fromUs, toUs }) => fromUs <= atUs && atUs < toUs);
  return then?.object ?? null;
}

function isFrom({ sender, destinationIp }: RefusedAttempt, lb: LoadBalancerIdentity): boolean {
  if (sender !== null && (sender.isLoadBalancer || lb.sourceAddresses.includes(sender.ip)))
    return true;
  return destinationIp !== null && lb.addresses.includes(destinationIp);
}

/** The stretch without an endpoint in which the first attempt lies, or that begins next. */
function beginOf(
  health: readonly HealthStretch[],
  firstUs: number,
): { atUs: number | null; isExact: boolean } {
  const at = health.findIndex(({ isServed, toUs }) => isServed === false && toUs > firstUs);
  let first = at;
  while (first > 0 && health[first - 1]?.isServed === false) first -= 1;
  const before = health[first - 1];
  const stretch = health[first];
  if (stretch === undefined || before === undefined) return { atUs: null, isExact: false };
  return { atUs: stretch.fromUs, isExact: before.isServed === true };
}

/** By what was heard while the node had no endpoint. */
function verdictOf(during: readonly HealthStretch[]): Sending['verdict'] {
  const unserved = during.filter(({ isServed }) => isServed === false);
  if (unserved.some(({ observed }) => observed === 'unhealthy')) return 'checkFailed';
  if (unserved.some(({ observed }) => observed === 'healthy')) return 'checkSaidHealthy';
  return unserved.every(({ expected }) => expected === 'none') ? 'noCheck' : 'checkNotSeen';
}

/** Behind a balancer that puts its own address in place of theirs, clients are known only where it was watched itself. */
function clientsOf(counted: readonly RefusedAttempt[], own: readonly RefusedAttempt[]) {
  const senders = new Set(
    own.flatMap(({ sender }) => (sender?.isLoadBalancer === true ? [sender.ip] : [])),
  );
  const known = counted.flatMap(({ clientIp }) =>
    clientIp === null || senders.has(clientIp) ? [] : [clientIp],
  );
  const clients = new Set(known).size;
  return {
    clients: clients === 0 ? null : clients,
    attemptsWithoutClient: counted.length - known.length,
  };
}

function identityOf({
  kind,
  knownBy,
  addresses,
  hostnames,
  sourceAddresses,
}: LoadBalancerIdentity): LoadBalancerIdentity {
  return { kind, knownBy, addresses, hostnames, sourceAddresses };
}
