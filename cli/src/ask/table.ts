/** Tables that fit the terminal: columns that may go are left out, then those that may shrink are shortened. */
import { shortenMiddle } from '../../../grafana-plugin/src/view/diagramLayout.ts';
import type { Style, Terminal } from './terminal.ts';

const GAP = '  ';

export interface Column<T> {
  readonly title: string;
  readonly value: (item: T) => string;
  readonly style?: (item: T) => Style | null;
  readonly isRight?: boolean;
  /** Shown by `-o wide` only. */
  readonly isWide?: boolean;
  /** May be shortened to so many characters where the terminal is too narrow. */
  readonly minWidth?: number;
  /** Left out, highest first, where even that is not enough. */
  readonly dropOrder?: number;
}

/** Lines without line ends; no lines of items for no items. */
export function tableLines<T>(
  columns: readonly Column<T>[],
  items: readonly T[],
  terminal: Terminal,
): string[] {
  const fitted = fit(
    columns.map((column) => measured(column, items)),
    terminal.columns,
  );
  const line = (cells: readonly string[]) => cells.join(GAP).trimEnd();
  const head = line(
    fitted.map((each) => cellOf(each, each.column.title, (text) => terminal.paint('bold', text))),
  );
  const rows = items.map((item) =>
    line(
      fitted.map((each) =>
        cellOf(each, each.column.value(item), (text) =>
          terminal.paint(each.column.style?.(item) ?? null, text),
        ),
      ),
    ),
  );
  return [head, ...rows];
}

interface Fitted<T> {
  readonly column: Column<T>;
  readonly width: number;
}

function measured<T>(column: Column<T>, items: readonly T[]): Fitted<T> {
  const widths = items.map((item) => column.value(item).length);
  return { column, width: Math.max(column.title.length, ...widths) };
}

const totalOf = (columns: readonly { readonly width: number }[]) =>
  columns.reduce((sum, { width }) => sum + width, 0) + GAP.length * (columns.length - 1);

function fit<T>(columns: readonly Fitted<T>[], limit: number): Fitted<T>[] {
  let kept = [...columns];
  const least = (each: Fitted<T>) => ({
    ...each,
    width: Math.min(each.width, each.column.minWidth ?? each.width),
  });
  while (totalOf(kept.map(least)) > limit) {
    const worst = kept.reduce<Fitted<T> | null>(
      (found, each) =>
        (each.column.dropOrder ?? 0) > (found?.column.dropOrder ?? 0) ? each : found,
      null,
    );
    if (worst === null) return kept.map(least);
    kept = kept.filter((each) => each !== worst);
  }
  return shrink(kept, limit);
}

/** Takes from the widest that may shrink, one character at a time. */
function shrink<T>(columns: readonly Fitted<T>[], limit: number): Fitted<T>[] {
  const widths = columns.map(({ width }) => width);
  const spare = (at: number) =>
    (widths[at] ?? 0) - (columns[at]?.column.minWidth ?? widths[at] ?? 0);
  let over = totalOf(columns) - limit;
  while (over > 0) {
    const at = widths.reduce(
      (best, width, index) =>
        spare(index) > 0 && (best < 0 || width > (widths[best] ?? 0)) ? index : best,
      -1,
    );
    if (at < 0) break;
    widths[at] = (widths[at] ?? 0) - 1;
    over -= 1;
  }
  return columns.map(({ column }, index) => ({ column, width: widths[index] ?? 0 }));
}

/** Blanks are not painted, so that those at the end of a line can go. */
function cellOf<T>(
  { column, width }: Fitted<T>,
  value: string,
  paint: (text: string) => string,
): string {
  const text = shortenMiddle(value, width);
  const blanks = ' '.repeat(width - text.length);
  return column.isRight === true ? `${blanks}${paint(text)}` : `${paint(text)}${blanks}`;
}
