/**
 * Connections as thirteen words each, and which of them may meet in one path: a union-find whose sets are also rings.
 * Time is milliseconds after the road's first call; every set keeps its own at its root.
 */
export const CONNECTION_WORDS = 13;
export const C = {
  pair: 0,
  client: 2,
  /** Row + 1 of the newest leg. */
  head: 4,
  /** Legs in the lower 16 bits, flags above. */
  state: 5,
  /** Next of the ring of the set. While free: next free + 1. */
  ring: 6,
  parent: 7,
  lastMs: 8,
  /** 0: no news; else 1 + the time of the oldest. */
  dirtyMs: 9,
  server: 10,
  /** Sequence number in the tuple log before which no entry is this connection's. */
  firstEntry: 12,
} as const;
export const STATE = {
  hasPair: 1 << 16,
  hasClient: 1 << 17,
  isUsed: 1 << 18,
  hasServer: 1 << 19,
} as const;
export const LEG_COUNT = 0xffff;
/** Units of age in the time a set is kept, at most: small, so that ages compare well modulo 256. */
const MAX_KEEP_UNITS = 64;

export class Pools {
  readonly words: Uint32Array;
  /** When each connection was last told of, in units of 2^ageShift ms: who looks for the old reads these in a row. */
  readonly #ages: Uint8Array;
  readonly #ageShift: number;
  readonly #keepUnits: number;
  readonly capacity: number;
  used = 0;
  #free = 0;
  #fresh = 0;
  /** Connections with news, oldest first; one entry for each time a set became dirty. */
  readonly #dirty: Uint32Array;
  #dirtyHead = 0;
  #dirtyCount = 0;

  constructor(capacity: number, keepMs: number) {
    this.#ageShift = Math.max(0, Math.ceil(Math.log2((keepMs + 1) / MAX_KEEP_UNITS)));
    this.#keepUnits = Math.floor(keepMs / 2 ** this.#ageShift);
    this.capacity = capacity;
    this.words = new Uint32Array(capacity * CONNECTION_WORDS);
    this.#dirty = new Uint32Array(capacity);
    this.#ages = new Uint8Array(capacity);
  }

  get byteLength(): number {
    return this.words.byteLength + this.#dirty.byteLength + this.#ages.byteLength;
  }

