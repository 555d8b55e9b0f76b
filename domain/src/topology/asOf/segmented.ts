/** A value that changes rarely and is read whole, built once for each stretch of time between two changes. */
import { countUpTo } from '../../kubernetes/segments.ts';

/** Connections come nearly in the order of time. */
const MAX_REMEMBERED = 8;

export class Segmented<T> {
  readonly #build: (atUs: number) => T;
  #edges: number[] = [];
  readonly #built = new Map<number, T>();

  constructor(build: (atUs: number) => T) {
    this.#build = build;
  }

  /** Something changes at `atUs`. */
  changed(atUs: number): void {
    const last = this.#edges.at(-1);
    if (last === atUs || !Number.isFinite(atUs)) {
      this.#built.clear();
      return;
    }
    this.#edges.push(atUs);
    // Of earlier instants nothing is different, if this one is the last.
    if (last === undefined || atUs > last) {
      this.#built.delete(this.#edges.length);
      return;
    }
    this.#edges.sort((a, b) => a - b);
    this.#built.clear();
  }

  at(atUs: number): T {
    const segment = countUpTo(this.#edges, atUs);
    const known = this.#built.get(segment);
    if (known !== undefined) return known;
    const built = this.#build(atUs);
    const [oldest] = this.#built.keys();
    if (this.#built.size >= MAX_REMEMBERED && oldest !== undefined) this.#built.delete(oldest);
    this.#built.set(segment, built);
    return built;
  }

  forget(beforeUs: number): void {
    const count = countUpTo(this.#edges, beforeUs);
    if (count < 1024) return;
    this.#edges = this.#edges.slice(count);
    this.#built.clear();
  }
}
