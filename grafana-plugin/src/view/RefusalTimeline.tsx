import { useState } from 'react';
import { CHANGE_GLYPHS, CHANGE_WORDS } from './ChangeList.tsx';
import { formatClock, plural } from './format.ts';
import type { Change, RefusalTimeline as Timeline, TimelinePlace } from './model.ts';
import type { ViewTheme } from './theme.ts';
import { cellsOf, changesAt, marksOf, xOf } from './timelineLayout.ts';
import { ViewRoot } from './ViewRoot.tsx';
import { causeText } from './words.ts';

const SHOWN = 20;
const LABEL_PX = 190;
const ROW_PX = 34;
const BAR_PX = 18;
const AXIS_PX = 22;
const NARROW_PX = 560;
const TICKS = 5;
const MARKS_APART_PX = 10;

interface RefusalTimelineProps {
  readonly timeline: Timeline;
  readonly changes: readonly Change[];
  readonly theme: ViewTheme;
  readonly width: number;
  readonly hrefOf: (pathId: string) => string;
}

/** Machine and port by time: refused, accepted, both; with what changed in the topology marked. */
export function RefusalTimeline(props: RefusalTimelineProps) {
  const { timeline, changes, theme, width, hrefOf } = props;
  const [isTable, setTable] = useState(false);
  const bad = timeline.places.filter(({ refused }) => refused > 0);
  const shown = timeline.places.slice(0, Math.max(SHOWN, Math.min(bad.length, SHOWN)));
  const left = timeline.places.length - shown.length;
  return (
    <ViewRoot theme={theme} className="ht-timeline-view">
      <div className="ht-timeline-head">
        <p className="ht-lead">{leadOf(bad)}</p>
        <button type="button" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
          as table
        </button>
      </div>
      {isTable ? (
        <PlaceTable {...{ places: shown, changes, hrefOf }} />
      ) : (
        <Drawing {...{ timeline, changes, width, hrefOf }} places={shown} />
      )}
      <p className="ht-muted ht-small">
        <i className="ht-key ht-key-refused" /> refused <i className="ht-key ht-key-mixed" /> some
        of them <i className="ht-key ht-key-accepted" /> accepted; empty: no connection is known.{' '}
        {(['policy', 'endpoints', 'health', 'service', 'node'] as const)
          .map((kind) => `${CHANGE_GLYPHS[kind]} ${CHANGE_WORDS[kind]}`)
          .join(' ')}{' '}
        changed. One column is {stepText(timeline.stepSeconds)}.
        {left > 0 && ` ${left} places with fewer refusals are not shown: narrow the filters.`}
        {cutText(timeline)}
      </p>
    </ViewRoot>
  );
}

function leadOf(bad: readonly TimelinePlace[]): string {
  const [worst] = bad;
  if (worst === undefined) return 'No place refused a connection in this range.';
  const all = bad.reduce((sum, { refused }) => sum + refused, 0);
  const most = `${worst.refused} of ${plural(all, 'refusal')} at ${placeText(worst)}`;
  const causes = worst.causes.map(causeText).join('; ');
  return `${bad.length === 1 ? `${plural(all, 'refusal')} at ${placeText(worst)}` : most}${causes === '' ? '' : `: ${causes}`}.`;
}

export function placeText({ node, port }: Pick<TimelinePlace, 'node' | 'port'>): string {
  return `${node ?? 'a machine not seen'}:${port}`;
}

