import type { ReactNode, RefObject } from 'react';
import { formatClock, plural } from '../../../grafana-plugin/src/view/format.ts';
import { type Listed, MAX_SHOWN } from './merge.ts';
import { Failed, Loading } from './states.tsx';
import type { Pages } from './usePages.ts';

interface ListFrameProps<T extends Listed> {
  readonly pages: Pages<T>;
  /** `path`, `refusal`. */
  readonly noun: string;
  readonly range: string;
  readonly listRef: RefObject<HTMLDivElement | null>;
  readonly empty: ReactNode;
  readonly children: ReactNode;
}

/** Around a list: what it holds and how fresh it is, its states, and more of it. */
export function ListFrame<T extends Listed>(props: ListFrameProps<T>) {
  const { pages, noun, listRef, empty, children } = props;
  const { shown, failure, isStale } = pages;
  const isEmpty = shown !== null && shown.items.length === 0;
  return (
    <>
      <StatusLine {...props} />
      <div ref={listRef} className={isStale ? 'list list-stale' : 'list'} aria-busy={isStale}>
        {shown === null && failure === null && <Loading what={`${noun}s`} />}
        {shown === null && failure !== null && <Failed failure={failure} onRetry={pages.refresh} />}
        {isEmpty ? empty : shown !== null && children}
      </div>
      {shown !== null && !isEmpty && <More pages={pages} noun={noun} />}
    </>
  );
}

/** Always one line high, so that nothing below moves when it changes. */
function StatusLine<T extends Listed>({ pages, noun, range }: ListFrameProps<T>) {
  const { shown, failure, waitingCount, updatedAtMs } = pages;
  const count = shown?.items.length ?? 0;
  const isAll = shown !== null && shown.nextCursor === null;
  return (
    <div className="status">
      <span>
        {shown === null
          ? ' '
          : `${isAll ? '' : 'newest '}${plural(count, noun)}${isAll ? ` in the ${range}` : ''}`}
      </span>
      {waitingCount > 0 && (
        <button type="button" className="button button-news" onClick={pages.showWaiting}>
          Show {waitingCount} new
        </button>
      )}
      {shown !== null && failure !== null ? (
        <span className="status-end status-stale" role="alert" title={failure.detail}>
          ! Not refreshed since {clockOf(updatedAtMs)}: {failure.title}
        </span>
      ) : (
        <span className="status-end">
          {updatedAtMs === null ? '' : `as of ${clockOf(updatedAtMs)}`}
        </span>
      )}
    </div>
  );
}

function More<T extends Listed>({
  pages,
  noun,
}: {
  readonly pages: Pages<T>;
  readonly noun: string;
}) {
  const { shown, isLoadingMore, loadMore } = pages;
  const count = shown?.items.length ?? 0;
  if (shown?.nextCursor == null) return <p className="more">No older {noun}s in this range.</p>;
  if (count >= MAX_SHOWN) {
    return (
      <p className="more">{MAX_SHOWN} are shown, more are not kept here: narrow the filters.</p>
    );
  }
  return (
    <p className="more">
      <button type="button" className="button" onClick={loadMore} disabled={isLoadingMore}>
        {isLoadingMore ? 'Loading…' : `Load older ${noun}s`}
      </button>
    </p>
  );
}

function clockOf(ms: number | null): string {
  return ms === null ? 'the start' : formatClock(ms * 1000).slice(0, 8);
}
