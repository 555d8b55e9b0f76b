/** Simulated time: actions run in the order of their times, those of equal time in the order they were planned. */

interface Planned {
  readonly atNs: number;
  readonly order: number;
  readonly action: () => void;
}

export class Schedule {
  nowNs = 0;
  readonly #heap: Planned[] = [];
  #planned = 0;

  /** An action of the past runs now. */
  at(atNs: number, action: () => void): void {
    this.#heap.push({ atNs: Math.max(atNs, this.nowNs), order: this.#planned++, action });
    this.#rise(this.#heap.length - 1);
  }

  /** Until nothing is planned any more. */
  run(): void {
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      this.nowNs = next.atNs;
      next.action();
    }
  }

  #take(): Planned | undefined {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (last !== undefined && last !== first) {
      this.#heap[0] = last;
      this.#sink();
    }
    return first;
  }

  #isBefore(a: number, b: number): boolean {
    const left = this.#heap[a];
    const right = this.#heap[b];
    if (left === undefined || right === undefined) return false;
    return left.atNs < right.atNs || (left.atNs === right.atNs && left.order < right.order);
  }

  #rise(from: number): void {
    for (let index = from; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #sink(): void {
    for (let index = 0; ; ) {
      const left = 2 * index + 1;
      const least = this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#isBefore(least, index)) return;
      this.#swap(index, least);
      index = least;
    }
  }

  #swap(a: number, b: number): void {
    const left = this.#heap[a] as Planned;
    this.#heap[a] = this.#heap[b] as Planned;
    this.#heap[b] = left;
  }
}
