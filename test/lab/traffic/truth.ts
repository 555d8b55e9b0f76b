/**
 * What truly happened to one request: the client's own report, the servers' logs and the scenario's construction,
 * put together. Nothing here comes from packets or from what hoptrace reports. Pure.
 */
import { CLIENT_IP, DELAYED_NODE, PODS, routeEndpoint, SERVICES } from '../plan.ts';
import type { AccessLogs, AppEntry, BalancerEntry, IngressEntry } from './access-logs.ts';
import type { Outcome, Scenario } from './scenarios.ts';

export interface Address {
  readonly ip: string;
  readonly port: number;
}

/** A step from one machine to another, forward direction. Machines: `client`, `lb`, `node1` … */
export interface Crossing {
  readonly from: string;
  readonly to: string;
  /** Round trip of this link by construction: twice the relay's one-way delay for each delayed uplink on it. */
  readonly delayUs: number;
  /** Another allowed choice (another entry node, another endpoint of the Service) would have avoided it. */
  readonly extra: boolean;
}

export interface ExpectedPath {
  readonly outcome: Outcome;
  /** Pod that terminated the client's (or the load balancer's) connection; null where the request has no ingress. */
  readonly ingressPod: string | null;
  /** TCP peer as that Pod saw it. */
  readonly ingressPeer: Address | null;
  readonly appPod: string | null;
  /** TCP peer as the app Pod saw it. */
  readonly appPeer: Address | null;
  /** Address from which haproxy went on to the node; null without load balancer. */
  readonly balancerSource: Address | null;
  /** Client address in the PROXY header that the ingress received; null without one. */
  readonly proxyProtocolClient: Address | null;
  /** The entry node rewrote the source address; null where no connection reached a Pod. */
  readonly snat: boolean | null;
  /** In order of travel. `crossings` is their number. */
  readonly crossingList: readonly Crossing[];
  readonly crossings: number;
  readonly extraHops: number;
}

export interface TruthRequest {
  readonly id: string;
  readonly scenario: string;
  /** The port is used by one request only within a lab (until the range of 20000 has been gone through). */
  readonly client: Address;
  readonly target: Address;
  /** Node whose NodePort was asked; null if the load balancer chose and did not tell (only with result `error`). */
  readonly entryNode: string | null;
  /** `namespace/name` of the Service the NodePort belongs to; null for a port that no Service has. */
  readonly service: string | null;
  readonly route: string;
  readonly startedAtUs: number;
  /** Until the client's connect() succeeded; null if it did not. */
  readonly connectUs: number | null;
  readonly totalUs: number;
  /** What the client experienced; `error`: not what the scenario is built to give. */
  readonly result: Outcome | 'error';
  readonly status: number | null;
  readonly errorCode: string | null;
  /** How long the ingress had the request without its upstream, by its own log (whole ms); connecting is its own. */
  readonly ingressMs: number | null;
  readonly expected: ExpectedPath;
}

/** One line of the client's report. */
export interface ClientReport {
  readonly id: string;
  readonly startedAtUs: number;
  readonly connectUs: number | null;
  readonly totalUs: number;
  readonly status: number | null;
  readonly errorCode: string | null;
}

export interface SentRequest {
  readonly id: string;
  readonly scenario: Scenario;
  readonly clientPort: number;
}

interface Evidence {
  readonly ingress: IngressEntry | undefined;
  readonly app: AppEntry | undefined;
  readonly balancer: BalancerEntry | undefined;
}

/** What the logs hold about a request; the name of the log while something that must be there is not written yet. */
export function evidenceFor(
  request: SentRequest,
  report: ClientReport,
  logs: AccessLogs,
): Evidence | keyof AccessLogs {
  const { scenario } = request;
  const balancer = logs.balancer.get(`${CLIENT_IP}:${request.clientPort}`);
  const ingress = logs.ingress.get(request.id);
  const app = logs.app.get(request.id);
  const wantsIngress = scenario.service?.startsWith('controller') ?? false;
  const wantsApp = scenario.route !== '/missing';
  if (report.status !== null) {
    if (scenario.listener !== null && balancer === undefined) return 'balancer';
    if (wantsIngress && ingress === undefined) return 'ingress';
    if (wantsApp && report.status === 200 && app === undefined) return 'app';
  }
  return { ingress, app, balancer };
}

