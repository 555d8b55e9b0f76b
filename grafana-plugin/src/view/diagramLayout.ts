/**
 * Geometry of the lane diagram. Each party has a column of its own, so no arrow can cross a chip:
 *
 *            col 0        col 1        col 2
 *   client  [chip]
 *              │  label
 *   node-a     └────────►[chip]
 *                           │  label
 *   node-b                  └───────►[chip]──✕ refused
 *
 * Columns follow the order of the hops, never the stamps: those come from clocks that are not aligned.
 */
import { type Lane, lanesOf, type PathParty } from './lanes.ts';
import type { Hop, Path } from './model.ts';

export const CHIP_WIDTH = 162;
export const CHIP_HEIGHT = 58;
export const LANE_HEIGHT = 106;
export const AXIS_HEIGHT = 44;
export const LANE_LABEL_WIDTH = 138;
/** Room for the figures of one arrow; narrower than this they would touch a chip. */
export const ARROW_ROOM = 118;
const ARROW_ROOM_MAX = 250;
const STUB_LENGTH = 34;
const STUB_ROOM = 250;
const PADDING = 14;
const CORNER = 8;

export interface PlacedParty extends PathParty {
  readonly x: number;
  readonly y: number;
  readonly centerX: number;
  readonly middleY: number;
}

export interface PlacedArrow {
  readonly hop: Hop | null;
  readonly d: string;
  readonly labelX: number;
  readonly labelY: number;
  readonly isSameLane: boolean;
}

export interface DiagramLayout {
  readonly width: number;
  readonly height: number;
  readonly lanes: readonly (Lane & { readonly y: number })[];
  readonly parties: readonly PlacedParty[];
  readonly arrows: readonly PlacedArrow[];
  /** The red stub; null if the path was not refused or has no hop. Text goes to the right of crossX. */
  readonly stub: { fromX: number; crossX: number; y: number; textWidth: number } | null;
}

/** Lays a path out in `width` pixels, or wider if its parties need more: the caller then scrolls. */
export function layoutDiagram(path: Pick<Path, 'hops' | 'refusal'>, width: number): DiagramLayout {
  const { lanes, parties } = lanesOf(path);
  const stubRoom = path.refusal === null || parties.length === 0 ? 0 : STUB_ROOM;
  const room = arrowRoom(parties, width - LANE_LABEL_WIDTH - 2 * PADDING - stubRoom);
  const placed = placeParties(parties, room);
  const last = placed.at(-1);
  const rightX = (last?.x ?? LANE_LABEL_WIDTH) + CHIP_WIDTH;
  const fullWidth = Math.max(width, rightX + stubRoom + PADDING);
  return {
    width: fullWidth,
    height: AXIS_HEIGHT + lanes.length * LANE_HEIGHT,
    lanes: lanes.map((lane, index) => ({ ...lane, y: AXIS_HEIGHT + index * LANE_HEIGHT })),
    parties: placed,
    arrows: placeArrows(placed),
    stub:
      stubRoom === 0 || last === undefined
        ? null
        : {
            fromX: rightX,
            crossX: rightX + STUB_LENGTH,
            y: last.middleY,
            textWidth: fullWidth - rightX - STUB_LENGTH - PADDING - 16,
          },
  };
}

/** Shares out the room that is left between the arrows, within what is readable. */
function arrowRoom(parties: readonly PathParty[], available: number): number {
  const steps = Math.max(1, parties.length - 1);
  const chips = parties.reduce(
    (sum, { lane }, index) => sum + chipShare(parties[index - 1]?.lane === lane || index === 0),
    0,
  );
  return Math.min(ARROW_ROOM_MAX, Math.max(ARROW_ROOM, (available - chips) / steps));
}

/** An arrow to another lane leaves from the middle of its chip, so half of that chip is room already. */
function chipShare(isWhole: boolean): number {
  return isWhole ? CHIP_WIDTH : CHIP_WIDTH / 2;
}

function placeParties(parties: readonly PathParty[], room: number): PlacedParty[] {
  const placed: PlacedParty[] = [];
  for (const party of parties) {
    const before = placed.at(-1);
    const x = before === undefined ? LANE_LABEL_WIDTH + PADDING : startAfter(before, party, room);
    const y = AXIS_HEIGHT + party.lane * LANE_HEIGHT + (LANE_HEIGHT - CHIP_HEIGHT) / 2;
    placed.push({ ...party, x, y, centerX: x + CHIP_WIDTH / 2, middleY: y + CHIP_HEIGHT / 2 });
  }
  return placed;
}

function startAfter(before: PlacedParty, party: PathParty, room: number): number {
  return (before.lane === party.lane ? before.x + CHIP_WIDTH : before.centerX) + room;
}

function placeArrows(parties: readonly PlacedParty[]): PlacedArrow[] {
  const arrows: PlacedArrow[] = [];
  for (const [index, to] of parties.entries()) {
    const from = parties[index - 1];
    if (from === undefined) continue;
    const isSameLane = from.lane === to.lane;
    const startX = isSameLane ? from.x + CHIP_WIDTH : from.centerX;
    arrows.push({
      hop: to.arrival,
      d: isSameLane ? `M${startX} ${to.middleY}H${to.x}` : bentLine(from, to),
      labelX: (startX + to.x) / 2,
      labelY: to.middleY,
      isSameLane,
    });
  }
  return arrows;
}

function bentLine(from: PlacedParty, to: PlacedParty): string {
  const isDown = to.middleY > from.middleY;
  const startY = isDown ? from.y + CHIP_HEIGHT : from.y;
  const turnY = isDown ? to.middleY - CORNER : to.middleY + CORNER;
  return `M${from.centerX} ${startY}V${turnY}Q${from.centerX} ${to.middleY} ${from.centerX + CORNER} ${to.middleY}H${to.x}`;
}

/** Breaks text into lines of at most so many characters; a longer word is cut. At least one character. */
export function wrapText(text: string, maxChars: number): string[] {
  const limit = Math.max(1, Math.floor(maxChars));
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    for (const piece of cutWord(word, limit)) {
      const joined = line === '' ? piece : `${line} ${piece}`;
      if (joined.length <= limit) line = joined;
      else {
        lines.push(line);
        line = piece;
      }
    }
  }
  return line === '' ? lines : [...lines, line];
}

function cutWord(word: string, limit: number): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < word.length; at += limit) pieces.push(word.slice(at, at + limit));
  return pieces;
}

/** Keeps both ends, which tell Pods and addresses apart: `controller-wi…x2lqk`. */
export function shortenMiddle(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const tail = Math.floor((maxChars - 1) / 2);
  return `${text.slice(0, maxChars - 1 - tail)}…${text.slice(text.length - tail)}`;
}
