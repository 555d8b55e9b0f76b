/**
 * Tuples for legs that come without: on kernels whose conntrack types eBPF cannot read (a module without BTF), the
 * netlink interface tells them. By what a packet is called before and after NAT in its namespace.
 */
import { reverseTuple, type Tuple, tupleKey } from '@hoptrace/domain/model/tuple.ts';
import type { ConntrackFrame, LegFrame } from '../frames/frame.ts';

/** Connections; about 0.6 KB each. The oldest are forgotten first: their legs are mostly told. */
const MAX_ENTRIES = 32_768;

interface Tuples {
  readonly original: Tuple;
  readonly reply: Tuple;
}

export class ConntrackTuples {
  readonly #byKey = new Map<string, Tuples>();

  get size(): number {
    return this.#byKey.size;
  }

  add({ netns, original, reply }: ConntrackFrame): void {
    const tuples = { original, reply };
    for (const tuple of [original, reverseTuple(reply)]) {
      const key = keyOf(netns, tuple);
      // Again at the end of the line: a port that is used again is young again.
      this.#byKey.delete(key);
      this.#byKey.set(key, tuples);
    }
    while (this.#byKey.size > 2 * MAX_ENTRIES) {
      const oldest = this.#byKey.keys().next().value;
      if (oldest === undefined) return;
      this.#byKey.delete(oldest);
    }
  }

  /** The leg with the tuples that are known of it. */
  complete(frame: LegFrame): LegFrame {
    if (frame.original !== null) return frame;
    const known = this.#byKey.get(keyOf(frame.netns, frame.tuple));
    return known === undefined ? frame : { ...frame, ...known };
  }

  clear(): void {
    this.#byKey.clear();
  }
}

function keyOf(netns: number, tuple: Tuple): string {
  return `${netns} ${tupleKey(tuple)}`;
}
