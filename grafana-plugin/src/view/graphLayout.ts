/**
 * Places the marks of a path graph: a column per stage, marks as high as their share, edges as bands.
 * An edge that skips a stage gets a lane of its own there, so that no mark hides it:
 *
 *   client ──► load balancer ──► node-a
 *          ═════════════════════►
 */
import { type GraphEdge, type GraphNode, type ServiceGraph, STAGES } from './graphModel.ts';

export const NODE_WIDTH = 132;
export const NODE_MIN_HEIGHT = 40;
export const HEAD_HEIGHT = 26;
/** Space that a label of an edge needs between two columns. */
export const MIN_COLUMN_GAP = 132;
const NODE_GAP = 14;
const MIN_BAND = 2;
const LABEL_HEIGHT = 31;
/** How far an edge that stays in its stage, or goes back, swings out. */
const LOOP_WIDTH = 64;

export interface PlacedNode {
  readonly node: GraphNode;
  readonly x: number;
  readonly y: number;
  readonly height: number;
}

export interface PlacedEdge {
  readonly edge: GraphEdge;
  /** The middle of the band. */
  readonly d: string;
  readonly band: number;
  readonly labelX: number;
  readonly labelY: number;
}

export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  readonly stages: readonly { readonly x: number; readonly label: string }[];
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
}

/** A mark, or the lane of an edge that passes by; `order` is its place in the column. */
interface Slot {
  readonly key: string;
  readonly node: GraphNode | null;
  readonly column: number;
  readonly order: number;
  readonly share: number;
}

interface Box extends Slot {
  readonly x: number;
  readonly y: number;
  readonly height: number;
}

/** The slots that an edge touches, from its source to its target; neighbours are in neighbouring columns. */
interface Route {
  readonly edge: GraphEdge;
  readonly keys: readonly string[];
  readonly isLoop: boolean;
}

/** Stages without a mark are left out. Grows beyond `width` and `height` where marks and labels need it. */
export function layoutGraph(graph: ServiceGraph, width: number, height: number): GraphLayout {
  const stages = [...STAGES.keys()].filter((stage) => graph.nodes.some((n) => n.stage === stage));
  const columnOf = new Map(graph.nodes.map(({ id, stage }) => [id, stages.indexOf(stage)]));
  const routes = graph.edges.flatMap((edge) => routeOf(edge, columnOf));
  const gaps = Math.max(1, stages.length - 1);
  const loopWidth = routes.some(({ isLoop }) => isLoop) ? LOOP_WIDTH : 0;
  const free = (width - loopWidth - NODE_WIDTH - 2) / gaps;
  const step = Math.max(NODE_WIDTH + MIN_COLUMN_GAP, free);
  const columns = slotsOf(graph, routes, columnOf, stages.length);
  const scale = scaleOf(columns, height - HEAD_HEIGHT - 6);
  const boxes = placeSlots(columns, step, scale);
  const edges = spreadLabels(placeRoutes(routes, boxes, scale));
  const bottoms = [...boxes.values()].map(({ y, height: each }) => y + each);
  return {
    width: (stages.length - 1) * step + NODE_WIDTH + 2 + loopWidth,
    height: Math.max(0, ...bottoms, ...edges.map(({ labelY }) => labelY + 18)) + 4,
    stages: stages.map((stage, column) => ({
      x: 1 + column * step + NODE_WIDTH / 2,
      label: STAGES[stage] ?? '',
    })),
    nodes: [...boxes.values()].flatMap(({ node, x, y, height: each }) =>
      node === null ? [] : [{ node, x, y, height: each }],
    ),
    edges,
  };
}

function routeOf(edge: GraphEdge, columnOf: ReadonlyMap<string, number>): Route[] {
  const from = columnOf.get(edge.source);
  const to = columnOf.get(edge.target);
  if (from === undefined || to === undefined) return [];
  const between = Array.from({ length: Math.max(0, to - from - 1) }, (_, i) => from + 1 + i);
  const lanes = between.map((column) => laneKey(edge, column));
  return [{ edge, keys: [edge.source, ...lanes, edge.target], isLoop: to <= from }];
}

function laneKey({ id }: GraphEdge, column: number): string {
  return `lane ${column} ${id}`;
}

/** Marks by their names, so that they keep their places when figures change; lanes below them. */
function slotsOf(
  { nodes, edges }: ServiceGraph,
  routes: readonly Route[],
  columnOf: ReadonlyMap<string, number>,
  count: number,
): Slot[][] {
  const through = (id: string) => {
    const sum = (side: 'source' | 'target') =>
      edges.filter((e) => e[side] === id).reduce((total, { share }) => total + share, 0);
    return Math.max(sum('source'), sum('target'));
  };
  const sorted = [...nodes].sort((a, b) => rank(a) - rank(b) || a.title.localeCompare(b.title));
  const marks = sorted.map((node) => ({
    key: node.id,
    node,
    column: columnOf.get(node.id) ?? 0,
    share: through(node.id),
  }));
  const lanes = routes.flatMap(({ edge, keys }) =>
    keys.slice(1, -1).map((key, index) => ({
      key,
      node: null,
      column: (columnOf.get(edge.source) ?? 0) + 1 + index,
      share: edge.share,
    })),
  );
  return Array.from({ length: count }, (_, column) =>
    [...marks, ...lanes]
      .filter((slot) => slot.column === column)
      .map((slot, order) => ({ ...slot, order })),
  );
}

