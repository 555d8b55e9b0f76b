/** Rows of a result: a value beside its goal. */
import type { ResultRow } from '../lab/commands/output.ts';

export interface Bench {
  readonly rows: ResultRow[];
  readonly details: Record<string, unknown>;
}

export const infoRow = (name: string, value: number, unit: string): ResultRow => ({
  ...{ name, value: rounded(value), goal: null, unit, met: true },
});

export const atMostRow = (name: string, value: number, goal: number, unit: string): ResultRow => ({
  ...{ name, value: rounded(value), goal, unit, met: value <= goal },
});

export const atLeastRow = (name: string, value: number, goal: number, unit: string): ResultRow => ({
  ...{ name, value: rounded(value), goal, unit, met: value >= goal },
});

const rounded = (value: number): number => Number(value.toPrecision(3));
