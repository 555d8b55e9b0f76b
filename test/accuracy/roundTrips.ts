/** Round trips and one-way times of hops: does the interval cover the truth, and how far is the value from it? */
import type { Hop, Path } from '@hoptrace/domain/rest/path.ts';
import type { SimConnection } from '../simulator/connection.ts';
import type { Sighting, Sightings } from './sightings.ts';
import type { Tally } from './tally.ts';

/**
 * The truth of a hop is the time that its SYN-ACK and its ACK took between the two taps; where the path says that
 * it knows only the first packets' round trip (`steadyNs` null), that of its SYN and its SYN-ACK.
 */
export function judgeRoundTrips(path: Path, sightings: Sightings, tally: Tally): void {
  for (const hop of path.hops) {
    const [to] = sightings.ofHop(path, hop);
    if (hop.rtt === null || to === undefined) continue;
    judgeOneWay(hop, to, sightings, tally);
    const truthNs = trueRoundTrip(hop, to, sightings);
    if (truthNs === null) continue;
    const { method, lowNs, highNs, valueNs } = hop.rtt;
    tally.add(`round trips ${method}`);
    if (lowNs <= truthNs && truthNs <= highNs) tally.add(`round trips covered ${method}`);
    if (method === 'handshakeDifference') {
      tally.sample('rtt errors', Math.abs(valueNs - truthNs));
      tally.add('rtt widths', highNs - lowNs);
    }
  }
}

/** Of the ACK where the path says that both taps saw it, else of the SYN. Inside a machine there is one clock. */
function judgeOneWay(hop: Hop, to: Sighting, sightings: Sightings, tally: Tally): void {
  if (hop.oneWay == null || hop.rtt === null || hop.crossesNode !== true) return;
  const from = firstTapOf(hop, to.connection, to.site, sightings);
  const { ackNs, synNs } = to.connection;
  const times = hop.rtt.steadyNs === null ? synNs : ackNs;
  const [sentNs, cameNs] = [times[from ?? -1], times[to.site]];
  if (sentNs === undefined || cameNs === undefined) return;
  const truthNs = cameNs - sentNs;
  const { lowNs, highNs } = hop.oneWay;
  tally.add('one-way times');
  tally.add('one-way widths', highNs - lowNs);
  if (lowNs <= truthNs && truthNs <= highNs) tally.add('one-way times covered');
}

function trueRoundTrip(hop: Hop, to: Sighting, sightings: Sightings): number | null {
  const { connection, site } = to;
  // Behind a SYNPROXY the handshake is with the node: it bounds no way to the client.
  if (hop.rtt?.method === 'handshakeToClient')
    return innerSite(connection, site) ? null : toClient(connection, site);
  if (hop.rtt?.method !== 'handshakeDifference') return null;
  const from = firstTapOf(hop, connection, site, sightings);
  if (from === null) return null;
  const duration = hop.rtt.steadyNs === null ? toServer : toClient;
  const [a, b] = [duration(connection, from), duration(connection, site)];
  return a === null || b === null ? null : Math.abs(b - a);
}

function innerSite({ route }: SimConnection, site: number): boolean {
  return route.middlebox?.kind === 'synproxy' && site >= route.middlebox.before;
}

/** Both directions between this tap and the client's machine; the client's own time is left out. */
function toClient(connection: SimConnection, site: number): number | null {
  const synAckNs = connection.synAckNs[site];
  const ackNs = connection.ackNs[site];
  if (synAckNs === undefined || ackNs === undefined) return null;
  return connection.clientSynAckNs - synAckNs + (ackNs - connection.clientAckNs);
}

/** From SYN to SYN-ACK; a repeated SYN puts a time-out into it. */
function toServer(connection: SimConnection, site: number): number | null {
  const synNs = connection.synNs[site];
  const synAckNs = connection.synAckNs[site];
  return synNs === undefined || synAckNs === undefined ? null : synAckNs - synNs;
}

/** The first tap that was delivered of the machine that the hop leaves. */
function firstTapOf(
  hop: Hop,
  connection: SimConnection,
  before: number,
  sightings: Sightings,
): number | null {
  const delivered = sightings.legs.get(connection.id);
  const sites = connection.route.sites.slice(0, before).entries();
  for (const [index, { machine }] of sites) {
    if (machine === hop.from.node && delivered?.has(index)) return index;
  }
  return null;
}
