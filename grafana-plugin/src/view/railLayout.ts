/**
 * Geometry of the narrow form: machines are rails that run down, parties are stops on them.
 *
 *   │ ╷ ╷   client
 *   ╰╮│ │   2.14 ms
 *    ●│ │   node-a
 *    ╰╮ │   388 µs, extra hop
 *     ● │   ingress Pod
 */
import { type Lane, lanesOf, type PathParty } from './lanes.ts';
import type { Path } from './model.ts';

export const RAIL_GAP = 16;
export const STOP_HEIGHT = 62;
export const STEP_HEIGHT = 66;
const LEFT = 10;
const TOP = 8;

export interface RailStop extends PathParty {
  readonly x: number;
  readonly y: number;
  /** Line from the stop before; null for the first. */
  readonly d: string | null;
  /** Top of the text of the step that leads here. */
  readonly stepY: number;
}

export interface RailLayout {
  readonly height: number;
  readonly textX: number;
  readonly rails: readonly (Lane & { readonly x: number })[];
  readonly stops: readonly RailStop[];
}

export function layoutRail(path: Pick<Path, 'hops'>): RailLayout {
  const { lanes, parties } = lanesOf(path);
  const railX = (lane: number) => LEFT + lane * RAIL_GAP;
  const stops = parties.map((party, index): RailStop => {
    const x = railX(party.lane);
    const y = TOP + index * (STOP_HEIGHT + STEP_HEIGHT) + STOP_HEIGHT / 2;
    const before = parties[index - 1];
    const d = before === undefined ? null : stepLine(railX(before.lane), x, y);
    return { ...party, x, y, d, stepY: y - STOP_HEIGHT / 2 - STEP_HEIGHT };
  });
  const last = stops.at(-1);
  return {
    height: (last?.y ?? 0) + STOP_HEIGHT / 2 + TOP,
    textX: railX(Math.max(0, lanes.length - 1)) + RAIL_GAP + 4,
    rails: lanes.map((lane, index) => ({ ...lane, x: railX(index) })),
    stops,
  };
}

function stepLine(fromX: number, toX: number, toY: number): string {
  const fromY = toY - STOP_HEIGHT - STEP_HEIGHT;
  if (fromX === toX) return `M${fromX} ${fromY}V${toY}`;
  const bendY = toY - STOP_HEIGHT / 2 - STEP_HEIGHT / 2;
  return `M${fromX} ${fromY}V${bendY - 14}C${fromX} ${bendY + 4} ${toX} ${bendY - 4} ${toX} ${bendY + 14}V${toY}`;
}
