/**
 * Which groups were at which place, by blocks of the place's time. A block is looked at once its time is over, and
 * again when something new comes to be known of it; once a group that was there is forgotten, never again.
 */
import type { TimeWindow } from '@hoptrace/domain/loss/timeWindows.ts';
import type { Exchange, InferredLink, ProxyLink } from '@hoptrace/domain/reconstruct/evidence.ts';
import type { Group } from './group.ts';
import { NO_VISITS, type Stay, type Visit, type Visits } from './visits.ts';

/** Places with groups are bounded by the groups; of those without, what is broken there is all that is remembered. */
const MAX_PLACES = 4096;

/** One stretch of the grid of a place's time. */
export interface Block {
  readonly id: string;
  readonly place: Place;
  readonly number: number;
  readonly groups: Set<Group>;
  /** What was inferred when it was last looked at. */
  links: readonly InferredLink[];
  /** From idle moment to idle moment, as of then; null: not looked at yet. */
  span: TimeWindow | null;
  /** When it was first known that all of it had been told; null: not yet. */
  toldSinceMs: number | null;
}

export interface Place {
  readonly cluster: string;
  /** As in proxyPlaces of the domain. */
  readonly key: string;
  readonly node: string;
  readonly blocks: Map<number, Block>;
  /** Before this, groups that were here are forgotten. */
  brokenUntilUs: number;
}

export class PlaceBlocks {
  readonly #blockUs: number;
  readonly #places = new Map<string, Place>();
  readonly #stale = new Set<Block>();
  /** By cluster: before this, groups at places that are forgotten themselves are forgotten. */
  readonly #brokenUntilUs = new Map<string, number>();
  /** By cluster and node. */
  readonly #loose = new Map<string, Set<Group>>();

  constructor(blockUs: number) {
    this.#blockUs = blockUs;
  }

  /** Blocks of which something is not looked at yet. */
  get stale(): Iterable<Block> {
    return this.#stale;
  }

