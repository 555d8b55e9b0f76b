/**
 * Which paths are stored while not all can be, and for how many each stands.
 *
 * Of plain served paths one in 2^k is kept, chosen by the hash in its id: the identity of its connections, the same
 * wherever and whenever the path is put together. A path is kept or shed as a whole, with all its connections and in
 * all its versions. The paths that a service had shed since its last kept one go into the weight of its next one, so
 * that the weights of a service add up to its paths; they are counted, not estimated.
 */
import type { Path } from '@hoptrace/domain/rest/path.ts';

/** Services beyond are not shed: what they lack would be in nobody's weight. */
const MAX_SERVICES = 10_000;
/** After an overload a service's next path carries what is owed; one that comes later would count for another time. */
const OWED_FOR_MS = 60_000;

/** The paths of one service that were shed and are in no weight yet; below 0: one too many is. */
interface Service {
  owed: number;
}

/** What was decided about a path. Weight 0: shed. */
export interface Weighing {
  readonly weight: number;
  /** Null: nothing to settle (not shed, or decided by an earlier process). */
  readonly service: Service | null;
}

/** Grow only. */
export interface ShedCounts {
  /** Paths not stored; a path that turned out to be none to shed, and was stored then, stays counted. */
  shed: number;
  /** Of them, those that no weight holds: their services had no path any more soon enough. */
  unweighed: number;
}

export interface ShedderOptions {
  /** k of the rate 1/2^k that is in force; 0: everything is kept. */
  readonly exponent: () => number;
  /** There is no room: of plain paths none is kept. */
  readonly isFull: () => boolean;
  readonly nowMs: () => number;
}

/** It stands for itself alone. */
export const WHOLE: Weighing = { weight: 1, service: null };

export class PathShedder {
  readonly counts: ShedCounts = { shed: 0, unweighed: 0 };
  readonly #options: ShedderOptions;
  readonly #services = new Map<string, Service>();
  #shedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ShedderOptions) {
    this.#options = options;
  }

  /** `known`: what was decided about its last version, null where there was none (or it was withdrawn). */
  weigh(path: Path, known: Weighing | null): Weighing {
    if (known !== null) return weighAgain(path, known);
    if (!isPlain(path)) return WHOLE;
    const exponent = this.#options.exponent();
    const isFull = this.#options.isFull();
    if (exponent === 0 && !isFull) return this.#settled(path);
    this.#shedAtMs = this.#options.nowMs();
    const key = keyOf(path);
    const service = this.#services.get(key);
    // The first path of a service is kept, so that a rare one does not vanish.
    if (service === undefined) {
      if (this.#services.size < MAX_SERVICES) this.#services.set(key, { owed: 0 });
      return WHOLE;
    }
    if (!isFull && isChosen(path.pathId, exponent)) return taken(service);
    service.owed += 1;
    this.counts.shed += 1;
    return { weight: 0, service };
  }

  /** The path is no more: what it stood for besides itself is owed again. */
  withdraw({ weight, service }: Weighing): void {
    if (service !== null) service.owed += weight - 1;
  }

  #settled(path: Path): Weighing {
    if (this.#services.size === 0) return WHOLE;
    if (this.#options.nowMs() - this.#shedAtMs > OWED_FOR_MS) {
      for (const { owed } of this.#services.values()) this.counts.unweighed += Math.max(0, owed);
      this.#services.clear();
      return WHOLE;
    }
    const service = this.#services.get(keyOf(path));
    return service === undefined || service.owed <= 0 ? WHOLE : taken(service);
  }
}

/** Only what is like many others: refusals and extra hops are what people look for. */
function isPlain({ outcome, refusal, extraHops, hops }: Path): boolean {
  const isServed = outcome === 'served' && refusal === null;
  return isServed && extraHops === 0 && hops.every(({ extra }) => extra !== true);
}

/** A decision stands, unless evidence that came later says that the path is none to shed: then it stands for itself. */
function weighAgain(path: Path, known: Weighing): Weighing {
  const { weight, service } = known;
  if (weight === 1 || isPlain(path)) return known;
  if (service !== null) service.owed += weight - 1;
  return { weight: 1, service };
}

function taken(service: Service): Weighing {
  const weight = Math.max(1, 1 + service.owed);
  service.owed += 1 - weight;
  return { weight, service };
}

/** The 16 hex digits of an id are a hash of connections; who is kept at 1/2^k is kept at every higher rate. */
function isChosen(pathId: string, exponent: number): boolean {
  return Number.parseInt(pathId.slice(-8), 16) % 2 ** exponent === 0;
}

function keyOf({ cluster, service }: Path): string {
  if (service === null) return cluster;
  return [cluster, service.namespace, service.name, service.port].join('\n');
}
