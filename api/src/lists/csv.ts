/** RFC 4180: one line an item, one column a field. */

const NEEDS_QUOTES = /[",\r\n]/;
/** A spreadsheet would run such a cell as a formula. */
const IS_FORMULA = /^[=+\-@\t\r]/;

/** The value at `client.ip` of an item; undefined where something on the way is missing or null. */
export function valueAt(item: unknown, field: string): unknown {
  let value = item;
  for (const part of field.split('.')) {
    if (Array.isArray(value)) value = value.map((each) => partOf(each, part));
    else value = partOf(value, part);
  }
  return value;
}

function partOf(value: unknown, part: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([name]) => name === part)?.[1];
}

export function csvLine(cells: readonly unknown[]): string {
  return `${cells.map(cellOf).join(',')}\r\n`;
}

/** Nothing for what is not known; JSON for what is not one value. */
function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = IS_FORMULA.test(text) ? `'${text}` : text;
  return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
