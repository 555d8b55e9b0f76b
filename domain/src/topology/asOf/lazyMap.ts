/** A map whose entries are worked out when they are asked for: nobody reads 100,000 Pods to name three. */

export class LazyMap<K, V> implements ReadonlyMap<K, V> {
  readonly #find: (key: K) => V | undefined;
  readonly #keys: () => Iterable<K>;

  /** `keys`: all that may have a value, for those who want the whole map. */
  constructor(find: (key: K) => V | undefined, keys: () => Iterable<K>) {
    this.#find = find;
    this.#keys = keys;
  }

  get(key: K): V | undefined {
    return this.#find(key);
  }

  has(key: K): boolean {
    return this.#find(key) !== undefined;
  }

  get size(): number {
    return this.#whole().size;
  }

  forEach(callback: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    this.#whole().forEach(callback);
  }

  entries() {
    return this.#whole().entries();
  }

  keys() {
    return this.#whole().keys();
  }

  values() {
    return this.#whole().values();
  }

  [Symbol.iterator]() {
    return this.#whole().entries();
  }

  #whole(): Map<K, V> {
    const whole = new Map<K, V>();
    for (const key of this.#keys()) {
      const value = this.#find(key);
      if (value !== undefined) whole.set(key, value);
    }
    return whole;
  }
}
