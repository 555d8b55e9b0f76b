import { comparedOf, FEW_REQUESTS } from './beforeAfter.ts';
import { formatClock, formatDay } from './format.ts';
import type { ServiceWays } from './model.ts';
import { PathGraph } from './PathGraph.tsx';
import { graphOfWays } from './serviceWays.ts';
import type { ViewTheme } from './theme.ts';
import { ViewRoot } from './ViewRoot.tsx';

/** Below, the two graphs stand one below the other. */
const SIDE_BY_SIDE_PX = 1100;
const GRAPH_HEIGHT = 280;

interface BeforeAfterProps {
  readonly before: ServiceWays;
  readonly after: ServiceWays;
  readonly theme: ViewTheme;
  readonly width: number;
}

/** Two time ranges of one service: the numbers, what differs, and the ways of each. */
export function BeforeAfter({ before, after, theme, width }: BeforeAfterProps) {
  const isWide = width >= SIDE_BY_SIDE_PX;
  const sideWidth = isWide ? Math.floor((width - 24) / 2) : width;
  const fewest = Math.min(before.totals.requests, after.totals.requests);
  return (
    <ViewRoot theme={theme} className="ht-compare">
      {fewest < FEW_REQUESTS && (
        <p className="ht-caution">
          {fewest === 0
            ? 'One side has no request: there is nothing to compare with.'
            : `One side has ${fewest} requests only: differences of a few points may be chance.`}
        </p>
      )}
      <div className="ht-scroll">
        <table className="ht-table" aria-label="Before and after">
          <thead>
            <tr>
              <th scope="col">
                <span className="ht-hidden">figure</span>
              </th>
              <th scope="col">before · {spanText(before)}</th>
              <th scope="col">after · {spanText(after)}</th>
              <th scope="col">difference</th>
            </tr>
          </thead>
          <tbody>
            {comparedOf(before, after).map((row) => (
              <tr key={row.name}>
                <th scope="row">{row.name}</th>
                <td>{row.before}</td>
                <td>{row.after}</td>
                <td className={`ht-diff-${row.tone}`}>
                  {row.difference === '' ? '' : `${row.difference}${TONES[row.tone]}`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className={isWide ? 'ht-sides ht-sides-wide' : 'ht-sides'}>
        {[before, after].map((ways, index) => (
          <section key={ways.fromUs} aria-label={index === 0 ? 'Before' : 'After'}>
            <h2>{index === 0 ? 'Before' : 'After'}</h2>
            {ways.edges.length === 0 ? (
              <p className="ht-muted">No request in this time.</p>
            ) : (
              <PathGraph
                graph={graphOfWays(ways)}
                paths={ways.totals.requests}
                theme={theme}
                width={sideWidth}
                height={GRAPH_HEIGHT}
                maxPerStage={6}
              />
            )}
          </section>
        ))}
      </div>
    </ViewRoot>
  );
}

const TONES = { better: ' · better', worse: ' · worse', plain: '' } as const;

function spanText({ fromUs, toUs }: ServiceWays): string {
  const clock = (us: number) => formatClock(us).slice(0, 8);
  return `${formatDay(fromUs)} ${clock(fromUs)} – ${clock(toUs)}`;
}
