/** Every code of the path document in words that a person understands. No word claims more than its code. */
import { plural } from './format.ts';
import type {
  Hop,
  Outcome,
  Path,
  PathClass,
  RefusalInfo,
  Rewrite,
  Role,
  Rtt,
  SourceVerdict,
} from './model.ts';

export const OUTCOME_ORDER = [
  'served',
  'reset',
  'rejected',
  'dropped',
  'unknown',
] as const satisfies readonly Outcome[];

export const OUTCOME_WORDS: Record<Outcome, string> = {
  served: 'the connection was set up and data came back',
  reset: 'refused with a TCP reset (RST)',
  rejected: 'refused with an ICMP error',
  dropped: 'the SYN was dropped in silence; the client waits until its time-out',
  unknown: 'not enough was seen to tell how it ended',
};

export const ROLE_WORDS: Record<Role, string> = {
  client: 'client',
  'load-balancer': 'load balancer',
  node: 'node',
  ingress: 'ingress Pod',
  app: 'app Pod',
  pod: 'Pod',
  unknown: 'role not known',
};

export const CLASS_WORDS: Record<PathClass, { readonly name: string; readonly text: string }> = {
  A: { name: 'witnessed', text: 'every joint between hops rests on exact evidence' },
  B: { name: 'strong', text: 'the weakest joint rests on strong, but not exact, evidence' },
  C: { name: 'inferred', text: 'at least one joint is inferred' },
  D: { name: 'ambiguous', text: 'at least one joint has several candidates and none was picked' },
  M: { name: 'missing', text: 'concluded from its neighbours; no agent saw it' },
};

export const CLIENT_SOURCE_WORDS: Record<Path['client']['source'], string> = {
  socket: 'source address of the first connection seen',
  proxyProtocol: 'told by a PROXY protocol header',
  xForwardedFor: 'told by X-Forwarded-For; a sender can forge it',
  unknown: 'how it is known was not recorded',
};

export const CLIENT_SOURCE_SHORT: Record<Path['client']['source'], string> = {
  socket: 'socket',
  proxyProtocol: 'PROXY header',
  xForwardedFor: 'X-Forwarded-For',
  unknown: 'source unknown',
};

/** How a round trip was measured, in a word or two. */
export const METHOD_SHORT: Record<Rtt['method'], string> = {
  handshakeDifference: 'two taps',
  handshakeToClient: 'one tap, upper bound',
  handshakeToServer: 'one tap, upper bound',
};

export const METHOD_WORDS: Record<Rtt['method'], string> = {
  handshakeDifference:
    'handshake time at one tap minus handshake time at the next; needs no synchronised clocks',
  handshakeToClient: 'SYN-ACK to ACK at one tap; includes the TCP stack of the client',
  handshakeToServer: 'SYN to SYN-ACK at one tap; includes the TCP stack of the server',
};

export const MECHANISM_WORDS: Record<Rewrite['mechanism'], string> = {
  snat: 'SNAT',
  tcpProxy: 'TCP proxy',
  proxyProtocol: 'TCP proxy + PROXY header',
  unknown: 'proxy or NAT, not observed',
};

export const SCENARIO_WORDS: Record<SourceVerdict['scenario'], string> = {
  direct: 'direct connection',
  tcpLbWithoutProxy: 'load balancer without PROXY protocol',
  proxyProtocol: 'PROXY protocol',
  preservedByLocal: 'preserved by externalTrafficPolicy: Local',
  rewrittenByCluster: 'rewritten by the cluster',
  headerOnly: 'HTTP header only',
  forged: 'claim contradicted',
  unknown: 'not known',
};

/** Is what the path says of the client to be believed? */
export function believableText(believable: SourceVerdict['believable']): string {
  if (believable === null) return 'the client’s address could not be checked';
  return believable
    ? 'the client’s address holds against what was observed'
    : 'the client’s address as claimed is not to be believed';
}

export const KIND_WORDS: Record<Hop['kind'], string> = {
  network: 'sent by its origin',
  nodeForward: 'forwarded with NAT',
  proxy: 'a connection of its own',
};

const EVIDENCE_WORDS: Record<string, string> = {
  rst: 'a reset (RST) was seen',
  icmp: 'an ICMP error was seen',
  kfreeSkb: 'the kernel was seen dropping the SYN',
  silence: 'no answer was seen, and no drop either',
};

/** On what a refusal rests, in words; an unknown code is shown as it is. */
export function evidenceText(evidence: string): string {
  return EVIDENCE_WORDS[evidence] ?? evidence;
}

