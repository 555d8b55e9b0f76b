/** The tuples under which one connection is known at a tap: in the packet, and before and after the node's NAT. */
import { reverseTuple, type Tuple, tupleKey } from '../model/tuple.ts';
import type { Leg } from './evidence.ts';

export function forms(leg: Leg): Tuple[] {
  return [
    leg.tuple,
    ...(leg.original === null ? [] : [leg.original]),
    ...(leg.reply === null ? [] : [reverseTuple(leg.reply)]),
  ];
}

export function formKeys(legs: readonly Leg[]): Set<string> {
  return new Set(legs.flatMap((leg) => forms(leg).map(tupleKey)));
}

/** Two sets of legs can be one connection if some form of one is some form of the other. */
export function isChained(a: readonly Leg[], b: readonly Leg[]): boolean {
  const keys = formKeys(a);
  return b.some((leg) => forms(leg).some((form) => keys.has(tupleKey(form))));
}

/** Values by key, in their order. */
export function bucketBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const buckets = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const list = buckets.get(key);
    if (list === undefined) buckets.set(key, [value]);
    else list.push(value);
  }
  return buckets;
}

/** Those that are, and those that are not, each in their order. */
export function partition<T>(values: readonly T[], isFirst: (value: T) => boolean): [T[], T[]] {
  return [values.filter(isFirst), values.filter((value) => !isFirst(value))];
}
