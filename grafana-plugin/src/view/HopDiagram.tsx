import {
  AXIS_HEIGHT,
  CHIP_HEIGHT,
  CHIP_WIDTH,
  type DiagramLayout,
  LANE_HEIGHT,
  layoutDiagram,
  type PlacedArrow,
  type PlacedParty,
  shortenMiddle,
  wrapText,
} from './diagramLayout.ts';
import { hopLabel, laneNote, REWRITE_SHORT, roleLine } from './diagramWords.ts';
import { formatAddress, formatBounds, formatOffset, formatRtt } from './format.ts';
import { hopRowId } from './HopTable.tsx';
import { partyName, routeText } from './lanes.ts';
import type { Path } from './model.ts';
import { causeText, isSeen, METHOD_SHORT, refusalTitle } from './words.ts';

const CHIP_CHARS = 22;
const MONO_CHARS = 23;
const LANE_CHARS = 18;
const STUB_CHAR_WIDTH = 6.4;

interface HopDiagramProps {
  readonly path: Path;
  readonly width: number;
}

/** One lane per machine, hops from left to right in their order. Wider than `width` if it must be: it scrolls. */
export function HopDiagram({ path, width }: HopDiagramProps) {
  const layout = layoutDiagram(path, width);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
    <section className="ht-scroll" tabIndex={0} aria-label="Path by machine, to scroll">
      <svg className="ht-diagram" width={layout.width} height={layout.height}>
        <title>{routeText(path)}</title>
        <Lanes layout={layout} />
        <Axis parties={layout.parties} />
        {layout.arrows.map((arrow, index) => (
          <Arrow
            key={arrow.d}
            arrow={arrow}
            isRefused={path.refusal !== null && index === layout.arrows.length - 1}
          />
        ))}
        {layout.parties.map((party) => (
          <Chip key={party.x} placed={party} />
        ))}
        {path.refusal !== null && layout.stub !== null && (
          <Stub refusal={path.refusal} stub={layout.stub} />
        )}
      </svg>
    </section>
  );
}

function Lanes({ layout }: { readonly layout: DiagramLayout }) {
  return layout.lanes.map((lane, index) => (
    <g key={lane.key}>
      <rect
        className={`ht-lane ${index % 2 === 0 ? '' : 'ht-lane-odd'} ${lane.isObserved ? '' : 'ht-lane-unseen'}`}
        x={1}
        y={lane.y + 2}
        width={layout.width - 2}
        height={LANE_HEIGHT - 4}
        rx={6}
      />
      <text className="ht-lane-name" x={12} y={lane.y + LANE_HEIGHT / 2 - 3}>
        {shortenMiddle(lane.label, LANE_CHARS)}
        <title>{lane.label}</title>
      </text>
      <text className="ht-note" x={12} y={lane.y + LANE_HEIGHT / 2 + 13}>
        {laneNote(lane)}
      </text>
    </g>
  ));
}

function Axis({ parties }: { readonly parties: readonly PlacedParty[] }) {
  return (
    <g>
      <text className="ht-note" x={12} y={17}>
        SYN seen after start
      </text>
      <text className="ht-note" x={12} y={31}>
        by the clock of
      </text>
      {parties.map(({ centerX, y, arrival, isAfterGap }, index) => {
        const synNs = arrival?.times.synNs ?? null;
        const isFirst = index === 0 || isAfterGap;
        return (
          <g key={centerX}>
            {!isFirst && <path className="ht-guide" d={`M${centerX} ${AXIS_HEIGHT - 6}V${y}`} />}
            <text className={synNs === null ? 'ht-note ht-centered' : 'ht-time'} x={centerX} y={17}>
              {synNs === null ? (isFirst ? '' : 'not observed') : formatOffset(synNs)}
            </text>
            <text className="ht-note ht-centered" x={centerX} y={31}>
              {synNs === null ? '' : shortenMiddle(arrival?.times.clock ?? '', LANE_CHARS)}
            </text>
          </g>
        );
      })}
    </g>
  );
}

