/**
 * What hoptrace says about a request against what truly happened. Every difference is one sentence.
 * Truth comes from the servers' logs and the lab's construction; nothing here looks at how paths are made.
 */
import type { Hop, Party, Path } from '@hoptrace/domain/rest/path.ts';
import type { Address, TruthRequest } from '../traffic/truth.ts';

/** What the agents could see. Without an agent on the load balancer's machine some truths are out of reach. */
export interface View {
  readonly isBalancerWatched: boolean;
}

/**
 * What identifies a request on both sides: the client's own port, or, where the client is lost, the load balancer's
 * address together with the node it went to (it uses one port towards several nodes at once).
 */
export function truthKey(truth: TruthRequest, view: View): string {
  const { balancerSource } = truth.expected;
  if (balancerSource !== null && isClientUnknowable(truth, view)) {
    return `lb ${show(balancerSource)} → ${truth.entryNode}`;
  }
  return `client ${show(truth.client)}`;
}

export function pathKey(path: Path): string {
  const { ip, port } = path.client;
  if (ip !== null && port !== null) return `client ${show({ ip, port })}`;
  const hop = path.hops.find((each) => each.from.role === 'load-balancer');
  return hop === undefined ? `path ${path.pathId}` : `lb ${show(hop.from)} → ${hop.to.name}`;
}

/** Differences, empty when everything that is claimed is true and everything that is true and seen is claimed. */
export function differences(truth: TruthRequest, path: Path, view: View): string[] {
  return [
    ...differs('outcome', path.outcome, truth.expected.outcome),
    ...differs('service', serviceName(path), truth.service),
    ...differs('hops', path.hops.map(showHop).join(', '), expectedHops(truth).join(', ')),
    ...crossingDifferences(truth, path, view),
    ...differs('crossings', path.crossings, knownCrossings(truth, view).length),
    ...differs('extra hops', path.extraHops, truth.expected.extraHops),
    ...clientDifferences(truth, path, view),
    ...rewriteDifferences(truth, path),
    ...balancerDifferences(truth, path, view),
    ...refusalDifferences(truth, path),
    ...completenessDifferences(truth, path, view),
  ];
}

function differs(what: string, said: unknown, wanted: unknown): string[] {
  return said === wanted ? [] : [`${what}: said ${String(said)}, truth ${String(wanted)}`];
}

function serviceName(path: Path): string | null {
  return path.service === null ? null : `${path.service.namespace}/${path.service.name}`;
}

function expectedHops(truth: TruthRequest): string[] {
  const { expected, entryNode } = truth;
  const stops = [
    'client',
    ...(expected.balancerSource === null ? [] : ['lb']),
    entryNode,
    ...[expected.ingressPod, expected.appPod].filter((pod) => pod !== null),
  ];
  return stops.slice(1).map((stop, index) => `${stops[index]} → ${stop}`);
}

function showHop(hop: Hop): string {
  return `${showParty(hop.from)} → ${showParty(hop.to)}`;
}

function showParty(party: Party): string {
  if (party.role === 'client') return 'client';
  if (party.role === 'load-balancer') return 'lb';
  return party.name ?? party.ip;
}

/** hoptrace cannot know whether an unknown client shares the load balancer's machine, and must not claim it. */
function isClientUnknowable({ expected }: TruthRequest, { isBalancerWatched }: View): boolean {
  return (
    expected.balancerSource !== null && expected.proxyProtocolClient === null && !isBalancerWatched
  );
}

function knownCrossings(truth: TruthRequest, view: View) {
  const { crossingList } = truth.expected;
  return isClientUnknowable(truth, view) ? crossingList.slice(1) : crossingList;
}

function crossingDifferences(truth: TruthRequest, path: Path, view: View): string[] {
  const said = path.hops.filter((hop) => hop.crossesNode === true);
  const wanted = knownCrossings(truth, view);
  const unknown = path.hops.filter((hop) => hop.crossesNode === null).length;
  return [
    ...differs(
      'extra by crossing',
      said.map((hop) => hop.extra).join(),
      wanted.map((each) => each.extra).join(),
    ),
    ...differs('hops of unknown crossing', unknown, isClientUnknowable(truth, view) ? 1 : 0),
  ];
}

