import { formatAddress, formatBounds, formatOffset, formatRtt } from './format.ts';
import { partyName } from './lanes.ts';
import type { Hop, Party, Path } from './model.ts';
import {
  CLASS_WORDS,
  isSeen,
  KIND_WORDS,
  METHOD_SHORT,
  METHOD_WORDS,
  ROLE_WORDS,
} from './words.ts';

/** Id of the row of a hop; marks in the diagram lead here. */
export function hopRowId(hop: Pick<Hop, 'index'>): string {
  return `hop-${hop.index + 1}`;
}

/** Everything the diagram shows, as a table: for screen readers, for copying, and where the drawing is too small. */
export function HopTable({ path }: { readonly path: Path }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
    <section className="ht-scroll" tabIndex={0} aria-label="Hops, to scroll">
      <table className="ht-table ht-hop-table">
        <thead>
          <tr>
            <th scope="col">#</th>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">Crosses</th>
            <th scope="col">Round trip</th>
            <th scope="col">SYN seen</th>
            <th scope="col">Evidence</th>
          </tr>
        </thead>
        <tbody>
          {path.hops.map((hop) => (
            <HopRow key={hop.index} hop={hop} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function HopRow({ hop }: { readonly hop: Hop }) {
  return (
    <tr id={hopRowId(hop)} tabIndex={-1}>
      <th scope="row">{hop.index + 1}</th>
      <PartyCell party={hop.from} note={KIND_WORDS[hop.kind]} />
      <PartyCell party={hop.to} note="" />
      <td>
        {crossingText(hop)}
        {hop.extra === true && <div className="ht-extra">extra hop</div>}
        {hop.extra === null && <div className="ht-muted">extra? not judged</div>}
      </td>
      <td>
        {hop.rtt === null ? (
          <span className="ht-muted">not measured</span>
        ) : (
          <>
            <div className="ht-figure">{formatRtt(hop.rtt)}</div>
            <div className="ht-muted" title={METHOD_WORDS[hop.rtt.method]}>
              {formatBounds(hop.rtt)}, {METHOD_SHORT[hop.rtt.method]}
            </div>
          </>
        )}
      </td>
      <td>
        {hop.times.synNs === null ? (
          <span className="ht-muted">not observed</span>
        ) : (
          <>
            <div className="ht-figure">{formatOffset(hop.times.synNs)}</div>
            <div className="ht-muted ht-nowrap">clock of {hop.times.clock ?? 'unknown'}</div>
          </>
        )}
      </td>
      <td>
        {hop.class} {CLASS_WORDS[hop.class].name}
        <div className="ht-muted">{isSeen(hop) ? 'seen by an agent' : 'not seen by an agent'}</div>
      </td>
    </tr>
  );
}

function PartyCell({ party, note }: { readonly party: Party; readonly note: string }) {
  return (
    <td>
      <div>
        {partyName(party)} <span className="ht-muted">{ROLE_WORDS[party.role]}</span>
      </div>
      <div className="ht-mono ht-small">{formatAddress(party.ip, party.port)}</div>
      <div className="ht-muted">
        {party.node === null ? 'machine not known' : `on ${party.node}`}
        {party.observed ? '' : ', known by address only'}
        {note === '' ? '' : `, ${note}`}
      </div>
    </td>
  );
}

function crossingText(hop: Hop): string {
  if (hop.crossesNode === null) return 'not known';
  return hop.crossesNode ? 'between machines' : 'within the machine';
}
