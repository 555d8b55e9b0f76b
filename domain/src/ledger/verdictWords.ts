/** The verdict in sentences: what holds, why, and what would change it. No sentence claims more than its scenario. */
import { formatEndpoint } from '../model/tuple.ts';
import { LOAD_BALANCER_ANNOTATION } from '../topology/topology.ts';
import { nameOf } from './claims.ts';
import type { Finding, SourceFacts } from './facts.ts';

export function textFor(facts: SourceFacts, finding: Finding): string {
  const { receiver, front, service } = facts;
  const who = nameOf(receiver.hop.to);
  const client = finding.client ?? 'not known';
  const proof =
    finding.believable === null
      ? ' No handshake was completed, so nothing proves the address.'
      : '';
  const isLocal = front.header?.command === 'local';
  if (isLocal && (finding.scenario === 'direct' || finding.scenario === 'preservedByLocal'))
    return `${nameOf(front.sender)} says in its PROXY header that it connects for itself, as health checks do: there is no other client, and ${who} sees its address.`;
  switch (finding.scenario) {
    case 'direct':
      return `${who} sees the client's own address, ${client}: nobody on the way rewrote it.${proof}`;
    case 'preservedByLocal':
      return `${who} sees the client's own address, ${client}: externalTrafficPolicy: Local of ${service?.namespace}/${service?.name} keeps it.${proof}`;
    case 'rewrittenByCluster':
      return `${who} sees ${seenBy(facts)}, not the client ${client}: ${rewriteCause(facts)}.${proof}`;
    case 'tcpLbWithoutProxy':
      return behindBalancer(facts, finding);
    case 'proxyProtocol':
    case 'headerOnly':
      return byHeader(facts, finding);
    case 'forged':
      return `The ${finding.claim?.words} names ${finding.claim?.address} as the client, which cannot be believed: ${finding.claim?.why}.${believedInstead(finding)}`;
    case 'unknown':
      return `Whether ${who} learns the client is not known: ${withoutStop(finding.why)}.`;
  }
}

function believedInstead({ client }: Finding): string {
  return client === null ? '' : ` The connection came from ${client}.`;
}

function behindBalancer(facts: SourceFacts, { client }: Finding): string {
  const { front, receiver, rewrite, trust } = facts;
  const isOwn = trust.isBalancer(front.sender);
  const balancer = isOwn ? front.sender : rewrite?.sighting.hop.from;
  const how = isOwn
    ? 'connects from an address of its own and sent no PROXY header'
    : 'rewrites the source of the packets that it passes on';
  const again =
    isOwn && rewrite !== null ? `, and ${nameOf(rewrite.sighting.hop.from)} rewrote it again` : '';
  const known = client === null ? 'Who the client is, nobody saw' : `The client is ${client}`;
  const http = isOwn
    ? ' If the load balancer works in HTTP mode, a header may tell; hoptrace reads none.'
    : '';
  return `${nameOf(receiver.hop.to)} sees ${seenBy(facts)}, not the client: ${balancer === undefined ? 'the load balancer' : nameOf(balancer)} ${how}${again}. ${known}.${http}`;
}

function byHeader(
  { receiver, rewrite, front }: SourceFacts,
  { claim, believable }: Finding,
): string {
  const told = `${nameOf(receiver.hop.to)} learns the client from the ${claim?.words}, which names ${claim?.address}`;
  const held =
    believable === true
      ? `${told}; ${claim?.why}.`
      : `${told}. Whether to believe it cannot be told: ${claim?.why}.`;
  if (rewrite === null) return held;
  return `${held} The header seems to come from ${rewrite.source.ip}, because ${nameOf(rewrite.sighting.hop.from)} rewrote the source: by address, ${nameOf(receiver.hop.to)} cannot tell ${nameOf(front.sender)} (${front.sender.ip}) from anybody else who comes that way.`;
}

function seenBy({ receiver }: SourceFacts): string {
  return receiver.source === null ? 'another address' : formatEndpoint(receiver.source);
}

function rewriteCause({ rewrite }: SourceFacts): string {
  const hop = rewrite?.sighting.hop;
  if (hop === undefined) return 'it was rewritten on the way';
  return (
    hop.rewrite?.cause ??
    `the source was rewritten between ${nameOf(hop.from)} and ${nameOf(hop.to)}, and no conntrack entry says by which rule`
  );
}

function withoutStop(text: string): string {
  return text.replace(/\.$/, '');
}

const PROXY_ON_BOTH_ENDS =
  'Let the load balancer send the PROXY protocol and the ingress expect it; switch both at once, because either alone breaks every connection';

export function remedyFor(facts: SourceFacts, finding: Finding): string {
  const { rewrite, service } = facts;
  switch (finding.scenario) {
    case 'direct':
    case 'preservedByLocal':
      return '';
    case 'rewrittenByCluster':
      return rewriteRemedy(facts);
    case 'tcpLbWithoutProxy':
      return `${PROXY_ON_BOTH_ENDS} (ingress-nginx: use-proxy-protocol). externalTrafficPolicy: Local alone would keep the load balancer's address, not the client's.`;
    case 'proxyProtocol':
    case 'headerOnly':
      if (finding.believable === null)
        return `If ${nameOf(facts.front.sender)} is a load balancer of yours, list its address in the annotation ${LOAD_BALANCER_ANNOTATION} of the Service.`;
      return rewrite === null
        ? ''
        : `Let nobody but the load balancer reach the NodePort${localHint(service)}: whoever reaches it can name any client.`;
    case 'forged':
      return `Let the ingress accept such headers from the addresses of your load balancers only (ingress-nginx: proxy-real-ip-cidr)${rewrite === null ? '' : '; behind SNAT every sender has the address of a node, so ranges that include the nodes trust everybody'}. If ${nameOf(facts.segments[finding.claim?.writer ?? 0]?.sender ?? facts.front.sender)} is a load balancer of yours, list it in the annotation ${LOAD_BALANCER_ANNOTATION}.`;
    case 'unknown':
      return 'Run an agent on every machine that handles the connection, the load balancer included.';
  }
}

function localHint(service: SourceFacts['service']): string {
  return service?.externalTrafficPolicy === 'Cluster'
    ? ', or set externalTrafficPolicy: Local'
    : '';
}

function rewriteRemedy({ origin, service, isPolicyChanging }: SourceFacts): string {
  if (origin?.role === 'app' || origin?.role === 'ingress' || origin?.role === 'pod')
    return 'A Pod keeps its address if it dials the ClusterIP and is not sent to itself; through a NodePort or out of the cluster it is rewritten.';
  if (isPolicyChanging && service?.externalTrafficPolicy === 'Local')
    return 'Nothing, if it is over within seconds: the policy changed around this connection, and under externalTrafficPolicy: Local the address is kept.';
  const local =
    service?.externalTrafficPolicy === 'Cluster'
      ? `Set externalTrafficPolicy: Local on ${service.namespace}/${service.name}; nodes without an endpoint then drop connections, so the load balancer has to probe them. Or put`
      : 'Put';
  return `${local} a load balancer in front that sends the PROXY protocol.`;
}