function clientDifferences(truth: TruthRequest, path: Path, view: View): string[] {
  const { ip, port, source } = path.client;
  const said = ip === null || port === null ? null : show({ ip, port });
  const isUnknown = isClientUnknowable(truth, view);
  const isSeen = truth.expected.balancerSource === null || view.isBalancerWatched;
  const wanted = isUnknown ? 'unknown' : isSeen ? 'socket' : 'proxyProtocol';
  return [
    ...differs('client source', source, wanted),
    ...differs('client', said, isUnknown ? null : show(truth.client)),
  ];
}

/** What the load balancer did to the source: seen, announced in a header, or honestly not known. */
function balancerDifferences(truth: TruthRequest, path: Path, view: View): string[] {
  const { balancerSource, proxyProtocolClient } = truth.expected;
  if (balancerSource === null) return [];
  const said = path.hops.find((hop) => hop.from.role === 'load-balancer')?.rewrite ?? null;
  const hasHeader = proxyProtocolClient !== null;
  const mechanism = hasHeader ? 'proxyProtocol' : view.isBalancerWatched ? 'tcpProxy' : 'unknown';
  const before = isClientUnknowable(truth, view) ? 'unknown' : show(truth.client);
  return [
    ...differs('load balancer mechanism', said?.mechanism, mechanism),
    ...differs('source before the load balancer', said?.before, before),
    ...differs('source behind the load balancer', said?.after, show(balancerSource)),
    ...differs('client recoverable', said?.recoverable, hasHeader ? true : null),
  ];
}

/** The ledger: what each party saw as source must be what its own log says. */
function rewriteDifferences(truth: TruthRequest, path: Path): string[] {
  const { expected } = truth;
  const byKind = (kind: Hop['kind'], role: Party['role']) =>
    path.hops.find((hop) => hop.kind === kind && hop.from.role === role)?.rewrite ?? null;
  const nat = byKind('nodeForward', 'node');
  const ingress = byKind('proxy', 'ingress');
  const firstPeer = expected.ingressPeer ?? expected.appPeer;
  const before = expected.balancerSource ?? truth.client;
  return [
    ...differs('SNAT', nat?.mechanism === 'snat', expected.snat ?? false),
    ...(nat === null || firstPeer === null
      ? []
      : differs('source before SNAT', nat.before, show(before))),
    ...(nat === null || firstPeer === null
      ? []
      : differs('source after SNAT', nat.after, show(firstPeer))),
    ...(ingress === null || expected.appPeer === null
      ? []
      : differs('source at the app', ingress.after, show(expected.appPeer))),
    ...(ingress === null || expected.ingressPeer === null
      ? []
      : differs('source at the ingress', ingress.before, show(expected.ingressPeer))),
  ];
}

const CAUSES: Readonly<Record<string, string>> = {
  dropped: 'noLocalEndpoints',
  rejected: 'noEndpoints',
  reset: 'closedPort',
};

function refusalDifferences(truth: TruthRequest, path: Path): string[] {
  const wanted = CAUSES[truth.expected.outcome] ?? null;
  return [
    ...differs('refusal cause', path.refusal?.cause ?? null, wanted),
    ...(wanted === null ? [] : differs('refusing node', path.refusal?.node, truth.entryNode)),
  ];
}

/**
 * Whole is what the agents saw whole. Where the ingress answered by itself hoptrace may not know that it did; then
 * it must not call the path whole, but it may.
 */
function completenessDifferences(truth: TruthRequest, path: Path, view: View): string[] {
  const { balancerSource, appPod, outcome } = truth.expected;
  const isSeen = balancerSource === null || view.isBalancerWatched;
  const mayBeOpen = outcome === 'served' && appPod === null;
  const isWhole = path.completeness === 1;
  if (mayBeOpen && isSeen) return [];
  return differs('whole', isWhole, isSeen);
}

function show({ ip, port }: Address): string {
  return `${ip}:${port}`;
}