/** Joins one request's evidence. `delayUs`: one-way delay of the delayed node's uplink. */
export function truthOf(
  request: SentRequest,
  report: ClientReport,
  context: { evidence: Evidence; delayUs: number },
): TruthRequest {
  const { scenario } = request;
  const { evidence } = context;
  const entryNode = evidence.balancer?.node ?? scenario.entryNode;
  const service = SERVICES.find((s) => s.name === scenario.service);
  const first = evidence.ingress ?? evidence.app;
  const before = evidence.balancer?.source ?? `${CLIENT_IP}:${request.clientPort}`;
  const crossingList = crossingsOf(scenario, { entryNode, ...context });
  const proxied = evidence.ingress?.proxyProtocol ?? ':';
  return {
    id: request.id,
    scenario: scenario.id,
    client: { ip: CLIENT_IP, port: request.clientPort },
    target: scenario.target,
    entryNode,
    service: service === undefined ? null : `${service.namespace}/${service.name}`,
    route: scenario.route,
    startedAtUs: report.startedAtUs,
    connectUs: report.connectUs,
    totalUs: report.totalUs,
    result: resultOf(scenario, report),
    status: report.status,
    errorCode: report.errorCode,
    ingressMs: ingressMsOf(evidence.ingress),
    expected: {
      outcome: scenario.outcome,
      ingressPod: evidence.ingress?.pod ?? null,
      ingressPeer: addressOf(evidence.ingress?.peer),
      appPod: evidence.app?.pod ?? null,
      appPeer: addressOf(evidence.app?.peer),
      balancerSource: addressOf(evidence.balancer?.source),
      proxyProtocolClient: proxied === ':' ? null : addressOf(proxied),
      snat: first === undefined ? null : first.peer !== before,
      crossingList,
      crossings: crossingList.length,
      extraHops: crossingList.filter((crossing) => crossing.extra).length,
    },
  };
}

/** Milliseconds; null where the log has no single number for it. */
export function ingressMsOf(entry: IngressEntry | undefined): number | null {
  // Without an upstream, or where one was tried after another, there is no single number.
  if (entry === undefined || !/^\d+\.\d+$/.test(entry.headerS)) return null;
  const { requestS, headerS, connectS } = entry;
  return (Number(requestS) - Number(headerS) + Number(connectS)) * 1000;
}

/**
 * What the client experienced. ECONNREFUSED is the same for an RST and for an ICMP error: which one it was follows
 * from the scenario. Anything the scenario was not built to give is `error`.
 */
function resultOf(scenario: Scenario, report: ClientReport): TruthRequest['result'] {
  if (report.status !== null) return scenario.outcome === 'served' ? 'served' : 'error';
  if (report.connectUs !== null) return 'error';
  const refused = scenario.outcome === 'reset' || scenario.outcome === 'rejected';
  if (report.errorCode === 'ECONNREFUSED' && refused) return scenario.outcome;
  if (report.errorCode === 'ETIMEDOUT' && scenario.outcome === 'dropped') return 'dropped';
  return 'error';
}

function crossingsOf(
  scenario: Scenario,
  context: { entryNode: string | null; evidence: Evidence; delayUs: number },
): Crossing[] {
  const { entryNode, evidence, delayUs } = context;
  const crossings: Crossing[] = [];
  let at = 'client';
  const goTo = (machine: string | undefined, extra: boolean) => {
    if (machine === undefined || machine === at) return;
    const ends = at === DELAYED_NODE || machine === DELAYED_NODE ? 1 : 0;
    crossings.push({ from: at, to: machine, delayUs: ends * 2 * delayUs, extra });
    at = machine;
  };
  if (scenario.listener !== null) goTo('lb', false);
  goTo(entryNode ?? undefined, false);
  // From the entry node on: whoever sent to it could have sent to the endpoint's own node.
  const firstPod = evidence.ingress?.pod ?? evidence.app?.pod;
  goTo(nodeOf(firstPod), true);
  if (evidence.ingress !== undefined && evidence.app !== undefined) {
    goTo(nodeOf(evidence.app.pod), hasEndpointBeside(evidence.ingress.pod, scenario.route));
  }
  return crossings;
}

/** Whether the Service behind an ingress route has an endpoint on the ingress Pod's own node. */
function hasEndpointBeside(ingressPod: string, route: string): boolean {
  const ingress = PODS.find((pod) => pod.key === ingressPod);
  const used = ingress === undefined ? null : routeEndpoint(ingress.node, route);
  if (ingress === undefined || used === null) return false;
  const service = SERVICES.find((s) =>
    s.endpoints.some((e) => e.ip === used.ip && e.port === used.port),
  );
  return service?.endpoints.some((e) => e.node === ingress.node.name) ?? false;
}

function nodeOf(podKey: string | undefined): string | undefined {
  return PODS.find((pod) => pod.key === podKey)?.node.name;
}

/** `10.244.1.1:40001` → address; IPv4 only, as the lab is. */
function addressOf(text: string | undefined): Address | null {
  const [ip, port] = text?.split(':') ?? [];
  if (ip === undefined || ip === '' || port === undefined) return null;
  return { ip, port: Number(port) };
}
