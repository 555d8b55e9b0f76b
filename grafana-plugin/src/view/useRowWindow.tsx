import { defaultRangeExtractor, type Range, useWindowVirtualizer } from '@tanstack/react-virtual';
import {
  type FocusEvent,
  type RefObject,
  useCallback,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';

/** Up to here every row is drawn, so that the browser's own search finds all of them. */
const DRAWN_WHOLE = 200;
/** Rows beyond either edge of the window. */
const OVERSCAN = 12;

export interface RowWindow {
  /** Of the element that holds the rows and the gaps; it begins where the first row does. */
  readonly placeRef: RefObject<HTMLElement | null>;
  /** In order; each goes below a gap for the rows that are not drawn. */
  readonly rows: readonly { readonly index: number; readonly gapPx: number }[];
  readonly endGapPx: number;
  /** Of each row, which carries `data-index`: its true height. */
  readonly measure: (row: HTMLElement | null) => void;
  /** Of the element that holds the rows: the one with the focus stays, however far it is scrolled away. */
  readonly focusProps: {
    readonly onFocus: (event: FocusEvent) => void;
    readonly onBlur: (event: FocusEvent) => void;
  };
}

/** Which rows of a list in the page to draw: all, or those that the window shows where they are many. */
export function useRowWindow(count: number, rowPx: number): RowWindow {
  const placeRef = useRef<HTMLElement>(null);
  const topPx = useTop(placeRef);
  const [focused, setFocused] = useState<number | null>(null);
  const isLong = count > DRAWN_WHOLE;
  const rangeExtractor = useCallback(
    (range: Range) => withFocused(defaultRangeExtractor(range), focused, range.count),
    [focused],
  );
  const virtualizer = useWindowVirtualizer<HTMLElement>({
    ...{ count, overscan: OVERSCAN, scrollMargin: topPx, rangeExtractor, enabled: isLong },
    estimateSize: () => rowPx,
    initialRect: { width: window.innerWidth, height: window.innerHeight },
    initialOffset: () => window.scrollY,
  });
  const items = virtualizer.getVirtualItems();
  const rows = isLong
    ? items.map(({ index, start }, place) => ({
        index,
        gapPx: start - (items[place - 1]?.end ?? topPx),
      }))
    : Array.from({ length: count }, (_, index) => ({ index, gapPx: 0 }));
  const endPx = items.at(-1)?.end ?? topPx;
  return {
    ...{ placeRef, rows, measure: virtualizer.measureElement },
    endGapPx: isLong ? virtualizer.getTotalSize() - (endPx - topPx) : 0,
    focusProps: {
      onFocus: ({ target }) => setFocused(indexOf(target)),
      // Where the focus goes to is drawn before it arrives: the row must not be taken away in between.
      onBlur: ({ relatedTarget }) => setFocused(indexOf(relatedTarget)),
    },
  };
}

function indexOf(target: EventTarget | null): number | null {
  if (!(target instanceof Element)) return null;
  const index = target.closest('[data-index]')?.getAttribute('data-index') ?? null;
  return index === null ? null : Number(index);
}

/** Where the element begins in the page. Looked at after each render: what stands above may have grown. */
function useTop(ref: RefObject<HTMLElement | null>): number {
  const [topPx, setTopPx] = useState(0);
  useLayoutEffect(() => {
    const top = ref.current?.getBoundingClientRect().top;
    if (top !== undefined) setTopPx(Math.round(top + window.scrollY));
  });
  return topPx;
}

/** The row with the focus, and those that Tab leads to from it. */
function withFocused(indexes: number[], focused: number | null, count: number): number[] {
  if (focused === null) return indexes;
  const wanted = [focused - 1, focused, focused + 1].filter(
    (index) => index >= 0 && index < count && !indexes.includes(index),
  );
  return wanted.length === 0 ? indexes : [...indexes, ...wanted].sort((a, b) => a - b);
}