function stepText(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

function cutText({ fromUs, refusedSinceUs, acceptedSinceUs }: Timeline): string {
  const clock = (us: number) => formatClock(us).slice(0, 8);
  const refused =
    refusedSinceUs > fromUs ? ` Refusals before ${clock(refusedSinceUs)} are not counted.` : '';
  const accepted =
    acceptedSinceUs > fromUs
      ? ` Accepted connections before ${clock(acceptedSinceUs)} are not counted: what looks like refused only may not be.`
      : '';
  return refused + accepted;
}

interface DrawingProps {
  readonly timeline: Timeline;
  readonly places: readonly TimelinePlace[];
  readonly changes: readonly Change[];
  readonly width: number;
  readonly hrefOf: RefusalTimelineProps['hrefOf'];
}

function Drawing({ timeline, places, changes, width, hrefOf }: DrawingProps) {
  const isNarrow = width < NARROW_PX;
  const left = isNarrow ? 0 : LABEL_PX;
  const plot = Math.max(120, width - left - 2);
  const row = isNarrow ? ROW_PX + 18 : ROW_PX;
  const height = AXIS_PX + places.length * row + 4;
  const ticks = Array.from(
    { length: isNarrow ? 3 : TICKS },
    (_, index, count = isNarrow ? 3 : TICKS) =>
      timeline.fromUs + (index * (timeline.toUs - timeline.fromUs)) / count,
  );
  return (
    <svg
      className="ht-timeline"
      width={left + plot}
      height={height}
      aria-label="Refusals over time"
    >
      {ticks.map((us) => (
        <text key={us} className="ht-note" x={left + xOf(timeline, us, plot)} y={13}>
          {formatClock(us).slice(0, 8)}
        </text>
      ))}
      {places.map((place, index) => (
        <Row
          key={placeText(place)}
          {...{ place, timeline, plot, left, row, isNarrow, hrefOf }}
          changes={changesAt(place, changes)}
          y={AXIS_PX + index * row}
        />
      ))}
    </svg>
  );
}

interface RowProps extends Omit<DrawingProps, 'places' | 'width'> {
  readonly place: TimelinePlace;
  readonly plot: number;
  readonly left: number;
  readonly row: number;
  readonly y: number;
  readonly isNarrow: boolean;
}

function Row({ place, timeline, changes, plot, left, y, isNarrow, hrefOf }: RowProps) {
  const labelY = isNarrow ? y + 12 : y + 15;
  const barY = isNarrow ? y + 18 : y + 6;
  const marks = marksOf(changes, timeline, { width: plot, apart: MARKS_APART_PX });
  const label = `${placeText(place)}: ${place.refused} refused, ${place.accepted} accepted${causesOf(place)}${changes.length === 0 ? '' : `; ${changes.map(({ text, atUs }) => `${formatClock(atUs).slice(0, 8)} ${text}`).join('; ')}`}`;
  return (
    <a href={hrefOf(place.pathId)} aria-label={`${label}. Open the newest`} className="ht-place">
      <title>{label}</title>
      <text className="ht-chip-name" x={0} y={labelY}>
        {placeText(place)}
      </text>
      <text
        className={place.refused > 0 ? 'ht-note ht-note-refused' : 'ht-note'}
        x={isNarrow ? left + plot : 0}
        y={isNarrow ? labelY : labelY + 13}
        textAnchor={isNarrow ? 'end' : 'start'}
      >
        {place.refused > 0 ? `✕ ${place.refused} refused` : 'none refused'}
      </text>
      <rect className="ht-place-track" x={left} y={barY} width={plot} height={BAR_PX} />
      {cellsOf(place, timeline, plot).map((cell) => (
        <rect
          key={cell.startUs}
          className={`ht-cell ht-cell-${cell.kind}`}
          x={left + cell.x}
          y={cell.kind === 'accepted' ? barY + BAR_PX - 6 : barY}
          width={cell.width}
          height={cell.kind === 'accepted' ? 6 : BAR_PX}
        >
          <title>
            {`${formatClock(cell.startUs).slice(0, 8)}: ${cell.refused} refused, ${cell.accepted} accepted`}
          </title>
        </rect>
      ))}
      {marks.map(({ x, changes: here }) => (
        <g key={x} className={`ht-change-${here[0]?.kind ?? 'policy'}`}>
          <title>
            {here.map(({ atUs, text }) => `${formatClock(atUs).slice(0, 8)} ${text}`).join('\n')}
          </title>
          <line x1={left + x} x2={left + x} y1={barY - 3} y2={barY + BAR_PX + 3} />
          <text x={left + x} y={barY - 1} textAnchor="middle">
            {CHANGE_GLYPHS[here[0]?.kind ?? 'policy']}
            {here.length > 1 ? here.length : ''}
          </text>
        </g>
      ))}
    </a>
  );
}

const causesOf = ({ causes }: TimelinePlace): string =>
  causes.length === 0 ? '' : `; ${causes.map(causeText).join('; ')}`;

type PlaceTableProps = Pick<DrawingProps, 'places' | 'changes' | 'hrefOf'>;

function PlaceTable({ places, changes, hrefOf }: PlaceTableProps) {
  return (
    <div className="ht-scroll">
      <table className="ht-table" aria-label="Refusals by place">
        <thead>
          <tr>
            <th scope="col">place</th>
            <th scope="col">services</th>
            <th scope="col" className="ht-right">
              refused
            </th>
            <th scope="col" className="ht-right">
              accepted
            </th>
            <th scope="col">refused between</th>
            <th scope="col">causes</th>
            <th scope="col">changes</th>
          </tr>
        </thead>
        <tbody>
          {places.map((place) => (
            <tr key={placeText(place)}>
              <td>
                <a href={hrefOf(place.pathId)}>{placeText(place)}</a>
              </td>
              <td>{place.services.join(', ')}</td>
              <td className={`ht-right ${place.refused > 0 ? 'ht-refused' : ''}`}>
                {place.refused}
              </td>
              <td className="ht-right">{place.accepted}</td>
              <td className="ht-mono ht-nowrap">{spanText(place)}</td>
              <td>{place.causes.map(causeText).join('; ')}</td>
              <td>
                {changesAt(place, changes)
                  .map(({ atUs, text }) => `${formatClock(atUs).slice(0, 8)} ${text}`)
                  .join('; ')}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function spanText({ buckets }: TimelinePlace): string {
  const bad = buckets.filter(({ reset, rejected, dropped }) => reset + rejected + dropped > 0);
  const [first] = bad;
  const last = bad.at(-1);
  if (first === undefined || last === undefined) return '–';
  return `${formatClock(first.startUs).slice(0, 8)} – ${formatClock(last.startUs).slice(0, 8)}`;
}
