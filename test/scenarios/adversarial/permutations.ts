/** The ways in which the same records may reach the engine. None of them may change what it says. */
import type { SceneRecord } from './scenes/scene.ts';

export interface Arrival {
  readonly name: string;
  readonly records: readonly SceneRecord[];
}

export function arrivalsOf(records: readonly SceneRecord[]): Arrival[] {
  const half = Math.floor(records.length / 2);
  return [
    { name: 'reversed', records: [...records].reverse() },
    ...[1, 2, 3].map((seed) => ({
      name: `shuffled (seed ${seed})`,
      records: shuffled(records, seed),
    })),
    { name: 'every record twice', records: shuffled([...records, ...records], 4) },
    { name: 'second half first', records: [...records.slice(half), ...records.slice(0, half)] },
  ];
}

/** Two calls: what had arrived at first, and all. Cut in the middle, by node, and by an odd record. */
export function splitsOf(records: readonly SceneRecord[]): Arrival[] {
  const half = Math.floor(records.length / 2);
  const nodes = [...new Set(records.map((record) => record.node))].sort();
  return [
    { name: 'first half', records: records.slice(0, half) },
    { name: 'second half', records: records.slice(half) },
    { name: 'every other record', records: records.filter((_, index) => index % 2 === 0) },
    ...nodes.map((node) => ({
      name: `without ${node}`,
      records: records.filter((record) => record.node !== node),
    })),
  ];
}

/** Fisher–Yates with a linear congruential generator (Numerical Recipes): the same seed, the same order. */
function shuffled<T>(values: readonly T[], seed: number): T[] {
  const list = [...values];
  let state = seed;
  for (let index = list.length - 1; index > 0; index--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = state % (index + 1);
    [list[index], list[other]] = [list[other] as T, list[index] as T];
  }
  return list;
}
