/** Step 10: the path document: identity, outcome, client, and how sure we are. */

import { sourceVerdictOf } from '../ledger/sourceVerdict.ts';
import { hasLosses } from '../loss/lossWindows.ts';
import { hash64 } from '../model/textHash.ts';
import type { Hop, Outcome, Party, Path, PathClass, Warning } from '../rest/path.ts';
import type { ServicePort } from '../topology/topology.ts';
import { serviceOfEndpoint } from '../topology/topology.ts';
import type { Chain } from './chains.ts';
import { type Connection, legSubject } from './connection.ts';
import type { DraftHop } from './draftHop.ts';
import type { ProxyEdges } from './edges.ts';
import { errorOf, inferredWarnings, isInferred } from './errorBounds.ts';
import type { Context, Leg } from './evidence.ts';
import { hopsOf, timesOf } from './hops.ts';
import { trafficOf } from './hopTraffic.ts';
import { podWarnings } from './podWarnings.ts';
import { explainRefusal } from './refusals.ts';
import { type RequestTimer, timesOfRequest } from './requestTimes.ts';

export function pathOf(
  chain: Chain,
  proxies: ProxyEdges,
  context: Context,
  timer: RequestTimer,
): Path | null {
  const legs = chain.flatMap(({ connection }) => connection.legs);
  const drafts = hopsOf(chain, context);
  if (legs.length === 0 || drafts.length === 0) return null;
  // Of the first leg on the way, not the earliest stamp: another node's clock may be behind.
  const startedAtUs = legs[0]?.startUs ?? 0;
  const requestTimes = timer.timesOf(chain, drafts);
  const hops = drafts.map(
    ({ leg, warnings: _said, fromLeg: _from, isUnproven: _doubt, ...draft }, index): Hop => ({
      index,
      ...draft,
      ...timesOfRequest(requestTimes[index]),
      ...trafficOf(leg),
      times: timesOf(leg, startedAtUs),
    }),
  );
  const refusal = chain
    .map(({ connection }) => explainRefusal(connection, context.topology, context.addressesByNode))
    .find((each) => each !== null);
  const end = endOf(chain, proxies, drafts, context);
  const unprovenJoins = chain.filter(({ connection }) => connection.isBridged === true).length;
  const seen = drafts.filter(({ gap, isUnproven }) => gap == null && isUnproven !== true).length;
  return {
    pathId: `${startedAtUs.toString(36).padStart(11, '0')}-${hash64(identityOf(chain, proxies))}`,
    version: versionOf(chain),
    cluster: context.cluster,
    startedAtUs,
    service: serviceRef(serviceOf(hops, context)),
    client: clientOf(hops, chain),
    outcome: refusal?.kind ?? outcomeOf(chain),
    hops,
    crossings: hops.filter((hop) => hop.crossesNode === true).length,
    extraHops: hops.filter((hop) => hop.extra === true).length,
    class: worstClass(hops),
    confidence: Math.max(0, 1 - hops.reduce((sum, hop) => sum + errorOf(hop), 0)),
    completeness: Math.max(0, seen - unprovenJoins) / (drafts.length + (end === null ? 0 : 1)),
    refusal: refusal ?? null,
    sourceVerdict: sourceVerdictOf({
      hops,
      arrivals: drafts.map(({ leg }) => leg?.tuple.src ?? null),
      headers: chain.flatMap(({ connection }) =>
        connection.legs.length === 0 ? [] : [connection.proxyHeader],
      ),
      context,
    }),
    warnings: [
      ...warningsOf(chain, proxies, drafts),
      ...requestTimes.flatMap(({ warnings }) => warnings),
      ...podWarnings(drafts, context),
      ...(end === null ? [] : [end]),
    ],
  };
}

/** The first connection; where it led to several others, also which of them. Later evidence further on changes nothing. */
function identityOf(chain: Chain, { branching }: ProxyEdges): string {
  const branches = chain.flatMap(({ connection, edge }) =>
    edge !== null && branching.has(edge.inboundKey) ? [connection.key] : [],
  );
  return [chain[0]?.connection.key ?? '', ...branches].join('>');
}

