/**
 * The path as lanes: one column for each machine, time from top to bottom, what is known of each hop beside it.
 *
 *               203.0.113.9   node3         node1
 *               client        machine       machine
 *               ┊             │             │
 *      +548 ns  ○────────────▶●             │            1  203.0.113.9 → node3
 *               ┊             │             │            node 192.168.50.13:30082 · sent by its origin
 *      +41 µs   ┊             ●━━━━━+1━━━━━▶●            2  node3 → shop/app-1
 *               ┊             │             │            +1 extra hop: …
 */
import { shortenMiddle, wrapText } from '../../../grafana-plugin/src/view/diagramLayout.ts';
import { laneNote } from '../../../grafana-plugin/src/view/diagramWords.ts';
import { formatOffset } from '../../../grafana-plugin/src/view/format.ts';
import {
  type Lane,
  lanesOf,
  type PathLanes,
  type PathParty,
} from '../../../grafana-plugin/src/view/lanes.ts';
import type { Hop, Path } from '../../../grafana-plugin/src/view/model.ts';
import { isSeen } from '../../../grafana-plugin/src/view/words.ts';
import type { Style, Terminal } from '../ask/terminal.ts';
import { Canvas } from './canvas.ts';
import { hopNotes, isRefusedAt, type Note } from './hopNotes.ts';

const GUTTER = 10;
const MIN_LANE = 9;
const MAX_LANE = 18;
/** Narrower than this, notes go below their arrow instead of beside it. */
const MIN_NOTES = 44;
/** A file has no width; what is made for it should still be readable. */
const DEFAULT_COLUMNS = 110;
const HEAD_ROWS = 3;

interface Layout {
  readonly laneWidth: number;
  readonly notesX: number;
  readonly notesWidth: number;
  readonly isStacked: boolean;
}

export function diagramLines(path: Path, terminal: Terminal): string[] {
  const found = lanesOf(path);
  const layout = layoutOf(found.lanes.length, terminal.columns);
  const canvas = new Canvas();
  drawHead(canvas, found.lanes, layout);
  let before: PathParty | null = null;
  for (const party of found.parties) {
    if (party.arrival === null) {
      if (party.isAfterGap) drawGap(canvas, found, layout);
    } else if (before !== null) {
      drawHop(canvas, { path, hop: party.arrival, from: before, to: party, found, layout });
    }
    before = party;
  }
  return canvas.lines(terminal);
}

function layoutOf(lanes: number, columns: number): Layout {
  const width = Number.isFinite(columns) ? columns : DEFAULT_COLUMNS;
  const beside = Math.floor((width - GUTTER - MIN_NOTES) / Math.max(1, lanes));
  const isStacked = beside < MIN_LANE;
  const own = Math.floor((width - GUTTER) / Math.max(1, lanes));
  const laneWidth = Math.max(4, Math.min(MAX_LANE, isStacked ? own : beside));
  const notesX = isStacked ? 4 : GUTTER + lanes * laneWidth;
  return { laneWidth, notesX, notesWidth: Math.max(20, width - notesX - 1), isStacked };
}

const laneX = (lane: number, { laneWidth }: Layout) => GUTTER + lane * laneWidth;

function drawHead(canvas: Canvas, lanes: readonly Lane[], layout: Layout): void {
  lanes.forEach((lane, index) => {
    const room = layout.laneWidth - 2;
    const [kind = '', watched = ''] = laneNote(lane).split(', ');
    const x = laneX(index, layout);
    canvas.put(x, 0, shortenMiddle(lane.label, room), 'bold');
    canvas.put(x, 1, shortenMiddle(kind, room), 'dim');
    canvas.put(x, 2, shortenMiddle(watched, room), 'dim');
  });
  drawLanes(canvas, lanes, { y: HEAD_ROWS, layout });
}

function drawLanes(
  canvas: Canvas,
  lanes: readonly Lane[],
  { y, layout }: { readonly y: number; readonly layout: Layout },
): void {
  lanes.forEach((lane, index) => {
    canvas.put(laneX(index, layout), y, lane.isObserved ? '│' : '┊', 'dim');
  });
}

interface HopDrawing {
  readonly path: Path;
  readonly hop: Hop;
  readonly from: PathParty;
  readonly to: PathParty;
  readonly found: PathLanes;
  readonly layout: Layout;
}

function drawHop(canvas: Canvas, drawing: HopDrawing): void {
  const { hop, found, layout } = drawing;
  const y = canvas.height;
  drawLanes(canvas, found.lanes, { y, layout });
  if (hop.times.synNs !== null) {
    canvas.put(0, y, formatOffset(hop.times.synNs).padStart(GUTTER - 2), 'dim');
  }
  const rows = drawArrow(canvas, drawing, y);
  const notes = hopNotes(hop);
  if (layout.isStacked) {
    drawNotes(canvas, notes, { y: y + rows, layout });
    drawLanes(canvas, found.lanes, { y: canvas.height, layout });
    return;
  }
  const written = drawNotes(canvas, notes, { y, layout });
  for (let row = rows; row <= Math.max(written, rows); row++) {
    drawLanes(canvas, found.lanes, { y: y + row, layout });
  }
}

/** Answers how many rows it took: two where the hop stays on its machine. */
function drawArrow(canvas: Canvas, drawing: HopDrawing, y: number): number {
  const { path, hop, from, to, found, layout } = drawing;
  const isRefused = isRefusedAt(path, hop);
  const style: Style | null = isRefused ? 'red' : hop.extra === true ? 'yellow' : null;
  const line = !isSeen(hop) ? '╌' : hop.extra === true ? '━' : '─';
  const end = isRefused ? '✕' : to.party.observed ? '●' : '○';
  const startX = laneX(from.lane, layout);
  const endX = laneX(to.lane, layout);
  const start = from.party.observed ? '●' : '○';
  if (startX === endX) {
    drawLanes(canvas, found.lanes, { y: y + 1, layout });
    canvas.put(startX, y, `${start}${line}╮`, style);
    canvas.put(startX, y + 1, `${end}◀╯`, style);
    return 2;
  }
  const room = Math.abs(endX - startX) - 2;
  const mark = hop.extra === true && room >= 4 ? '+1' : '';
  const fill = centred(mark, room, line);
  if (endX > startX) canvas.put(startX, y, `${start}${fill}▶${end}`, style);
  else canvas.put(endX, y, `${end}◀${fill}${start}`, style);
  return 1;
}

function centred(mark: string, room: number, line: string): string {
  const left = Math.floor((room - mark.length) / 2);
  return `${line.repeat(left)}${mark}${line.repeat(room - mark.length - left)}`;
}

function drawGap(canvas: Canvas, found: PathLanes, layout: Layout): void {
  const note = { text: 'what lies between was not seen', style: 'magenta' as const };
  const y = canvas.height;
  drawNotes(canvas, [note], { y, layout });
  if (!layout.isStacked) drawLanes(canvas, found.lanes, { y, layout });
}

function drawNotes(
  canvas: Canvas,
  notes: readonly Note[],
  { y, layout }: { readonly y: number; readonly layout: Layout },
): number {
  let row = 0;
  for (const { text, style } of notes) {
    for (const line of wrapText(text, layout.notesWidth)) {
      canvas.put(layout.notesX, y + row, line, style);
      row += 1;
    }
  }
  return row;
}
