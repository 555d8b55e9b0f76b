/** A grid of signs, each with its style; what is put later covers what was there. */
import type { Style, Terminal } from '../ask/terminal.ts';

interface Cell {
  readonly sign: string;
  readonly style: Style | null;
}

export class Canvas {
  readonly #rows: Cell[][] = [];

  get height(): number {
    return this.#rows.length;
  }

  put(x: number, y: number, text: string, style: Style | null = null): void {
    while (this.#rows.length <= y) this.#rows.push([]);
    const row = this.#rows[y] ?? [];
    while (row.length < x) row.push({ sign: ' ', style: null });
    [...text].forEach((sign, index) => {
      row[x + index] = { sign, style };
    });
  }

  /** Neighbours of one style are painted together; blanks at the end are left out. */
  lines(terminal: Terminal): string[] {
    return this.#rows.map((row) => {
      const last = row.findLastIndex(({ sign }) => sign !== ' ');
      const runs: { text: string; style: Style | null }[] = [];
      for (const { sign, style } of row.slice(0, last + 1)) {
        const run = runs.at(-1);
        if (run !== undefined && run.style === style) run.text += sign;
        else runs.push({ text: sign, style });
      }
      return runs.map(({ text, style }) => terminal.paint(style, text)).join('');
    });
  }
}