function Arrow({ arrow, isRefused }: { readonly arrow: PlacedArrow; readonly isRefused: boolean }) {
  const { hop, d, labelX, labelY } = arrow;
  if (hop === null) {
    return (
      <g>
        <path className="ht-arrow ht-arrow-unseen" d={d} />
        <text className="ht-note ht-centered" x={labelX} y={labelY - 7}>
          gap: not seen
        </text>
      </g>
    );
  }
  const tone = isRefused ? 'refused' : hop.extra === true ? 'extra' : 'plain';
  const unseen = isSeen(hop) ? '' : 'ht-arrow-unseen';
  const endX = Number(d.slice(d.lastIndexOf('H') + 1));
  return (
    <a className="ht-hop" href={`#${hopRowId(hop)}`} aria-label={hopLabel(hop, isRefused)}>
      <title>{hopLabel(hop, isRefused)}</title>
      <path className="ht-hit" d={d} />
      <path className={`ht-arrow ht-arrow-${tone} ${unseen}`} d={d} />
      <path
        className={`ht-head ht-head-${tone}`}
        d={`M${endX - 9} ${labelY - 4.5}L${endX - 1} ${labelY}L${endX - 9} ${labelY + 4.5}z`}
      />
      {hop.extra === true && (
        <text className="ht-extra-text" x={labelX} y={labelY - 24}>
          ⤳ extra hop
        </text>
      )}
      <text
        className={hop.rtt === null ? 'ht-note ht-centered' : 'ht-rtt'}
        x={labelX}
        y={labelY - 8}
      >
        {hop.rtt === null ? 'not measured' : formatRtt(hop.rtt)}
      </text>
      <text className="ht-note ht-centered" x={labelX} y={labelY + 15}>
        {hop.rtt === null ? '' : formatBounds(hop.rtt)}
      </text>
      <text className="ht-note ht-centered" x={labelX} y={labelY + 28}>
        {hop.rtt === null ? '' : METHOD_SHORT[hop.rtt.method]}
      </text>
      <text
        className="ht-note ht-centered ht-strong"
        x={labelX}
        y={labelY + (hop.rtt === null ? 16 : 41)}
      >
        {hop.rewrite === null ? '' : REWRITE_SHORT[hop.rewrite.mechanism]}
      </text>
    </a>
  );
}

function Chip({ placed }: { readonly placed: PlacedParty }) {
  const { party, x, y } = placed;
  const address = formatAddress(party.ip, party.port);
  const name = partyName(party);
  const shortName = name.slice(name.indexOf('/') + 1);
  return (
    <g className={party.observed ? 'ht-chip' : 'ht-chip ht-chip-unseen'}>
      <title>{`${roleLine(party)}: ${name}, ${address}`}</title>
      <rect x={x} y={y} width={CHIP_WIDTH} height={CHIP_HEIGHT} rx={6} />
      <text className="ht-note" x={x + 9} y={y + 16}>
        {roleLine(party)}
      </text>
      <text className="ht-chip-name" x={x + 9} y={y + 33}>
        {shortenMiddle(shortName, CHIP_CHARS)}
      </text>
      <text className="ht-chip-address" x={x + 9} y={y + 49}>
        {shortenMiddle(address, MONO_CHARS)}
      </text>
    </g>
  );
}

interface StubProps {
  readonly refusal: NonNullable<Path['refusal']>;
  readonly stub: NonNullable<DiagramLayout['stub']>;
}

function Stub({ refusal, stub }: StubProps) {
  const { fromX, crossX, y, textWidth } = stub;
  const lines = wrapText(causeText(refusal.cause), textWidth / STUB_CHAR_WIDTH).slice(0, 3);
  return (
    <g>
      <title>{refusal.text}</title>
      <path className="ht-stub" d={`M${fromX} ${y}H${crossX}`} />
      <path className="ht-stub" d={`M${crossX - 7} ${y - 7}l14 14M${crossX + 7} ${y - 7}l-14 14`} />
      <text className="ht-stub-title" x={crossX + 16} y={y - 12}>
        {refusalTitle(refusal)}
      </text>
      {lines.map((line, index) => (
        <text key={line} className="ht-stub-text" x={crossX + 16} y={y + 4 + index * 15}>
          {line}
        </text>
      ))}
    </g>
  );
}
