/** Refusals with the same cause at the same place are one problem, told once. */
import type { RefusalItem } from './model.ts';

export interface RefusalGroup {
  readonly key: string;
  /** The newest of the group. */
  readonly newest: RefusalItem;
  /** Newest first, as they came. */
  readonly items: readonly RefusalItem[];
  readonly clients: number;
}

/** Groups by kind, cause, place, destination and text; the largest group first, the newer of two equal ones first. */
export function groupRefusals(items: readonly RefusalItem[]): RefusalGroup[] {
  const groups = new Map<string, RefusalItem[]>();
  for (const item of items) {
    const { kind, cause, node, destination, text } = item;
    const key = JSON.stringify([kind, cause, node, destination.ip, destination.port, text]);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups]
    .flatMap(([key, members]) => {
      const newest = members[0];
      if (newest === undefined) return [];
      const clients = new Set(members.flatMap(({ client }) => client.ip ?? [])).size;
      return [{ key, newest, items: members, clients }];
    })
    .sort((a, b) => b.items.length - a.items.length || b.newest.startedAtUs - a.newest.startedAtUs);
}
