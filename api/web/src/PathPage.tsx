import { useState } from 'react';
import type { Path } from '../../../domain/src/rest/path.ts';
import { formatClock, formatDay } from '../../../grafana-plugin/src/view/format.ts';
import { HopPath } from '../../../grafana-plugin/src/view/HopPath.tsx';
import { fetchPath } from './api.ts';
import { Link } from './Link.tsx';
import { type PageProps, REFRESH_MS } from './memory.ts';
import { Failed, Loading, NotFound, StaleBanner } from './states.tsx';
import { usePoll } from './usePoll.ts';
import { useWidth } from './useWidth.ts';

/** Late records may still change a path that is this young (agents' watermarks pass, or 30 s). */
const SETTLED_AFTER_MS = 60_000;

type PathPageProps = PageProps & { readonly pathId: string };

/** One path. While it is young a later version may replace it, so it is asked for again. */
export function PathPage({ pathId, theme, isLive, memory }: PathPageProps) {
  const [tick, setTick] = useState(0);
  const [isSettled, setSettled] = useState(false);
  const [ref, width] = useWidth<HTMLDivElement>();
  const intervalMs = isLive && !isSettled ? REFRESH_MS : 0;
  const { data, failure } = usePoll(
    pathId,
    async (signal) => {
      const answer = await fetchPath(pathId, signal);
      if (answer.ok) setSettled(Date.now() - answer.data.startedAtUs / 1000 > SETTLED_AFTER_MS);
      return answer;
    },
    { intervalMs, tick },
  );
  const isMissing = data === null && failure?.status === 404;
  return (
    <div ref={ref}>
      <p className="crumbs">
        <Link href={memory.listHref}>
          ← {memory.listHref.startsWith('/refusals') ? 'Refusals' : 'Paths'}
        </Link>
      </p>
      {data === null && failure === null && <Loading what="path" />}
      {isMissing && (
        <NotFound
          title="There is no path with this identity, or it is no longer kept"
          detail={pathId}
        />
      )}
      {data === null && failure !== null && !isMissing && (
        <Failed failure={failure} onRetry={() => setTick((before) => before + 1)} />
      )}
      {data !== null && failure !== null && <StaleBanner failure={failure} since="it was loaded" />}
      {data !== null && (
        <>
          <PathTitle path={data} />
          {width > 0 && <HopPath path={data} theme={theme} width={width} />}
        </>
      )}
    </div>
  );
}

function PathTitle({ path }: { readonly path: Path }) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <div className="path-title">
      <h1 className="title">
        {formatDay(path.startedAtUs)} <span className="mono">{formatClock(path.startedAtUs)}</span>
      </h1>
      <span className="dim">{zone}</span>
      <span className="dim mono breakable">{path.pathId}</span>
      <span className="dim">version {path.version}</span>
      <a href={`/api/v1/paths/${encodeURIComponent(path.pathId)}`}>JSON</a>
    </div>
  );
}