const CAUSE_WORDS: Record<string, string> = {
  noLocalEndpoints: 'no ready endpoint on this node (externalTrafficPolicy: Local)',
  noEndpoints: 'the Service has no ready endpoint',
  closedPort: 'nothing listens on this port',
  endpointClosedPort: 'the Pod does not listen on the target port',
  unknown: 'cause not known',
};

/** A cause code in words; a code that this version does not know is shown as it is. */
export function causeText(cause: string): string {
  return CAUSE_WORDS[cause] ?? cause;
}

/** How and where a SYN was refused: `Dropped at node-c`. */
export function refusalTitle(refusal: Pick<RefusalInfo, 'kind' | 'node'>): string {
  const kind = { reset: 'Reset', rejected: 'Rejected', dropped: 'Dropped' }[refusal.kind];
  return refusal.node === null
    ? `${kind}, by a machine that was not seen`
    : `${kind} at ${refusal.node}`;
}

/** `3 of 4 hops were seen by an agent, 1 of them not wholly`. */
export function seenText(path: Pick<Path, 'hops' | 'warnings' | 'completeness'>): string {
  const { seen, total } = seenHops(path);
  const expected = total + (mayGoOn(path) ? 1 : 0);
  // A hop whose arrival was seen, but not where it set out, or who caused it.
  const partly = seen - Math.round(path.completeness * expected);
  const wholly = partly <= 0 ? '' : `, ${partly} of them not wholly`;
  const open = `${wholly}${mayGoOn(path) ? '; whether there is one more is not known' : ''}`;
  if (total === 0) return 'no hop was seen by an agent';
  if (total === 1)
    return `${seen === 1 ? 'the one hop was seen by an agent' : 'the one hop was not seen'}${open}`;
  return `${seen === total ? 'all' : `${seen} of`} ${total} hops were seen by an agent${open}`;
}

/** A hop counts as seen if an agent stamped its arrival; `completeness` asks for more, and counts one more where the path may go on. */
export function seenHops(path: Pick<Path, 'hops'>): { seen: number; total: number } {
  return { seen: path.hops.filter(isSeen).length, total: path.hops.length };
}

export function isSeen(hop: Pick<Hop, 'times'>): boolean {
  return hop.times.clock !== null;
}

/** It ends at a proxy that may have opened another connection. */
export function mayGoOn(path: Pick<Path, 'warnings'>): boolean {
  return path.warnings.some(({ code }) => code === 'endsAtProxy');
}

/** The service as it is addressed, or that none is known. */
export function serviceText(service: Path['service']): string {
  if (service === null) return 'service not known';
  const port = service.port === '' ? '' : `:${service.port}`;
  return `${service.namespace}/${service.name}${port}`;
}

export interface ExtraHopsVerdict {
  readonly known: number;
  /** Hops that may cross machines and were not judged, because no topology explains them. */
  readonly notJudged: number;
}

export function extraHopsOf(path: Pick<Path, 'hops' | 'extraHops'>): ExtraHopsVerdict {
  const notJudged = path.hops.filter((hop) => hop.extra === null && hop.crossesNode !== false);
  return { known: path.extraHops, notJudged: notJudged.length };
}

/** `1`, `0`, `not known`, `0 known`: zero is said only when every crossing was judged. */
export function extraHopsText({ known, notJudged }: ExtraHopsVerdict): string {
  if (known > 0) return notJudged > 0 ? `${known} known` : `${known}`;
  return notJudged > 0 ? 'not known' : '0';
}

export function extraHopsTitle({ known, notJudged }: ExtraHopsVerdict): string {
  const missing = `${plural(notJudged, 'hop')} not judged: no topology explains the choice`;
  if (notJudged === 0) return plural(known, 'extra hop');
  return known === 0 ? missing : `${plural(known, 'extra hop')}; ${missing}`;
}

export interface LongestHop {
  readonly hop: Hop;
  readonly rtt: Rtt;
  readonly measured: number;
}

/**
 * The hop with the largest round-trip figure (an upper bound counts as such); null if none was measured.
 * With upper bounds among the figures, it need not be the slowest one.
 */
export function longestHop(path: Pick<Path, 'hops'>): LongestHop | null {
  let best: { hop: Hop; rtt: Rtt } | null = null;
  let measured = 0;
  for (const hop of path.hops) {
    if (hop.rtt === null) continue;
    measured += 1;
    if (best === null || figureNs(hop.rtt) > figureNs(best.rtt)) best = { hop, rtt: hop.rtt };
  }
  return best === null ? null : { ...best, measured };
}

function figureNs(rtt: Rtt): number {
  return rtt.method === 'handshakeDifference' ? rtt.valueNs : rtt.highNs;
}

export function isRefused(outcome: Outcome): boolean {
  return outcome === 'reset' || outcome === 'rejected' || outcome === 'dropped';
}