  timeOf({ number }: Block): TimeWindow {
    return { fromUs: number * this.#blockUs, toUs: (number + 1) * this.#blockUs };
  }

  /** Notes where a group was; what it knew before and knows still is no news. */
  note(group: Group, visits: Visits): void {
    const before = group.visits;
    if (before === NO_VISITS && visits === NO_VISITS) return;
    group.visits = visits;
    this.#noteLoose(group, before, visits);
    const newLinks = before === NO_VISITS ? [] : newOf(before.links, visits.links);
    for (const [key, visit] of visits.byPlace) {
      const place = this.#placeOf(group.cluster, key, visit.node);
      for (const stay of newStays(before.byPlace.get(key), visit))
        this.#noteStay(place, group, stay);
      for (const link of newLinks)
        if (link.node === visit.node) this.#touch(place, link.startUs, link.startUs);
    }
  }

  /** `source` is a part of `target` now. */
  merged(target: Group, source: Group): void {
    if (source.visits === NO_VISITS) return;
    for (const [key, { stays }] of source.visits.byPlace) {
      const place = this.#places.get(`${source.cluster}|${key}`);
      for (const number of this.#numbersOf(stays)) {
        const block = place?.blocks.get(number);
        block?.groups.delete(source);
        block?.groups.add(target);
      }
    }
    for (const each of this.#loose.values()) if (each.delete(source)) each.add(target);
    target.visits = union(target.visits, source.visits);
  }

  /** Nobody knows any more what this group did: no block in which it was can be judged from now on. */
  forgotten(group: Group): void {
    for (const [key, { stays }] of group.visits.byPlace) {
      const place = this.#places.get(`${group.cluster}|${key}`);
      if (place === undefined) continue;
      for (const number of this.#numbersOf(stays)) {
        place.brokenUntilUs = Math.max(place.brokenUntilUs, (number + 1) * this.#blockUs);
        this.#leave(place, number, group);
      }
    }
    for (const [node, each] of this.#loose) {
      each.delete(group);
      if (each.size === 0) this.#loose.delete(node);
    }
  }

  lookedAt(block: Block): void {
    this.#stale.delete(block);
  }

  /** Groups with requests in the block or after it, as far as the cut at its end may reach. */
  groupsOf({ place, number, groups }: Block): ReadonlySet<Group> {
    return new Set([...groups, ...(place.blocks.get(number + 1)?.groups ?? [])]);
  }

  /** Is somebody known to be missing there? */
  isBroken({ place }: Block, { fromUs, toUs }: TimeWindow): boolean {
    const floorUs = this.#brokenUntilUs.get(place.cluster) ?? 0;
    if (fromUs < Math.max(floorUs, place.brokenUntilUs)) return true;
    const loose = this.#loose.get(`${place.cluster}|${place.node}`) ?? [];
    return [...loose].some(({ visits }) =>
      visits.loose.some(({ node, startUs }) => {
        return node === place.node && startUs >= fromUs - this.#blockUs && startUs < toUs;
      }),
    );
  }

  #noteStay(place: Place, group: Group, stay: Stay): void {
    const last = Math.floor(stay.toUs / this.#blockUs);
    for (let number = Math.floor(stay.fromUs / this.#blockUs); number <= last; number++) {
      const known = place.blocks.get(number);
      const block = known ?? this.#newBlock(place, number);
      block.groups.add(group);
    }
    this.#touch(place, stay.fromUs, stay.toUs);
  }

  /** Blocks that this time is, or may become, a part of. */
  #touch(place: Place, fromUs: number, toUs: number): void {
    const first = Math.floor(fromUs / this.#blockUs) - 1;
    for (let number = first; number * this.#blockUs <= toUs; number++) {
      const block = place.blocks.get(number);
      if (block === undefined) continue;
      const { span } = block;
      if (span !== null && (fromUs >= span.toUs || toUs < span.fromUs)) continue;
      block.toldSinceMs = null;
      this.#stale.add(block);
    }
  }

  #noteLoose(group: Group, before: Visits, after: Visits): void {
    for (const { node } of before.loose) this.#loose.get(`${group.cluster}|${node}`)?.delete(group);
    for (const { node } of after.loose) {
      const key = `${group.cluster}|${node}`;
      this.#loose.set(key, (this.#loose.get(key) ?? new Set()).add(group));
    }
  }

  #numbersOf(stays: readonly Stay[]): Set<number> {
    const numbers = new Set<number>();
    for (const { fromUs, toUs } of stays)
      for (let at = Math.floor(fromUs / this.#blockUs); at * this.#blockUs <= toUs; at++)
        numbers.add(at);
    return numbers;
  }

  #placeOf(cluster: string, key: string, node: string): Place {
    const known = this.#places.get(`${cluster}|${key}`);
    if (known !== undefined) return known;
    const place = { cluster, key, node, blocks: new Map(), brokenUntilUs: 0 };
    this.#places.set(`${cluster}|${key}`, place);
    if (this.#places.size > MAX_PLACES) this.#forgetEmptyPlace();
    return place;
  }

  #forgetEmptyPlace(): void {
    for (const [key, { cluster, blocks, brokenUntilUs }] of this.#places) {
      if (blocks.size > 0) continue;
      this.#places.delete(key);
      const floorUs = this.#brokenUntilUs.get(cluster) ?? 0;
      this.#brokenUntilUs.set(cluster, Math.max(floorUs, brokenUntilUs));
      return;
    }
  }

  #newBlock(place: Place, number: number): Block {
    const id = `${place.key}|${number}`;
    const block: Block = {
      ...{ id, place, number },
      groups: new Set(),
      links: [],
      span: null,
      toldSinceMs: null,
    };
    place.blocks.set(number, block);
    return block;
  }

  #leave(place: Place, number: number, group: Group): void {
    const block = place.blocks.get(number);
    if (block === undefined) return;
    block.groups.delete(group);
    if (block.groups.size > 0) return;
    place.blocks.delete(number);
    this.#stale.delete(block);
  }
}

function newStays(before: Visit | undefined, after: Visit): readonly Stay[] {
  // What was told to have been caused is open again: then all of it is.
  if (before === undefined || (after.hasOpen && !before.hasOpen)) return after.stays;
  const known = new Set<Exchange>(before.stays.map(({ record }) => record));
  return after.stays.filter(({ record }) => !known.has(record));
}

function newOf(before: readonly ProxyLink[], after: readonly ProxyLink[]): ProxyLink[] {
  if (after.length === before.length) return [];
  const known = new Set(before);
  return after.filter((link) => !known.has(link));
}

function union(a: Visits, b: Visits): Visits {
  const byPlace = new Map(a.byPlace);
  for (const [key, visit] of b.byPlace) {
    const { stays, hasOpen } = byPlace.get(key) ?? { stays: [], hasOpen: false };
    byPlace.set(key, {
      node: visit.node,
      stays: [...stays, ...visit.stays],
      hasOpen: hasOpen || visit.hasOpen,
    });
  }
  return { byPlace, loose: [...a.loose, ...b.loose], links: [...a.links, ...b.links] };
}