  /** A new connection, alone in its set; -1: no room. */
  create(nowMs: number): number {
    const id = this.#free > 0 ? this.#free - 1 : this.#fresh < this.capacity ? this.#fresh++ : -1;
    if (id < 0) return -1;
    const at = id * CONNECTION_WORDS;
    if (this.#free > 0) this.#free = this.words[at + C.ring] as number;
    for (let word = 0; word < CONNECTION_WORDS; word++) this.words[at + word] = 0;
    this.words[at + C.state] = STATE.isUsed;
    this.words[at + C.ring] = id;
    this.words[at + C.parent] = id;
    this.words[at + C.lastMs] = nowMs;
    this.#ages[id] = nowMs >>> this.#ageShift;
    this.used += 1;
    return id;
  }

  release(id: number): void {
    const at = id * CONNECTION_WORDS;
    this.words[at + C.state] = 0;
    this.words[at + C.ring] = this.#free;
    this.#free = id + 1;
    this.used -= 1;
  }

  isUsed(id: number): boolean {
    return ((this.words[id * CONNECTION_WORDS + C.state] as number) & STATE.isUsed) !== 0;
  }

  rootOf(id: number): number {
    const { words } = this;
    let node = id;
    for (;;) {
      const at = node * CONNECTION_WORDS + C.parent;
      const parent = words[at] as number;
      if (parent === node) return node;
      const above = words[parent * CONNECTION_WORDS + C.parent] as number;
      words[at] = above;
      node = above;
    }
  }

  union(a: number, b: number): void {
    const left = this.rootOf(a);
    const right = this.rootOf(b);
    if (left === right) return;
    const { words } = this;
    const [root, child] = left < right ? [left, right] : [right, left];
    const [rootAt, childAt] = [root * CONNECTION_WORDS, child * CONNECTION_WORDS];
    words[childAt + C.parent] = root;
    const next = words[rootAt + C.ring] as number;
    words[rootAt + C.ring] = words[childAt + C.ring] as number;
    words[childAt + C.ring] = next;
    words[rootAt + C.lastMs] = Math.max(
      words[rootAt + C.lastMs] as number,
      words[childAt + C.lastMs] as number,
    );
    const [news, other] = [
      words[rootAt + C.dirtyMs] as number,
      words[childAt + C.dirtyMs] as number,
    ];
    words[rootAt + C.dirtyMs] = news === 0 || (other !== 0 && other < news) ? other : news;
    words[childAt + C.dirtyMs] = 0;
  }

  /** Something new was said about this connection. */
  touch(id: number, nowMs: number): void {
    const rootAt = this.rootOf(id) * CONNECTION_WORDS;
    this.words[rootAt + C.lastMs] = nowMs;
    this.#ages[id] = nowMs >>> this.#ageShift;
    if (this.words[rootAt + C.dirtyMs] !== 0) return;
    this.words[rootAt + C.dirtyMs] = nowMs + 1;
    this.#push(id);
  }

  lastMs(root: number): number {
    return this.words[root * CONNECTION_WORDS + C.lastMs] as number;
  }

  isDirty(root: number): boolean {
    return this.words[root * CONNECTION_WORDS + C.dirtyMs] !== 0;
  }

  clean(root: number): void {
    this.words[root * CONNECTION_WORDS + C.dirtyMs] = 0;
  }

  /**
   * Roots of up to `limit` sets with news that are quiet or have waited long enough, in the order of their news.
   * One pass: what is not due goes to the end of the queue. The sets count as told from now on.
   */
  takeDue(nowMs: number, quietMs: number, maxDelayMs: number, limit: number): number[] {
    const due: number[] = [];
    for (let budget = this.#dirtyCount; budget > 0 && due.length < limit; budget--) {
      const id = this.#dirty[this.#dirtyHead] as number;
      const root = this.rootOf(id);
      const newsMs = (this.words[root * CONNECTION_WORDS + C.dirtyMs] as number) - 1;
      const isNews = this.isUsed(id) && newsMs >= 0;
      // Nearly in order of age: what is behind a young one is younger, or is looked at when this one has aged.
      if (isNews && nowMs - newsMs < Math.min(quietMs, maxDelayMs)) return due;
      this.#pop();
      if (!isNews) continue;
      const isDue = nowMs - this.lastMs(root) >= quietMs || nowMs - newsMs >= maxDelayMs;
      if (!isDue) {
        this.#push(id);
        continue;
      }
      this.clean(root);
      due.push(root);
    }
    return due;
  }

  /** From a set's root back to it by way of every other connection of the set. */
  nextMember(id: number): number {
    return this.words[id * CONNECTION_WORDS + C.ring] as number;
  }

  /**
   * The first number from `id` on, below `end`, whose connection may have been quiet for keepMs; `end`: none.
   * Whether it is in use, and its set quiet, the caller asks.
   */
  nextOld(id: number, end: number, nowMs: number): number {
    const now = nowMs >>> this.#ageShift;
    const keep = this.#keepUnits;
    const ages = this.#ages;
    let next = id;
    while (next < end && ((now - (ages[next] as number)) & 0xff) < keep) next += 1;
    return next;
  }

  #push(id: number): void {
    if (this.#dirtyCount === this.capacity) this.#requeue();
    this.#dirty[(this.#dirtyHead + this.#dirtyCount) % this.capacity] = id;
    this.#dirtyCount += 1;
  }

  /** Sets that merged or left leave entries behind; when those fill the queue, it is written anew. */
  #requeue(): void {
    this.#dirtyHead = 0;
    this.#dirtyCount = 0;
    for (let id = 0; id < this.#fresh; id++) {
      if (!this.isUsed(id) || this.rootOf(id) !== id || !this.isDirty(id)) continue;
      this.#dirty[this.#dirtyCount] = id;
      this.#dirtyCount += 1;
    }
    // Every set is alone and has news: the caller's own entry is among them already.
    if (this.#dirtyCount === this.capacity) this.#dirtyCount -= 1;
  }

  #pop(): void {
    this.#dirtyHead = (this.#dirtyHead + 1) % this.capacity;
    this.#dirtyCount -= 1;
  }
}
