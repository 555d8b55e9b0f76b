/**
 * Which parties a path has and on which machine (lane) each of them is.
 *
 *   hops:     client ──► node-a   node-a ──► pod on node-b   pod ──► …
 *   parties:  client      node-a              pod               (the `to` of a hop and the `from` of the
 *                                                                next one are one party if they agree)
 */
import { formatAddress } from './format.ts';
import type { Hop, Party, Path, Role } from './model.ts';

export interface PathParty {
  readonly party: Party;
  readonly lane: number;
  /** The hop that arrives here; null for the first party and after a gap. */
  readonly arrival: Hop | null;
  /** True if the hop before ends elsewhere: what lies between was not seen. */
  readonly isAfterGap: boolean;
}

export interface Lane {
  readonly key: string;
  readonly label: string;
  readonly kind: 'client' | 'load-balancer' | 'node' | 'unknown';
  /** An agent saw at least one party on this machine. */
  readonly isObserved: boolean;
}

export interface PathLanes {
  readonly lanes: readonly Lane[];
  readonly parties: readonly PathParty[];
}

const LANE_KINDS: Partial<Record<Role, Lane['kind']>> = {
  client: 'client',
  'load-balancer': 'load-balancer',
};

/** The machine if it is known, else the party stands for itself. */
function laneKey({ node, name, ip }: Party): string {
  if (node !== null) return `node ${node}`;
  return name === null ? `ip ${ip}` : `name ${name}`;
}

function isSameParty(a: Party, b: Party): boolean {
  if (laneKey(a) !== laneKey(b)) return false;
  if (a.name !== null && b.name !== null) return a.name === b.name;
  return a.ip === b.ip || a.role === b.role;
}

type Met = Omit<PathParty, 'lane'>;

/** The parties in path order. */
function partiesOf({ hops }: Pick<Path, 'hops'>): readonly Met[] {
  const found: Met[] = [];
  for (const hop of hops) {
    const last = found.at(-1);
    const joins = last !== undefined && isSameParty(last.party, hop.from);
    if (!joins) found.push({ party: hop.from, arrival: null, isAfterGap: last !== undefined });
    found.push({ party: hop.to, arrival: hop, isAfterGap: false });
  }
  return found;
}

/** The parties, and the machines in order of appearance. An empty path has neither. */
export function lanesOf(path: Pick<Path, 'hops'>): PathLanes {
  const found = partiesOf(path);
  const keys = [...new Set(found.map(({ party }) => laneKey(party)))];
  const lanes = keys.map((key) =>
    laneOf(
      key,
      found.map(({ party }) => party),
    ),
  );
  const parties = found.map((entry) => ({ ...entry, lane: keys.indexOf(laneKey(entry.party)) }));
  return { lanes, parties };
}

function laneOf(key: string, parties: readonly Party[]): Lane {
  const here = parties.filter((party) => laneKey(party) === key);
  const first = here[0];
  const isObserved = here.some(({ observed }) => observed);
  if (first === undefined) return { key, label: key, kind: 'unknown', isObserved };
  const byRole = LANE_KINDS[first.role];
  const kind = byRole ?? (first.node === null ? 'unknown' : 'node');
  return { key, label: first.node ?? partyName(first), kind, isObserved };
}

/** What a person calls this party: its name, else its address, else that it is not known. */
export function partyName(party: Party): string {
  return party.name ?? (party.ip === '' ? 'not known' : party.ip);
}

/** `client 192.0.2.7 → node-a → shop/web-1`, for labels read aloud and titles. */
export function routeText(path: Pick<Path, 'hops'>): string {
  return partiesOf(path)
    .map(({ party, isAfterGap }) => `${isAfterGap ? '(gap) ' : ''}${shortName(party)}`)
    .join(' → ');
}

function shortName(party: Party): string {
  if (party.role === 'client') return `client ${partyName(party)}`;
  return party.name ?? formatAddress(party.ip, party.port);
}