/** Grows with every record and revision, so a path that knows more replaces one that knew less. */
function versionOf(chain: Chain): number {
  return chain.reduce(
    (sum, { connection, edge }) =>
      sum +
      connection.legs.reduce((count, leg) => count + 1 + leg.revision, 0) +
      (connection.refusal === null ? 0 : 1) +
      (connection.proxyHeader === null ? 0 : 1) +
      (edge === null ? 0 : edge.requests + (edge.edgeClass === 'A' ? 1 : 0)),
    0,
  );
}

function serviceOf(hops: readonly Hop[], context: Context): ServicePort | null {
  const entry = hops.find((hop) => hop.to.role === 'node');
  const byNodePort =
    entry === undefined ? undefined : context.topology.serviceByNodePort.get(entry.to.port);
  if (byNodePort !== undefined) return byNodePort;
  const last = hops.at(-1)?.to;
  return last === undefined ? null : serviceOfEndpoint(context.topology, last.ip, last.port);
}

function serviceRef(service: ServicePort | null): Path['service'] {
  return service === null
    ? null
    : { namespace: service.namespace, name: service.name, port: service.port };
}

function clientOf(hops: readonly Hop[], chain: Chain): Path['client'] {
  const from = hops[0]?.from;
  if (from === undefined || from.ip === '') return { ip: null, port: null, source: 'unknown' };
  // Only what stands in the header is the header's: a direct client's own header names somebody, not itself.
  const claimed = chain[0]?.connection.proxyHeader?.claimed?.src;
  const isClaim = !from.observed && claimed?.ip === from.ip && claimed.port === from.port;
  return { ip: from.ip, port: from.port, source: isClaim ? 'proxyProtocol' : 'socket' };
}

function outcomeOf(chain: Chain): Outcome {
  const legs: readonly Leg[] = chain[0]?.connection.legs ?? [];
  return legs.some((leg) => leg.firstResponseNs !== null) ? 'served' : 'unknown';
}

/** Missing hops lower completeness, not the class: M only where nothing else is known. */
function worstClass(hops: readonly Hop[]): PathClass {
  const classes = hops.map((hop) => hop.class).filter((each) => each !== 'M');
  return classes.sort().at(-1) ?? 'M';
}

function warningsOf(chain: Chain, proxies: ProxyEdges, drafts: readonly DraftHop[]): Warning[] {
  const ambiguous = proxies.ambiguous.get(chain[0]?.connection.key ?? '');
  return [
    ...chain.flatMap(({ connection }) => connection.warnings),
    ...chain.flatMap(({ connection }) => retryWarnings(connection.legs)),
    ...reuseWarnings(chain),
    ...sharedWarnings(chain, proxies),
    ...chain.flatMap(({ connection }) => proxies.remarks?.get(connection.key) ?? []),
    ...(ambiguous === undefined ? [] : [ambiguous]),
    ...gapWarnings(drafts),
    ...inferredWarnings(drafts),
    ...drafts.flatMap((draft) => draft.warnings ?? []),
    ...drafts.flatMap(unprovenWarnings),
    ...clockWarnings(drafts),
  ];
}

function retryWarnings(legs: readonly Leg[]): Warning[] {
  const first = legs[0];
  if (first === undefined || first.synCount < 2 || first.synAckNs === null) return [];
  return [
    {
      code: 'synRetransmitted',
      text: `the SYN was sent ${first.synCount} times before it was answered${whereLost(legs)}; the wait is no network latency and left out of it`,
      subject: first.node,
    },
  ];
}

/** The first step on which fewer SYNs arrived than had set out. */
function whereLost(legs: readonly Leg[]): string {
  const at = legs.findIndex((leg, index) => leg.synCount < (legs[index - 1]?.synCount ?? 0));
  const [before, after] = [legs[at - 1], legs[at]];
  if (before === undefined || after === undefined) return '';
  return `; ${legSubject(before)} saw ${before.synCount}, ${legSubject(after)} saw ${after.synCount}: lost in between`;
}

