import { type RefObject, useCallback, useEffect, useRef } from 'react';

/** Two refreshes: a pointer that rested that long is no longer aiming at a row. */
const AIMS_FOR_MS = 10_000;

/** Whether rows must keep still: a pointer aims at them, the keyboard's focus is in them, or the viewer scrolled down. */
export function useReading(listRef: RefObject<HTMLElement | null>): () => boolean {
  const movedAtMs = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    const list = listRef.current;
    if (list === null) return;
    const move = () => {
      movedAtMs.current = Date.now();
    };
    list.addEventListener('pointermove', move);
    return () => list.removeEventListener('pointermove', move);
  }, [listRef]);
  return useCallback(() => {
    const list = listRef.current;
    if (list === null) return false;
    const isAiming = list.matches(':hover') && Date.now() - movedAtMs.current < AIMS_FOR_MS;
    return isAiming || list.contains(document.activeElement) || scrollY > list.offsetTop;
  }, [listRef]);
}
