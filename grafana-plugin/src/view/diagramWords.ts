/** Short texts of the two drawings, and the sentence that is read aloud for each hop. */
import { formatBounds, formatRtt } from './format.ts';
import { type Lane, partyName } from './lanes.ts';
import type { Hop, Party, Rewrite } from './model.ts';
import { KIND_WORDS, METHOD_SHORT, ROLE_WORDS } from './words.ts';

export const REWRITE_SHORT: Record<Rewrite['mechanism'], string> = {
  snat: 'SNAT',
  tcpProxy: 'TCP proxy',
  proxyProtocol: 'PROXY header',
  unknown: 'new source',
};

export function laneNote({ kind, isObserved }: Lane): string {
  const words = {
    client: 'client',
    'load-balancer': 'load balancer',
    node: 'machine',
    unknown: 'machine not known',
  };
  return isObserved ? words[kind] : `${words[kind]}, not watched`;
}

/** `ingress Pod`, `client · not seen`. */
export function roleLine(party: Party): string {
  return party.observed ? ROLE_WORDS[party.role] : `${ROLE_WORDS[party.role]} · not seen`;
}

/** The whole hop in one sentence. */
export function hopLabel(hop: Hop, isRefused: boolean): string {
  const rtt =
    hop.rtt === null
      ? 'round trip not measured'
      : `round trip ${formatRtt(hop.rtt)}, bounds ${formatBounds(hop.rtt)}, by ${METHOD_SHORT[hop.rtt.method]}`;
  const extra = hop.extra === true ? `, extra hop: ${hop.extraReason ?? 'avoidable'}` : '';
  const refused = isRefused ? ', refused' : '';
  return `Hop ${hop.index + 1}: ${partyName(hop.from)} to ${partyName(hop.to)}, ${KIND_WORDS[hop.kind]}, ${rtt}${extra}${refused}`;
}
