/**
 * Does the first machine that serves a connection know the client, by which road, and is it to be believed?
 *
 *   client ──► load balancer ──► node ──► ingress Pod ──► app Pod
 *                                         the receiver: of it the scenario speaks; clientSeenBy speaks of all
 */
import type { Party, SourceScenario, SourceVerdict } from '../rest/path.ts';
import { type Claim, nameOf } from './claims.ts';
import { type Finding, factsOf, type SourceFacts } from './facts.ts';
import type { Sighting, SourceEvidence } from './segments.ts';
import { clientSightings } from './sightings.ts';
import { remedyFor, textFor } from './verdictWords.ts';

/** null for a path without hops. Contradictions become `forged` or `unknown`, never an exception. */
export function sourceVerdictOf(evidence: SourceEvidence): SourceVerdict | null {
  const facts = factsOf(evidence);
  if (facts === null) return null;
  const finding = classify(facts);
  const { scenario, believable } = finding;
  return {
    scenario,
    text: textFor(facts, finding),
    clientSeenBy: clientSightings(facts, finding),
    believable,
    remedy: remedyFor(facts, finding),
  };
}

function classify(facts: SourceFacts): Finding {
  const { claims, frontIndex, front, origin } = facts;
  const forged = claims.find((claim) => claim.believable === false);
  if (forged !== undefined)
    return {
      ...NOTHING,
      scenario: 'forged',
      client: origin?.ip ?? null,
      believable: false,
      claim: forged,
    };
  const own = claims.filter((claim) => claim.writer === frontIndex);
  const announced = own.find((claim) => claim.kind === 'proxyProtocol');
  if (announced !== undefined) return byClaim('proxyProtocol', announced);
  if (front.header?.command === 'proxy')
    return unknown(`${nameOf(front.sender)} sent a PROXY header that names no client`);
  const told = own.find(
    (claim) => origin === null || claim.address === origin.ip || claim.believable === null,
  );
  if (told !== undefined) return byClaim('headerOnly', told);
  const isLocal = front.header?.command === 'local';
  if (!isLocal && isBehindBalancer(facts)) return behindBalancer(facts);
  if (origin === null) return unknown(facts.segments[0]?.sightings[0]?.hop.gap?.text ?? '');
  return bySocket(facts, origin);
}

const NOTHING: Finding = {
  scenario: 'unknown',
  client: null,
  believable: null,
  claim: null,
  why: '',
};

function unknown(why: string): Finding {
  return { ...NOTHING, why };
}

function byClaim(scenario: SourceScenario, claim: Claim): Finding {
  const client = claim.believable === true ? claim.address : null;
  return { ...NOTHING, scenario, client, believable: claim.believable, claim };
}

/** A load balancer opened the connection, or passed it on under an address of its own. */
function isBehindBalancer({ front, rewrite, trust }: SourceFacts): boolean {
  const rewriter = rewrite?.sighting.hop.from;
  return trust.isBalancer(front.sender) || (rewriter !== undefined && trust.isBalancer(rewriter));
}

function behindBalancer(facts: SourceFacts): Finding {
  const { front, trust, claims } = facts;
  const hasPayload = front.sightings.some(({ hop }) => hop.times.firstRequestNs !== null);
  if (trust.isBalancer(front.sender) && !hasPayload)
    return unknown(
      `${nameOf(front.sender)} sent nothing before the connection ended, so whether it announces its clients was not seen`,
    );
  const believed = claims.find(
    (claim) => claim.writer < facts.frontIndex && claim.believable === true,
  );
  const client = believed?.address ?? facts.origin?.ip ?? null;
  const believable = believed !== undefined ? true : facts.origin === null ? null : isProven(facts);
  return { ...NOTHING, scenario: 'tcpLbWithoutProxy', client, believable };
}

function bySocket(facts: SourceFacts, origin: Party): Finding {
  const { receiver, rewrite, service } = facts;
  const found = { ...NOTHING, client: origin.ip, believable: isProven(facts) };
  if (receiver.source === null)
    return { ...found, why: 'which source address arrived there was not seen' };
  if (rewrite !== null) return { ...found, ...rewrittenBy(rewrite.sighting, facts) };
  const isOutside =
    origin.role === 'client' || origin.role === 'unknown' || origin.role === 'load-balancer';
  const isKept = service?.externalTrafficPolicy === 'Local' && isOutside && isForwarded(facts);
  return { ...found, scenario: isKept ? 'preservedByLocal' : 'direct' };
}

/** Where neither conntrack nor the address points to the cluster, somebody outside of it may have done it. */
function rewrittenBy(
  { hop, source }: Sighting,
  facts: SourceFacts,
): Pick<Finding, 'scenario' | 'why'> {
  const isNodes = hop.rewrite !== null && hop.rewrite.mechanism !== 'unknown';
  if (isNodes || facts.isClusterAddress(source?.ip ?? ''))
    return { scenario: 'rewrittenByCluster', why: '' };
  const why = `somebody between ${nameOf(hop.from)} and ${nameOf(hop.to)} rewrote the source to ${source?.ip ?? ''}, and no agent saw who`;
  return { scenario: 'unknown', why };
}

function isForwarded({ front }: SourceFacts): boolean {
  return front.sightings.some(({ hop }) => hop.kind === 'nodeForward');
}

/** Whoever completes a handshake receives at the address it sends from; a lone SYN may lie (RFC 4953 2). */
function isProven({ segments }: SourceFacts): true | null {
  const first = segments.find((segment) => !segment.isGap);
  const isEstablished = first?.sightings.some(({ hop }) => hop.times.establishedNs !== null);
  return isEstablished === true ? true : null;
}
