import { Fragment, type MouseEvent, type RefObject } from 'react';
import { formatAddress, formatClock, formatDay, formatRtt, formatZone, plural } from './format.ts';
import { partyName, routeText } from './lanes.ts';
import { MachineSparkline } from './MachineSparkline.tsx';
import type { Party, Path } from './model.ts';
import { OutcomeBadge } from './OutcomeBadge.tsx';
import type { ViewTheme } from './theme.ts';
import { useRowWindow } from './useRowWindow.tsx';
import { ViewRoot } from './ViewRoot.tsx';
import {
  CLASS_WORDS,
  CLIENT_SOURCE_SHORT,
  CLIENT_SOURCE_WORDS,
  extraHopsOf,
  extraHopsText,
  extraHopsTitle,
  longestHop,
  seenHops,
  seenText,
  serviceText,
} from './words.ts';

/** Below this width a row no longer fits on one line and becomes a card. */
const NARROW_PX = 860;
/** About; what is drawn is measured. */
const ROW_PX = 40;
const CARD_PX = 119;

interface PathListProps {
  /** Newest first; the view does not sort. */
  readonly paths: readonly Path[];
  readonly theme: ViewTheme;
  readonly width: number;
  readonly hrefOf: (pathId: string) => string;
  /** A plain click on a path; without it links are followed by the browser. */
  readonly onOpen?: (pathId: string) => void;
  readonly timeZone?: string;
}

type ItemProps = Pick<PathListProps, 'hrefOf' | 'onOpen' | 'timeZone'> & {
  readonly path: Path;
  readonly hasDay: boolean;
  /** From 0. */
  readonly index: number;
  readonly measure: (element: HTMLElement | null) => void;
};
type ItemsProps = Omit<PathListProps, 'theme' | 'width'>;

/** Recent paths: a table, or cards where a table would not fit. Of many those are drawn that the window shows. */
export function PathList({ theme, width, ...items }: PathListProps) {
  return (
    <ViewRoot theme={theme}>
      {width < NARROW_PX ? <PathCards {...items} /> : <PathTable {...items} />}
    </ViewRoot>
  );
}

function PathCards({ paths, ...rest }: ItemsProps) {
  const { rows, endGapPx, placeRef, measure, focusProps } = useRowWindow(paths.length, CARD_PX);
  const hasDay = dayAt(paths, rest.timeZone);
  return (
    <ul
      className="ht-cards"
      aria-label="Paths, newest first"
      ref={placeRef as RefObject<HTMLUListElement>}
      {...focusProps}
    >
      {rows.map(({ index, gapPx }) => {
        const path = paths[index];
        return path === undefined ? null : (
          <Fragment key={path.pathId}>
            {gapPx > 0 && <li className="ht-gap" style={{ height: gapPx }} />}
            <PathCard
              {...{ ...rest, path, index, measure }}
              hasDay={hasDay(index)}
              count={paths.length}
            />
          </Fragment>
        );
      })}
      {endGapPx > 0 && <li className="ht-gap" style={{ height: endGapPx }} />}
    </ul>
  );
}

function PathTable({ paths, ...rest }: ItemsProps) {
  const { rows, endGapPx, placeRef, measure, focusProps } = useRowWindow(paths.length, ROW_PX);
  const hasDay = dayAt(paths, rest.timeZone);
  return (
    <table
      className="ht-table ht-path-table"
      aria-label="Paths, newest first"
      aria-rowcount={paths.length + 1}
    >
      <thead>
        <tr aria-rowindex={1}>
          <th scope="col">Time, {formatZone(paths[0]?.startedAtUs ?? 0, rest.timeZone)}</th>
          <th scope="col">Outcome</th>
          <th scope="col">Service</th>
          <th scope="col">Client</th>
          <th scope="col">Machines</th>
          <th scope="col">Extra hops</th>
          <th scope="col">Longest round trip</th>
          <th scope="col">Evidence</th>
        </tr>
      </thead>
      <tbody ref={placeRef as RefObject<HTMLTableSectionElement>} {...focusProps}>
        {rows.map(({ index, gapPx }) => {
          const path = paths[index];
          return path === undefined ? null : (
            <Fragment key={path.pathId}>
              {gapPx > 0 && <GapRow heightPx={gapPx} />}
              <PathRow {...{ ...rest, path, index, measure }} hasDay={hasDay(index)} />
            </Fragment>
          );
        })}
        {endGapPx > 0 && <GapRow heightPx={endGapPx} />}
      </tbody>
    </table>
  );
}

/** In place of rows that are not drawn; hidden from screen readers by its visibility. */
function GapRow({ heightPx }: { readonly heightPx: number }) {
  return (
    <tr className="ht-gap">
      <td colSpan={8} style={{ height: heightPx }} />
    </tr>
  );
}

/** Whether a row names its day: the first of each, where there are several. */
function dayAt(paths: readonly Path[], timeZone: string | undefined): (index: number) => boolean {
  const dayOf = (index: number) => {
    const path = paths.at(index);
    return path === undefined ? '' : formatDay(path.startedAtUs, timeZone);
  };
  const isOneDay = dayOf(0) === dayOf(-1);
  return (index) => !isOneDay && (index === 0 || dayOf(index) !== dayOf(index - 1));
}

