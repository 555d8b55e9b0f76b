/** What changed when, by subject: verdicts near a change are transitional. */
import type { TopologyChange } from '../topology.ts';

export class ChangeLog {
  readonly #bySubject = new Map<string, TopologyChange[]>();
  /** All, in the order of being told; forgotten from the front. */
  #all: TopologyChange[] = [];
  #forgotten = 0;

  add(change: TopologyChange): void {
    const own = this.#bySubject.get(change.subject);
    const last = own?.at(-1);
    if (last?.latestUs === change.latestUs && last.earliestUs === change.earliestUs) return;
    if (own === undefined) this.#bySubject.set(change.subject, [change]);
    else own.push(change);
    this.#all.push(change);
  }

  /** Changes of the subject that lie within `windowUs` of `atUs`. */
  near(subject: string, atUs: number, windowUs: number): TopologyChange[] {
    return (this.#bySubject.get(subject) ?? []).filter((each) => isNear(each, atUs, windowUs));
  }

  /** Those of all subjects, by name and time. Looks through everything. */
  allNear(atUs: number, windowUs: number): TopologyChange[] {
    return this.#all
      .slice(this.#forgotten)
      .filter((each) => isNear(each, atUs, windowUs))
      .sort(bySubject);
  }

  forget(beforeUs: number): void {
    let next = this.#all[this.#forgotten];
    while (next !== undefined && next.latestUs < beforeUs) {
      const own = this.#bySubject.get(next.subject) ?? [];
      // Told in one order, so the first of its subject is this one.
      if (own.length <= 1) this.#bySubject.delete(next.subject);
      else own.shift();
      this.#forgotten += 1;
      next = this.#all[this.#forgotten];
    }
    if (this.#forgotten < 1024 || this.#forgotten * 2 < this.#all.length) return;
    this.#all = this.#all.slice(this.#forgotten);
    this.#forgotten = 0;
  }
}

function isNear({ earliestUs, latestUs }: TopologyChange, atUs: number, windowUs: number): boolean {
  return earliestUs - windowUs <= atUs && atUs <= latestUs + windowUs;
}

function bySubject(a: TopologyChange, b: TopologyChange): number {
  if (a.subject !== b.subject) return a.subject < b.subject ? -1 : 1;
  return a.latestUs - b.latestUs;
}
