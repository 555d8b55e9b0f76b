/** Which true connection and tap a leg, or a stamp in a path, belongs to. */
import type { Leg } from '@hoptrace/domain/reconstruct/evidence.ts';
import type { Hop, Path } from '@hoptrace/domain/rest/path.ts';
import { EPOCH_US } from '../simulator/clock.ts';
import { hashesAt, type SimConnection } from '../simulator/connection.ts';
import type { World } from '../simulator/world.ts';

export interface Sighting {
  readonly connection: SimConnection;
  /** Index in the connection's taps. */
  readonly site: number;
}

/** What was delivered about a world, by connection and by stamp. */
export class Sightings {
  /** Delivered legs that know both ISNs (`true`) or only the client's, by connection id and tap. */
  readonly legs = new Map<number, Map<number, boolean>>();
  /** Connection ids whose refusal was delivered. */
  readonly refusals = new Set<number>();
  readonly #byClientHash: ReadonlyMap<string, SimConnection>;
  readonly #byId: ReadonlyMap<number, SimConnection>;
  /** By the leg's own identity, which it keeps where its hashes are taken away. */
  readonly #byLeg = new Map<string, Sighting>();
  readonly #byStamp = new Map<string, Sighting[]>();

  constructor({ truth, records }: World) {
    this.#byId = truth.connections;
    this.#byClientHash = new Map(
      [...truth.connections.values()].flatMap((connection) =>
        [connection, connection.outer].flatMap((hashes): [string, SimConnection][] =>
          hashes === null ? [] : [[hashes.clientHash, connection]],
        ),
      ),
    );
    for (const record of records) {
      if (record.kind === 'leg') this.#add(record);
      if (record.kind === 'refusal') {
        const id = this.#byClientHash.get(record.clientIsnHash ?? '')?.id;
        if (id !== undefined) this.refusals.add(id);
      }
    }
  }

  ofLeg(leg: Leg): Sighting | null {
    return this.#byLeg.get(legKey(leg)) ?? null;
  }

  /** Where this connection's delivered legs with both ISNs were seen, and which pair they saw; one entry a leg. */
  pairsSeenOf(id: number): { machine: string; pairHash: string }[] {
    const connection = this.#byId.get(id);
    if (connection === undefined) return [];
    return [...(this.legs.get(id) ?? [])].flatMap(([site, hasPair]) => {
      const machine = connection.route.sites[site]?.machine;
      const { pairHash } = hashesAt(connection, site);
      return hasPair && machine !== undefined ? [{ machine, pairHash }] : [];
    });
  }

  /** The sightings whose stamp a hop shows; several only where two taps of a machine stamped the same nanosecond. */
  ofHop(path: Path, hop: Hop): Sighting[] {
    const { clock, synNs } = hop.times;
    if (clock === null || synNs === null) return [];
    return this.#byStamp.get(stampKey(clock, path.startedAtUs, synNs)) ?? [];
  }

  #add(leg: Leg): void {
    const connection = this.#byClientHash.get(leg.clientIsnHash ?? '');
    const site =
      connection?.route.sites.findIndex(
        ({ machine, tap }) =>
          machine === leg.node &&
          tap.netns === leg.tap.netns &&
          tap.role === leg.tap.role &&
          tap.synDirection === leg.tap.synDirection &&
          tap.ifindex === leg.tap.ifindex,
      ) ?? -1;
    if (connection === undefined || site < 0) return;
    const sighting = { connection, site };
    this.#byLeg.set(legKey(leg), sighting);
    const { id } = sighting.connection;
    const sites = this.legs.get(id) ?? new Map<number, boolean>();
    this.legs.set(
      id,
      sites.set(sighting.site, sites.get(sighting.site) || leg.isnPairHash !== null),
    );
    const key = stampKey(leg.node, leg.startUs, leg.synNs);
    const known = this.#byStamp.get(key);
    if (known === undefined) this.#byStamp.set(key, [sighting]);
    else if (!known.some((each) => each.connection === sighting.connection)) known.push(sighting);
  }
}

function legKey({ node, bootId, legId }: Leg): string {
  return `${node}|${bootId}|${legId}`;
}

function stampKey(machine: string, startUs: number, ns: number): string {
  return `${machine}|${(startUs - EPOCH_US) * 1000 + ns}`;
}