function PathRow(item: ItemProps) {
  const { path, index, measure } = item;
  return (
    <tr ref={measure} data-index={index} aria-rowindex={index + 2}>
      <td>
        <PathLink {...item} />
      </td>
      <td>
        <OutcomeBadge outcome={path.outcome} />
      </td>
      <td className="ht-clip" title={serviceText(path.service)}>
        <ServiceName path={path} />
      </td>
      <td className="ht-clip">
        <Client client={path.client} />
      </td>
      <td>
        <Machines path={path} />
      </td>
      <td>
        <ExtraHops path={path} />
      </td>
      <td className="ht-clip">
        <Longest path={path} />
      </td>
      <td>
        <Evidence path={path} />
      </td>
    </tr>
  );
}

function PathCard({ count, ...item }: ItemProps & { readonly count: number }) {
  const { path, index, measure } = item;
  return (
    <li
      className="ht-card"
      ref={measure}
      data-index={index}
      aria-posinset={index + 1}
      aria-setsize={count}
    >
      <div className="ht-card-row">
        <PathLink {...item} />
        <OutcomeBadge outcome={path.outcome} />
      </div>
      <div className="ht-card-row">
        <span className="ht-clip">
          <ServiceName path={path} />
        </span>
        <Evidence path={path} />
      </div>
      <div className="ht-card-row">
        <Machines path={path} />
        <ExtraHops path={path} isLabelled />
      </div>
      <div className="ht-card-row">
        <span className="ht-clip">
          <Client client={path.client} />
        </span>
        <span>
          <Longest path={path} />
        </span>
      </div>
    </li>
  );
}

/** The link covers its whole row or card (see view.css), so that the row is one target without a script. */
function PathLink({ path, hasDay, hrefOf, onOpen, timeZone }: ItemProps) {
  const open = (event: MouseEvent) => {
    const isPlain =
      event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (onOpen === undefined || !isPlain) return;
    event.preventDefault();
    onOpen(path.pathId);
  };
  const clock = formatClock(path.startedAtUs, timeZone);
  const day = formatDay(path.startedAtUs, timeZone);
  return (
    <a
      className="ht-row-link ht-figure"
      href={hrefOf(path.pathId)}
      onClick={open}
      title={`${day} ${clock}, path ${path.pathId}`}
      aria-label={`${clock}, ${path.outcome}, ${serviceText(path.service)}, ${routeText(path)}`}
    >
      {hasDay && <span className="ht-muted">{day} </span>}
      {clock}
    </a>
  );
}

function ServiceName({ path }: { readonly path: Path }) {
  if (path.service === null) return <span className="ht-muted">not known</span>;
  const { namespace, name, port } = path.service;
  return (
    <>
      <span className="ht-muted">{namespace}/</span>
      {name}
      {port !== '' && <span className="ht-muted">:{port}</span>}
    </>
  );
}

function Client({ client }: { readonly client: Path['client'] }) {
  if (client.ip === null) return <span className="ht-muted">not known</span>;
  return (
    <span title={`${formatAddress(client.ip, client.port)}: ${CLIENT_SOURCE_WORDS[client.source]}`}>
      <span className="ht-mono">{client.ip}</span>{' '}
      <span className="ht-muted ht-small">{CLIENT_SOURCE_SHORT[client.source]}</span>
    </span>
  );
}

function Machines({ path }: { readonly path: Path }) {
  return (
    <span className="ht-machines">
      <span className="ht-spark-place">
        <MachineSparkline path={path} />
      </span>
      <span className="ht-muted ht-small">{plural(path.hops.length, 'hop')}</span>
    </span>
  );
}

function ExtraHops({ path, isLabelled }: { readonly path: Path; readonly isLabelled?: boolean }) {
  const verdict = extraHopsOf(path);
  const text = extraHopsText(verdict);
  const label = isLabelled === true ? (verdict.known === 1 ? ' extra hop' : ' extra hops') : '';
  if (text === 'not known') {
    return (
      <span className="ht-muted" title={extraHopsTitle(verdict)}>
        {isLabelled === true ? 'extra hops not known' : text}
      </span>
    );
  }
  return (
    <span className={verdict.known > 0 ? 'ht-extra' : 'ht-muted'} title={extraHopsTitle(verdict)}>
      {verdict.known > 0 && <span aria-hidden="true">⤳ </span>}
      {text}
      {label}
    </span>
  );
}

function Longest({ path }: { readonly path: Path }) {
  const longest = longestHop(path);
  if (longest === null) return <span className="ht-muted">not measured</span>;
  const { hop, rtt, measured } = longest;
  const where = `${placeName(hop.from)} → ${placeName(hop.to)}`;
  const bound =
    rtt.method === 'handshakeDifference' ? '' : '; an upper bound, so another hop may be slower';
  const coverage = `${measured} of ${plural(path.hops.length, 'hop')} measured${bound}`;
  return (
    <span title={`${where}; ${coverage}`}>
      <span className="ht-figure">{formatRtt(rtt)}</span>{' '}
      <span className="ht-muted ht-small">{where}</span>
    </span>
  );
}

/** The machine, as short as a list needs it. */
function placeName(party: Party): string {
  if (party.node !== null) return party.node;
  return party.role === 'client' ? 'client' : partyName(party);
}

function Evidence({ path }: { readonly path: Path }) {
  const { seen, total } = seenHops(path);
  const words = CLASS_WORDS[path.class];
  const title = `Class ${path.class}: ${words.text}; ${seenText(path)}${path.warnings.length > 0 ? `; ${plural(path.warnings.length, 'warning')}` : ''}`;
  return (
    <span className="ht-evidence" title={title}>
      <span className={`ht-class ht-class-${path.class}`}>{path.class}</span>
      <span className={seen < total ? '' : 'ht-muted'}>
        {seen}/{total} seen
      </span>
      {path.warnings.length > 0 && <span className="ht-warn">! {path.warnings.length}</span>}
    </span>
  );
}