function reuseWarnings(chain: Chain): Warning[] {
  const requests = Math.max(0, ...chain.map(({ edge }) => edge?.requests ?? 0));
  if (requests < 2) return [];
  return [
    {
      code: 'connectionReused',
      text: `${requests} requests went over these connections; times and outcome are those of the connection`,
      subject: 'path',
    },
  ];
}

/** One inbound connection that led to several: its times and its outcome are of all of them. */
function sharedWarnings(chain: Chain, { branching }: ProxyEdges): Warning[] {
  const shared = chain.find(({ edge }) => edge !== null && branching.has(edge.inboundKey));
  if (shared === undefined) return [];
  return [
    {
      code: 'connectionShared',
      text: 'the connection in front of the proxy carried several requests: its times and outcome are those of the connection',
      subject: 'path',
    },
  ];
}

function unprovenWarnings({ from, isUnproven, link }: DraftHop): Warning[] {
  // What is inferred says so itself.
  if (isUnproven !== true || isInferred({ link })) return [];
  const name = from.name ?? from.ip;
  return [
    {
      code: 'proxyLinkUnproven',
      text: `that ${name} passed this request on over this connection ${whyUnproven(link)}, so the path is not called complete`,
      subject: name,
    },
  ];
}

function whyUnproven(link: DraftHop['link']): string {
  return link?.method === 'byteCounters'
    ? 'follows from the lengths of both streams alone'
    : 'is told by one side only; the record that would confirm it is missing';
}

function gapWarnings(drafts: readonly DraftHop[]): Warning[] {
  const gap = drafts[0]?.gap ?? null;
  if (gap === null || drafts[0]?.from.ip !== '') return [];
  const code = gap.reason === 'causeNotSeen' ? 'causeNotSeen' : 'clientLost';
  return [{ code, text: gap.text, subject: 'client' }];
}

/**
 * A path that ends at a proxy is whole only if the proxy is known to have answered by itself; else one more
 * hop may be missing, and the path says so. That nothing else was seen counts only where nothing was lost.
 */
function endOf(
  chain: Chain,
  { selfAnswered }: ProxyEdges,
  drafts: readonly DraftHop[],
  context: Context,
): Warning | null {
  const last = chain.at(-1)?.connection;
  const party = drafts.at(-1)?.to;
  if (last === undefined || party === undefined || last.refusal !== null) return null;
  if (party.role !== 'ingress' && party.role !== 'load-balancer') return null;
  const doubt = selfAnswered.has(last.key)
    ? doubtOf(last, party, context)
    : 'or its connection to an app was not seen: which of them is not known';
  if (doubt === null) return null;
  const name = party.name ?? party.ip;
  return { code: 'endsAtProxy', text: `${name} answered by itself, ${doubt}`, subject: name };
}

/** Why a proxy that seems to have answered by itself may have asked somebody all the same; null: nothing says so. */
function doubtOf(
  { legs }: Connection,
  party: Party,
  { losses, failedAttempts }: Context,
): string | null {
  const leg = legs.at(-1);
  if (leg === undefined) return null;
  const toUs = leg.endNs === null ? Number.POSITIVE_INFINITY : leg.startUs + leg.endNs / 1000;
  const window = { fromUs: leg.startUs, toUs };
  if (hasLosses(losses, leg.node, window))
    return `as far as was seen: the agent on ${leg.node} lost records at that time, and a connection to an app may be among them`;
  if (failedAttempts?.has(party.ip, window) === true)
    return 'perhaps because an upstream refused it: connections that it opened at that time failed, and for which request is not known';
  return null;
}

/** Stamps that run backwards along the path prove that two clocks differ by at least so much. */
function clockWarnings(drafts: readonly DraftHop[]): Warning[] {
  const legs = drafts.flatMap(({ leg }) => leg ?? []);
  return legs.flatMap((leg, index) => {
    const before = legs[index - 1];
    if (before === undefined || before.node === leg.node) return [];
    const behindUs = before.startUs - leg.startUs;
    if (behindUs <= 0) return [];
    return [
      {
        code: 'clocksDiffer',
        text: `the clock of ${leg.node} is at least ${behindUs} µs behind that of ${before.node}: compare times within a node only`,
        subject: leg.node,
      },
    ];
  });
}
