/** Party by party: what its socket shows, whether that is the client, and whether it can learn the client. */
import { formatEndpoint } from '../model/tuple.ts';
import type { ClientSighting } from '../rest/path.ts';
import { nameOf } from './claims.ts';
import type { Finding, SourceFacts } from './facts.ts';
import type { Segment, Sighting } from './segments.ts';

/** One for each hop, in path order. */
export function clientSightings(facts: SourceFacts, finding: Finding): ClientSighting[] {
  return facts.segments.flatMap((segment, index) =>
    segment.sightings.map((sighting): ClientSighting => {
      const isClient = isClientAt(segment, sighting, facts, finding);
      const { source, hop } = sighting;
      return {
        party: nameOf(hop.to),
        sees: source === null ? null : formatEndpoint(source),
        isClient,
        recoverable: isClient === true ? true : isRecoverableAt(index, isClient, facts, finding),
      };
    }),
  );
}

function isClientAt(
  segment: Segment,
  { source }: Sighting,
  { trust, segments }: SourceFacts,
  { client, claim }: Finding,
): boolean | null {
  if (source === null) return null;
  if (client !== null) return source.ip === client;
  // Whoever the client is, it is none of the addresses that a rewrite put in its place.
  if (source.ip !== segment.sender.ip) return false;
  // An announcement that is neither believed nor refuted leaves open whether its sender is the client.
  if (claim !== null && segments[claim.segment] === segment) return null;
  const inbound = segments[segments.indexOf(segment) - 1];
  const isProxy = trust.isBalancer(segment.sender) || (inbound !== undefined && !inbound.isGap);
  return isProxy ? false : null;
}

/** By a header that this connection carried; else a proxy may have told in HTTP, which nobody reads here. */
function isRecoverableAt(
  index: number,
  isClient: boolean | null,
  { claims, segments, trust }: SourceFacts,
  { client }: Finding,
): boolean | null {
  const told = claims.filter((claim) => claim.segment === index);
  if (told.some((claim) => claim.believable === true && claim.address === client)) return true;
  const sender = segments[index]?.sender;
  const isSpokenFor = index > 0 || (sender !== undefined && trust.isBalancer(sender));
  return isSpokenFor || isClient === null ? null : false;
}
