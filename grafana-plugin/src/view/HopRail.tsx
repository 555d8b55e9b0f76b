import { shortenMiddle } from './diagramLayout.ts';
import { hopLabel, REWRITE_SHORT, roleLine } from './diagramWords.ts';
import { formatAddress, formatBounds, formatOffset, formatRtt } from './format.ts';
import { hopRowId } from './HopTable.tsx';
import { partyName, routeText } from './lanes.ts';
import type { Path } from './model.ts';
import { layoutRail, type RailStop } from './railLayout.ts';
import { isSeen, METHOD_SHORT, refusalTitle } from './words.ts';

const CHAR_WIDTH = 6.9;
const BOLD_CHAR_WIDTH = 8.4;
const CROSS = 6;
const STUB_HEIGHT = 44;

interface HopRailProps {
  readonly path: Path;
  readonly width: number;
}

/** The diagram for a narrow place: one rail per machine, time runs down. */
export function HopRail({ path, width }: HopRailProps) {
  const { rails, stops, textX, height } = layoutRail(path);
  const chars = Math.floor((width - textX) / CHAR_WIDTH);
  const isRefused = path.refusal !== null;
  const last = stops.at(-1);
  return (
    <svg className="ht-diagram" width={width} height={height + (isRefused ? STUB_HEIGHT : 0)}>
      <title>{routeText(path)}</title>
      {rails.map((rail) => (
        <path
          key={rail.key}
          className={rail.isObserved ? 'ht-rail' : 'ht-rail ht-rail-unseen'}
          d={`M${rail.x} 0V${height}`}
        />
      ))}
      {stops.map((stop, index) => (
        <RailStep
          key={stop.y}
          stop={stop}
          textX={textX}
          chars={chars}
          isRefused={isRefused && index === stops.length - 1}
        />
      ))}
      {stops.map((stop) => (
        <RailParty key={stop.y} stop={stop} textX={textX} chars={chars} />
      ))}
      {path.refusal !== null && last !== undefined && (
        <g>
          <path
            className="ht-stub"
            d={`M${last.x} ${last.y + 6}V${height + 10}M${last.x - CROSS} ${height + 10 - CROSS}l12 12m0 -12l-12 12`}
          />
          <text className="ht-stub-title" x={textX} y={height + 14}>
            {shortenMiddle(refusalTitle(path.refusal), chars)}
          </text>
        </g>
      )}
    </svg>
  );
}

interface RailPartProps {
  readonly stop: RailStop;
  readonly textX: number;
  readonly chars: number;
}

function RailParty({ stop, textX, chars }: RailPartProps) {
  const { party, x, y } = stop;
  const machine = party.node === null || party.node === party.name ? '' : ` · ${party.node}`;
  return (
    <g className={party.observed ? 'ht-chip' : 'ht-chip ht-chip-unseen'}>
      <circle className="ht-stop" cx={x} cy={y} r={5.5} />
      <text className="ht-note" x={textX} y={y - 15}>
        {shortenMiddle(`${roleLine(party)}${machine}`, chars)}
      </text>
      <text className="ht-chip-name" x={textX} y={y + 3}>
        {shortenMiddle(partyName(party), Math.floor((chars * CHAR_WIDTH) / BOLD_CHAR_WIDTH))}
      </text>
      <text className="ht-chip-address" x={textX} y={y + 20}>
        {shortenMiddle(formatAddress(party.ip, party.port), chars)}
      </text>
    </g>
  );
}

function RailStep({
  stop,
  textX,
  chars,
  isRefused,
}: RailPartProps & { readonly isRefused: boolean }) {
  const { arrival: hop, d, stepY } = stop;
  if (d === null) return null;
  if (hop === null) {
    return (
      <g>
        <path className="ht-arrow ht-arrow-unseen" d={d} />
        <text className="ht-note" x={textX} y={stepY + 36}>
          gap: not seen
        </text>
      </g>
    );
  }
  const tone = isRefused ? 'refused' : hop.extra === true ? 'extra' : 'plain';
  const { synNs, clock } = hop.times;
  const rewrite = hop.rewrite === null ? '' : ` · ${REWRITE_SHORT[hop.rewrite.mechanism]}`;
  return (
    <a className="ht-hop" href={`#${hopRowId(hop)}`} aria-label={hopLabel(hop, isRefused)}>
      <path className={`ht-arrow ht-arrow-${tone} ${isSeen(hop) ? '' : 'ht-arrow-unseen'}`} d={d} />
      <text className={hop.rtt === null ? 'ht-note' : 'ht-rtt ht-start'} x={textX} y={stepY + 17}>
        {hop.rtt === null ? 'round trip not measured' : formatRtt(hop.rtt)}
        {hop.extra === true && <tspan className="ht-extra-text ht-start"> ⤳ extra hop</tspan>}
      </text>
      <text className="ht-note" x={textX} y={stepY + 34}>
        {hop.rtt === null
          ? ''
          : shortenMiddle(`${formatBounds(hop.rtt)} · ${METHOD_SHORT[hop.rtt.method]}`, chars)}
      </text>
      <text className="ht-note" x={textX} y={stepY + 50}>
        {shortenMiddle(
          `${synNs === null ? 'time not observed' : `SYN ${formatOffset(synNs)} by ${clock}`}${rewrite}`,
          chars,
        )}
      </text>
    </a>
  );
}
