import type { KeyboardEvent } from 'react';
import { shortenMiddle } from './diagramLayout.ts';
import { plural } from './format.ts';
import {
  layoutGraph,
  NODE_WIDTH,
  type PlacedEdge,
  type PlacedNode,
  stripesOf,
} from './graphLayout.ts';
import { foldGraph, type GraphEdge, type GraphNode, type ServiceGraph } from './graphModel.ts';
import {
  edgeSentence,
  latencyText,
  shareText,
  tailText,
  toneOf,
  troubleText,
} from './graphWords.ts';
import type { ViewTheme } from './theme.ts';
import { ViewRoot } from './ViewRoot.tsx';

/** Below this width the bands and their labels no longer fit: the edges are listed. */
const NARROW_PX = 620;
const TITLE_CHARS = 18;
const SUBTITLE_CHARS = 19;

interface PathGraphProps {
  readonly graph: ServiceGraph;
  /** Paths that the graph adds up. */
  readonly paths: number;
  readonly theme: ViewTheme;
  readonly width: number;
  readonly height: number;
  readonly maxPerStage: number;
  /** A machine was chosen. Without it marks are not buttons. */
  readonly onMachine?: ((machine: string) => void) | undefined;
}

/** The ways of a service from left to right. Band width is the share of paths; colour and words mark trouble. */
export function PathGraph({
  graph,
  paths,
  theme,
  width,
  height,
  maxPerStage,
  onMachine,
}: PathGraphProps) {
  const folded = foldGraph(graph, maxPerStage);
  const nodes = new Map(folded.nodes.map((node) => [node.id, node]));
  return (
    <ViewRoot theme={theme}>
      <p className="ht-lead">{summaryOf(folded, paths)}</p>
      {width < NARROW_PX ? (
        <EdgeList edges={folded.edges} nodes={nodes} />
      ) : (
        <Drawing
          layout={layoutGraph(folded, width, height - 26)}
          nodes={nodes}
          onMachine={onMachine}
        />
      )}
    </ViewRoot>
  );
}

function summaryOf({ edges }: ServiceGraph, paths: number): string {
  const extra = edges.reduce((sum, edge) => sum + edge.extra, 0);
  const refused = edges.reduce((sum, edge) => sum + edge.refused, 0);
  return [
    plural(paths, 'path'),
    extra === 0 ? 'no extra hop is known' : `${plural(extra, 'extra hop')}`,
    refused === 0 ? 'no refusal' : `${refused} refused`,
  ].join(' · ');
}

type Nodes = ReadonlyMap<string, GraphNode>;

interface DrawingProps {
  readonly layout: ReturnType<typeof layoutGraph>;
  readonly nodes: Nodes;
  readonly onMachine: PathGraphProps['onMachine'];
}

function Drawing({ layout, nodes, onMachine }: DrawingProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
    <section className="ht-scroll" tabIndex={0} aria-label="Path graph">
      <svg className="ht-graph" width={layout.width} height={layout.height}>
        <title>Path graph</title>
        {layout.stages.map(({ x, label }) => (
          <text key={label} className="ht-note ht-centered" x={x} y={16}>
            {label}
          </text>
        ))}
        {layout.edges.map((placed) => (
          <Band key={placed.edge.id} placed={placed} nodes={nodes} />
        ))}
        {layout.nodes.map((placed) => (
          <Mark key={placed.node.id} placed={placed} onMachine={onMachine} />
        ))}
        {layout.edges.map((placed) => (
          <BandLabel key={placed.edge.id} placed={placed} />
        ))}
      </svg>
    </section>
  );
}

function Band({ placed, nodes }: { readonly placed: PlacedEdge; readonly nodes: Nodes }) {
  const { edge, d, band } = placed;
  const source = nodes.get(edge.source);
  const target = nodes.get(edge.target);
  if (source === undefined || target === undefined) return null;
  const sentence = edgeSentence(edge, source, target);
  const isMeasured = edge.medianNs !== null;
  return (
    // biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: it can be reached only to be read out
    <g className="ht-band-group" tabIndex={0} role="img" aria-label={sentence}>
      <title>{sentence}</title>
      {stripesOf(edge, band).map(({ tone, shift, width }) => (
        <path
          key={tone}
          className={`ht-band ht-band-${tone} ${isMeasured ? '' : 'ht-band-unmeasured'}`}
          d={d}
          strokeWidth={width}
          transform={`translate(0 ${shift})`}
        />
      ))}
      {!isMeasured && <path className="ht-band-dashes" d={d} />}
    </g>
  );
}

function BandLabel({ placed }: { readonly placed: PlacedEdge }) {
  const { edge, labelX, labelY } = placed;
  const trouble = troubleText(edge);
  const tail = tailText(edge);
  const y = trouble === '' && tail === '' ? labelY + 4 : labelY - 2;
  return (
    <g>
      <text className="ht-band-text" x={labelX} y={y}>
        {shareText(edge)} · {latencyText(edge)}
      </text>
      {trouble !== '' && (
        <text className={`ht-band-text ht-band-text-${toneOf(edge)}`} x={labelX} y={y + 14}>
          {edge.refused > 0 ? '✕ ' : '⤳ '}
          {trouble}
        </text>
      )}
      {trouble === '' && tail !== '' && (
        <text className="ht-band-text ht-band-text-tail" x={labelX} y={y + 14}>
          {tail}
        </text>
      )}
    </g>
  );
}

interface MarkProps {
  readonly placed: PlacedNode;
  readonly onMachine: PathGraphProps['onMachine'];
}

function Mark({ placed, onMachine }: MarkProps) {
  const { node, x, y, height } = placed;
  const { machine } = node;
  const label = `${node.title}${node.subtitle === '' ? '' : `, ${node.subtitle}`}: ${plural(node.paths, 'path')}`;
  const content = (
    <>
      <title>{label}</title>
      <rect className="ht-mark" x={x} y={y} width={NODE_WIDTH} height={height} rx={5} />
      <text className="ht-chip-name" x={x + 9} y={y + 17}>
        {shortenMiddle(node.title, TITLE_CHARS)}
      </text>
      <text className="ht-note" x={x + 9} y={y + 32}>
        {shortenMiddle(node.subtitle, SUBTITLE_CHARS)}
      </text>
    </>
  );
  if (machine === null || onMachine === undefined) return <g>{content}</g>;
  const choose = () => onMachine(machine);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    choose();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no button
    <g
      className="ht-mark-button"
      role="button"
      tabIndex={0}
      aria-label={`${label}. Filter by machine ${machine}`}
      onClick={choose}
      onKeyDown={onKeyDown}
    >
      {content}
    </g>
  );
}

interface EdgeListProps {
  readonly edges: readonly GraphEdge[];
  readonly nodes: Nodes;
}

/** The same as a list, the busiest edge first: for narrow places. */
function EdgeList({ edges, nodes }: EdgeListProps) {
  return (
    <ul className="ht-edge-list" aria-label="Path graph as a list">
      {[...edges]
        .sort((a, b) => b.paths - a.paths)
        .map((edge) => (
          <li key={edge.id}>
            <div>
              {nodes.get(edge.source)?.title} → {nodes.get(edge.target)?.title}
            </div>
            <div className="ht-muted">
              {shareText(edge)} · {latencyText(edge)}
              {troubleText(edge) !== '' && (
                <span className={`ht-band-text-${toneOf(edge)}`}> · {troubleText(edge)}</span>
              )}
            </div>
          </li>
        ))}
    </ul>
  );
}
