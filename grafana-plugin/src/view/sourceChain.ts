/**
 * The source address as each party on the path sees it, and where the client's own address vanished
 * or came back. Only what the path document says; what it does not say is `unknown`.
 */
import { formatAddress, ipOf } from './format.ts';
import type { ClientSighting, Hop, Party, Path, Rewrite } from './model.ts';

/**
 * client: the socket shows the client. recoverable: it shows another address, but the receiver can
 * still learn the client. hidden: it cannot. unknown: not observed.
 */
export type ClientVisibility = 'client' | 'recoverable' | 'hidden' | 'unknown';

export interface ChainLink {
  readonly hop: Hop;
  readonly seenBy: Party;
  /** `ip:port` of the source as the receiver's socket shows it; null if the path does not say. */
  readonly source: string | null;
  readonly rewrite: Rewrite | null;
  readonly visibility: ClientVisibility;
  readonly mark: 'vanishes' | 'recovered' | null;
}

type Chained = Pick<Path, 'hops' | 'client' | 'sourceVerdict'>;

/** One link per hop, in path order. A path that carries a verdict is drawn by it, an older one by its rewrites. */
export function sourceChainOf(path: Chained): ChainLink[] {
  const links: ChainLink[] = [];
  for (const [index, hop] of path.hops.entries()) {
    const before = links.at(-1) ?? null;
    const judged = path.sourceVerdict?.clientSeenBy[index];
    const source = judged === undefined ? sourceAfter(hop, before) : judged.sees;
    const visibility =
      judged === undefined
        ? visibilityOf(path.client.ip, source, hop.rewrite, before)
        : visibilityBy(judged);
    const mark = markOf(source, visibility, before);
    links.push({ hop, seenBy: hop.to, source, rewrite: hop.rewrite, visibility, mark });
  }
  return links;
}

function sourceAfter(hop: Hop, before: ChainLink | null): string | null {
  if (hop.rewrite !== null) return hop.rewrite.after;
  if (hop.from.ip === '') return null;
  if (before === null || hop.kind === 'network') return formatAddress(hop.from.ip, hop.from.port);
  // A proxy opens a connection of its own from a port that only a rewrite record would tell.
  if (hop.kind === 'proxy') return hop.from.observed ? hop.from.ip : null;
  return before.source;
}

function visibilityBy({ isClient, recoverable }: ClientSighting): ClientVisibility {
  if (isClient === true) return 'client';
  if (recoverable === null) return 'unknown';
  return recoverable ? 'recoverable' : 'hidden';
}

function visibilityOf(
  clientIp: string | null,
  source: string | null,
  rewrite: Rewrite | null,
  before: ChainLink | null,
): ClientVisibility {
  if (clientIp === null || source === null) return 'unknown';
  if (ipOf(source) === clientIp) return 'client';
  if (rewrite?.recoverable === true) return 'recoverable';
  if (rewrite?.recoverable === false) return 'hidden';
  // Nothing new was observed here: what was lost before stays lost, a rewrite of unknown effect is unknown.
  if (before?.visibility === 'hidden') return 'hidden';
  return rewrite === null && before !== null ? carried(before.visibility) : 'unknown';
}

function carried(visibility: ClientVisibility): ClientVisibility {
  return visibility === 'client' ? 'unknown' : visibility;
}

/** The socket showed the client and now shows another address: a fact, whatever the receiver can still learn. */
function markOf(
  source: string | null,
  now: ClientVisibility,
  before: ChainLink | null,
): ChainLink['mark'] {
  const hasOther = source !== null && now !== 'client';
  if (before?.visibility === 'client' && hasOther) return 'vanishes';
  const isBack = now === 'client' || now === 'recoverable';
  return before?.visibility === 'hidden' && isBack ? 'recovered' : null;
}

/** The chain in a sentence or two, true for what was observed and no more: the path's own verdict, if it has one. */
export function chainSummary(path: Chained): string {
  if (path.sourceVerdict != null) return path.sourceVerdict.text;
  const links = sourceChainOf(path);
  if (links.length === 0) return 'No hop is known, so no source address is either.';
  if (path.client.ip === null) return 'The address of the client is not known.';
  const last = links.at(-1);
  const where = links.find(({ mark }) => mark === 'vanishes');
  const lost =
    where === undefined
      ? ''
      : ` The client’s address was replaced on the way to ${nameOf(where.seenBy)}.`;
  if (last?.visibility === 'client')
    return 'The last party on the path sees the address of the client.';
  if (last?.visibility === 'recoverable')
    return `The last party sees another address, but can still learn the client.${lost}`;
  if (last?.visibility === 'hidden') return `The last party cannot learn the client.${lost}`;
  return `Whether the last party can learn the client was not observed.${lost}`;
}

function nameOf(party: Party): string {
  return party.name ?? party.ip;
}
