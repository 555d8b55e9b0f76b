import { formatNs, formatShare } from './format.ts';
import type { Crossing } from './serviceWays.ts';

const SHOWN = 50;

interface CrossingTableProps {
  readonly crossings: readonly Crossing[];
  readonly requests: number;
}

/** Hops between machines by pair, the busiest first; zone crossings are told where zones are known. */
export function CrossingTable({ crossings, requests }: CrossingTableProps) {
  if (crossings.length === 0)
    return <p className="ht-muted">No hop between two known machines in this range.</p>;
  return (
    <>
      <div className="ht-scroll">
        <table className="ht-table" aria-label="Crossings">
          <thead>
            <tr>
              <th scope="col">from</th>
              <th scope="col">to</th>
              <th scope="col" className="ht-right">
                share
              </th>
              <th scope="col" className="ht-right">
                extra
              </th>
              <th scope="col" className="ht-right">
                round trip
              </th>
              <th scope="col">zone</th>
            </tr>
          </thead>
          <tbody>
            {crossings.slice(0, SHOWN).map(({ from, to, extra, medianNs, ...crossing }) => (
              <tr key={`${from} ${to}`}>
                <td>{from}</td>
                <td>{to}</td>
                <td className="ht-right">{formatShare(crossing.requests, requests)}</td>
                <td className={`ht-right ${extra > 0 ? 'ht-extra' : ''}`}>
                  {extra > 0 ? `⤳ ${extra}` : '0'}
                </td>
                <td className="ht-right">
                  {medianNs === null ? 'not measured' : formatNs(medianNs)}
                </td>
                <td>{zoneText(crossing.crossesZone)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {crossings.length > SHOWN && (
        <p className="ht-muted">
          {crossings.length - SHOWN} pairs with less traffic are not shown.
        </p>
      )}
    </>
  );
}

function zoneText(crossesZone: boolean | null): string {
  if (crossesZone === null) return 'not known';
  return crossesZone ? 'another zone' : 'same zone';
}
