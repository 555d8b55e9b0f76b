/** Missing evidence by its name: who should have been seen, and why nobody was. Nothing is guessed into a gap. */

import type { Endpoint } from '../model/tuple.ts';
import type { Gap, PathClass, Role } from '../rest/path.ts';
import type { ChainLink } from './chains.ts';
import type { DraftHop } from './draftHop.ts';
import type { Context, Leg } from './evidence.ts';
import { partyAt, type Stop } from './stops.ts';

const NOBODY: Endpoint = { ip: '', port: 0 };

/**
 * The step before the first one that was seen, where there must have been one: a load balancer, a node that
 * forwards or a proxy does not start requests of its own accord.
 */
export function gapBefore(
  source: Stop | undefined,
  link: ChainLink,
  context: Context,
): DraftHop | null {
  if (source === undefined) return null;
  const { role } = source.party;
  const { proxyHeader } = link.connection;
  const claimed = proxyHeader?.claimed ?? null;
  // LOCAL (PROXY protocol, section 2): the balancer speaks for itself, as for a health check.
  if (role === 'load-balancer' && proxyHeader?.command === 'local') return null;
  if (role === 'load-balancer')
    return claimed === null
      ? unknownOrigin(source, 'client', balancerGap())
      : announcedClient(source, claimed, context);
  if (role === 'node' && source.leg === null)
    return unknownOrigin(source, 'unknown', nodeGap(source, context));
  if (role === 'ingress') return unknownOrigin(source, 'unknown', causeGap(source));
  return null;
}

/**
 * The connection that a proxy opened sets out from the proxy's machine. Where it is first seen with the address of
 * another one, that machine forwarded it, and what it did was not seen.
 */
export function gapBehindProxy(
  arrival: DraftHop | undefined,
  source: Stop | undefined,
  context: Context,
): DraftHop | null {
  const proxy = arrival?.to;
  if (proxy === undefined || source === undefined || source.machine === null) return null;
  if (proxy.node === null || proxy.node === source.machine) return null;
  const name = source.party.name ?? source.party.ip;
  const gap = missingReason(source.machine, context);
  return {
    ...gapHop({ from: { ...proxy, port: 0 }, to: { ...source.party, port: 0 } }, 'M', {
      ...gap,
      text: `the connection that ${proxy.name ?? proxy.ip} opened comes from an address of ${name}, which forwarded it. ${gap.text}`,
    }),
    kind: 'proxy',
    crossesNode: true,
  };
}

/**
 * Where a connection sets out from a watched machine, that machine's own taps come first; where it comes from
 * outside, the tap at which it enters the first machine. Without them nobody saw whether it was translated there.
 */
export function entryGap(source: Stop, first: Leg | undefined, context: Context): Gap | null {
  if (source.leg !== null || first === undefined || source.party.role === 'node') return null;
  const { machine } = source;
  const isInside = first.tap.role === 'pod' || first.tap.role === 'podVeth';
  const isLost =
    machine === null || machine === first.node ? isInside : context.addressesByNode.has(machine);
  if (!isLost) return null;
  return {
    reason: 'lost',
    text:
      machine === null || machine === first.node
        ? `No tap saw it enter ${first.node}: whether it was translated there is not known.`
        : `The agent on ${machine} did not report that it left: whether it was translated there is not known.`,
  };
}

function balancerGap(): Gap {
  return {
    reason: 'outsideCluster',
    text: 'the load balancer is not observed and sent no PROXY header: who the client was is not known',
  };
}

function nodeGap(source: Stop, context: Context): Gap {
  const name = source.party.name ?? source.party.ip;
  const why = missingReason(source.machine, context);
  return {
    ...why,
    text: `the source is an address of ${name}: it forwarded somebody's connection, or a process on it connected itself. ${why.text}`,
  };
}

function causeGap(source: Stop): Gap {
  return {
    reason: 'causeNotSeen',
    text: `which request made ${source.party.name ?? source.party.ip} open this connection was not seen; it may be its own`,
  };
}

/** Why a machine's part of a connection is missing. */
export function missingReason(machine: string | null, context: Context): Gap {
  if (machine === null) return { reason: 'outsideCluster', text: 'No agent can be there.' };
  if (context.addressesByNode.has(machine)) {
    return { reason: 'lost', text: `The agent on ${machine} reported nothing of it.` };
  }
  return { reason: 'agentAbsent', text: `No agent reports from ${machine}.` };
}

function unknownOrigin(source: Stop, role: Role, gap: Gap): DraftHop {
  const origin = { role, name: null, node: null, ...NOBODY, observed: false };
  return gapHop({ from: origin, to: { ...source.party, port: 0 } }, 'M', gap);
}

/** The PROXY header names the client and the address it dialled. */
function announcedClient(
  source: Stop,
  claimed: { src: Endpoint; dst: Endpoint },
  context: Context,
): DraftHop {
  const client = {
    ...partyAt(claimed.src, null, context),
    role: 'client' as Role,
    observed: false,
  };
  const hop = gapHop(
    { from: client, to: { ...source.party, ...claimed.dst, observed: false } },
    'B',
    {
      reason: 'outsideCluster',
      text: 'told by the PROXY header; no agent saw it',
    },
  );
  return { ...hop, crossesNode: source.machine === null ? null : client.node !== source.machine };
}

function gapHop(ends: Pick<DraftHop, 'from' | 'to'>, gapClass: PathClass, gap: Gap): DraftHop {
  return {
    ...ends,
    kind: 'network',
    crossesNode: null,
    // Whoever it was had to come here.
    extra: false,
    extraReason: null,
    rtt: null,
    rewrite: null,
    class: gapClass,
    gap,
    leg: null,
  };
}
