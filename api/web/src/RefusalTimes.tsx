import type { RefusalTimeline as Timeline } from '../../../domain/src/rest/refusalTimeline.ts';
import { RefusalTimeline } from '../../../grafana-plugin/src/view/RefusalTimeline.tsx';
import type { ViewTheme } from '../../../grafana-plugin/src/view/theme.ts';
import type { Filters } from './filters.ts';
import { pathHref } from './route.ts';
import { Waiting } from './Section.tsx';
import { useTimeline } from './useServiceViews.ts';
import { useWidth } from './useWidth.ts';

/** Padding and border of the box around. */
const BOX_PX = 34;

interface RefusalTimesProps {
  readonly filters: Filters;
  readonly theme: ViewTheme;
  readonly intervalMs: number;
}

/** The places that refused, over time. Nothing where none did: the list below says so. */
export function RefusalTimes({ filters, theme, intervalMs }: RefusalTimesProps) {
  const { timeline, changes } = useTimeline(filters, { intervalMs, tick: 0 });
  const [ref, width] = useWidth<HTMLDivElement>();
  const places = timeline.data?.places.filter(({ refused }) => refused > 0) ?? [];
  return (
    <div ref={ref} className="timeline-box">
      {timeline.data !== null && places.length > 0 && width > 0 && (
        <RefusalTimeline
          timeline={withPlaces(timeline.data, places)}
          changes={changes.data?.items ?? []}
          theme={theme}
          width={width - BOX_PX}
          hrefOf={pathHref}
        />
      )}
      {timeline.data === null && timeline.failure !== null && (
        <Waiting polled={timeline} what="the timeline" />
      )}
    </div>
  );
}

function withPlaces(timeline: Timeline, places: Timeline['places']): Timeline {
  return { ...timeline, places };
}
