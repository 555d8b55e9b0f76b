import { lanesOf, routeText } from './lanes.ts';
import type { Path } from './model.ts';
import { isSeen } from './words.ts';

const HEIGHT = 26;
const STEP = 22;
const MARGIN = 5;
const LANE_GAP_MAX = 6;

interface MachineSparklineProps {
  readonly path: Pick<Path, 'hops' | 'refusal'>;
}

/**
 * A path at a glance: a dot per party, a level per machine. Orange and thick: extra hop; dashed: not seen;
 * hollow: known by address only; red cross: refused there.
 */
export function MachineSparkline({ path }: MachineSparklineProps) {
  const { lanes, parties } = lanesOf(path);
  const gap = Math.min(LANE_GAP_MAX, (HEIGHT - 2 * MARGIN) / Math.max(1, lanes.length - 1));
  const top = (HEIGHT - gap * (lanes.length - 1)) / 2;
  const dots = parties.map((party, index) => ({
    ...party,
    x: MARGIN + index * STEP,
    y: top + party.lane * gap,
  }));
  const last = dots.at(-1);
  const width = (last?.x ?? 0) + MARGIN + (path.refusal === null ? 0 : STEP - MARGIN);
  return (
    <svg className="ht-spark" width={width} height={HEIGHT} role="img" aria-label={routeText(path)}>
      <title>{routeText(path)}</title>
      {dots.map((dot, index) => {
        const before = dots[index - 1];
        if (before === undefined) return null;
        const hop = dot.arrival;
        const isUnseen = hop === null || !isSeen(hop);
        const kind = hop?.extra === true ? 'extra' : isUnseen ? 'unseen' : 'plain';
        return (
          <line
            key={dot.x}
            className={`ht-spark-${kind}`}
            x1={before.x}
            y1={before.y}
            x2={dot.x}
            y2={dot.y}
          />
        );
      })}
      {dots.map(({ x, y, party }) => (
        <circle
          key={x}
          className={party.observed ? 'ht-spark-dot' : 'ht-spark-dot ht-spark-hollow'}
          cx={x}
          cy={y}
          r={2.8}
        />
      ))}
      {path.refusal !== null && last !== undefined && (
        <path className="ht-spark-refused" d={`M${last.x + 3} ${last.y}h8m0 -3.5l6 7m0 -7l-6 7`} />
      )}
    </svg>
  );
}
