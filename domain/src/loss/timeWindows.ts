/** Stretches of time in which something was so, by the clock of whoever said it. */
export interface TimeWindow {
  readonly fromUs: number;
  readonly toUs: number;
}

/** In the order of time; windows that touch become one; of more than `maxWindows` the oldest are forgotten. */
export function withWindow(
  windows: readonly TimeWindow[],
  window: TimeWindow,
  maxWindows: number,
): readonly TimeWindow[] {
  const last = windows.at(-1);
  // Nearly always the newest: no need to sort.
  if (last !== undefined && last.fromUs <= window.fromUs && window.toUs <= last.toUs)
    return windows;
  const merged: TimeWindow[] = [];
  for (const each of [...windows, window].sort((a, b) => a.fromUs - b.fromUs)) {
    const before = merged.at(-1);
    if (before === undefined || before.toUs < each.fromUs) merged.push(each);
    else merged[merged.length - 1] = { ...before, toUs: Math.max(before.toUs, each.toUs) };
  }
  return merged.slice(-maxWindows);
}

export function isWithin(windows: readonly TimeWindow[], { fromUs, toUs }: TimeWindow): boolean {
  return windows.some((window) => window.fromUs <= toUs && window.toUs >= fromUs);
}