/** `other` comes last. */
function rank({ id }: GraphNode): number {
  return id.startsWith('other ') ? 1 : 0;
}

function scaleOf(columns: readonly Slot[][], height: number): number {
  const room = columns.map((slots) => {
    const shares = slots.reduce((sum, { share }) => sum + share, 0);
    return (height - (slots.length - 1) * NODE_GAP) / Math.max(0.01, shares);
  });
  return Math.max(NODE_MIN_HEIGHT, Math.min(...room, height));
}

function placeSlots(columns: readonly Slot[][], step: number, scale: number): Map<string, Box> {
  const boxes = new Map<string, Box>();
  for (const slots of columns) {
    let y = HEAD_HEIGHT;
    for (const slot of slots) {
      const least = slot.node === null ? MIN_BAND : NODE_MIN_HEIGHT;
      const height = Math.max(least, slot.share * scale);
      boxes.set(slot.key, { ...slot, x: 1 + slot.column * step, y, height });
      y += height + NODE_GAP;
    }
  }
  return boxes;
}

interface Segment {
  readonly route: Route;
  readonly from: Box;
  readonly to: Box;
  readonly band: number;
}

function placeRoutes(
  routes: readonly Route[],
  boxes: ReadonlyMap<string, Box>,
  scale: number,
): PlacedEdge[] {
  const segments = routes.flatMap((route): Segment[] => {
    const places = route.keys.flatMap((key) => boxes.get(key) ?? []);
    const band = Math.max(MIN_BAND, route.edge.share * scale);
    return places.slice(1).flatMap((to, index) => {
      const from = places[index];
      return from === undefined ? [] : [{ route, from, to, band }];
    });
  });
  const starts = offsets(segments, 'from', 'to');
  const ends = offsets(segments, 'to', 'from');
  return routes.flatMap((route) => {
    const own = segments.filter((segment) => segment.route === route);
    const drawn = own.map((segment) =>
      curve(segment, starts.get(segment) ?? 0, ends.get(segment) ?? 0),
    );
    const [first] = drawn;
    if (first === undefined) return [];
    const { labelX, labelY } = first;
    const band = own[0]?.band ?? MIN_BAND;
    return [{ edge: route.edge, d: drawn.map(({ d }) => d).join(''), band, labelX, labelY }];
  });
}

/** Where on its mark each band begins or ends: in the order of the marks at the other end, so that few cross. */
function offsets(
  segments: readonly Segment[],
  side: 'from' | 'to',
  far: 'from' | 'to',
): Map<Segment, number> {
  const used = new Map<string, number>();
  const placed = new Map<Segment, number>();
  for (const segment of [...segments].sort((a, b) => a[far].order - b[far].order)) {
    const box = segment[side];
    const before = used.get(box.key) ?? 0;
    const middle = Math.min(before + segment.band / 2, box.height - segment.band / 2);
    placed.set(segment, box.y + Math.max(middle, MIN_BAND / 2));
    used.set(box.key, before + segment.band);
  }
  return placed;
}

function curve({ route, from, to }: Segment, startY: number, endY: number) {
  const startX = from.x + NODE_WIDTH;
  if (route.isLoop) {
    const endX = to.x + NODE_WIDTH;
    const out = Math.max(startX, endX) + LOOP_WIDTH;
    const d = `M${startX} ${startY}C${out} ${startY} ${out} ${endY} ${endX} ${endY}`;
    return { d, labelX: Math.max(startX, endX) + MIN_COLUMN_GAP / 2, labelY: (startY + endY) / 2 };
  }
  const middle = (startX + to.x) / 2;
  const straight = to.node === null ? `H${to.x + NODE_WIDTH}` : '';
  const d = `M${startX} ${startY}C${middle} ${startY} ${middle} ${endY} ${to.x} ${endY}${straight}`;
  return { d, labelX: middle, labelY: (startY + endY) / 2 };
}

/** Labels of one column gap are pushed down until none covers another. */
function spreadLabels(edges: readonly PlacedEdge[]): PlacedEdge[] {
  const lowest = new Map<number, number>();
  return [...edges]
    .sort((a, b) => a.labelX - b.labelX || a.labelY - b.labelY)
    .map((placed) => {
      const gap = Math.round(placed.labelX);
      const free = (lowest.get(gap) ?? 0) + LABEL_HEIGHT;
      const labelY = Math.max(placed.labelY, free, HEAD_HEIGHT + 12);
      lowest.set(gap, labelY);
      return { ...placed, labelY };
    });
}

export interface Stripe {
  readonly tone: 'plain' | 'extra' | 'refused';
  /** From the middle of the band to the middle of the stripe. */
  readonly shift: number;
  readonly width: number;
}

/** A band in stripes as wide as what they stand for: paths without trouble, with an extra hop, refused. */
export function stripesOf({ paths, refused, extra }: GraphEdge, band: number): Stripe[] {
  const bad = Math.min(refused, paths);
  const detour = Math.min(extra, paths - bad);
  const parts = [
    { tone: 'plain', count: paths - bad - detour },
    { tone: 'extra', count: detour },
    { tone: 'refused', count: bad },
  ] as const;
  let top = -band / 2;
  return parts
    .filter(({ count }) => count > 0)
    .map(({ tone, count }) => {
      const width = (band * count) / paths;
      const stripe = { tone, shift: top + width / 2, width: Math.max(1, width) };
      top += width;
      return stripe;
    });
}
