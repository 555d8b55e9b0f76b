/**
 * Data frames as plain values: the data source hands them to Grafana, tests compare them without Grafana.
 * The names of the types are those of Grafana's FieldType.
 */
export type PlainType = 'time' | 'number' | 'string' | 'boolean' | 'other';

export interface PlainLink {
  readonly title: string;
  readonly url: string;
}

export interface PlainConfig {
  readonly displayName?: string;
  readonly description?: string;
  readonly unit?: string;
  readonly min?: number;
  readonly max?: number;
  readonly links?: readonly PlainLink[];
}

export interface PlainField {
  readonly name: string;
  readonly type: PlainType;
  readonly config: PlainConfig;
  readonly values: readonly unknown[];
}

export interface PlainNotice {
  readonly severity: 'info' | 'warning' | 'error';
  readonly text: string;
}

export interface PlainMeta {
  readonly preferredVisualisationType?: 'table' | 'trace' | 'nodeGraph' | 'graph';
  readonly preferredVisualisationPluginId?: string;
  readonly notices?: readonly PlainNotice[];
  readonly custom?: Readonly<Record<string, unknown>>;
}

export interface PlainFrame {
  readonly name: string;
  readonly meta: PlainMeta;
  readonly fields: readonly PlainField[];
}

interface Column<Row> {
  readonly type: PlainType;
  readonly of: Cell<Row>;
  readonly config: PlainConfig;
}

/** null where it is not known; never zero instead. */
type Cell<Row> = (row: Row) => unknown;

/** A config that is a text is the name to display. */
type ColumnOf = <Row>(of: Cell<Row>, config?: PlainConfig | string) => Column<Row>;

const columnOf =
  (type: PlainType): ColumnOf =>
  (of, config = {}) => ({
    ...{ type, of },
    config: typeof config === 'string' ? { displayName: config } : config,
  });

export const time = columnOf('time');
export const number = columnOf('number');
export const text = columnOf('string');
export const flag = columnOf('boolean');
export const other = columnOf('other');

/** Columns that are called as what they hold. */
export function same<Row>(
  column: ColumnOf,
  ...names: readonly (keyof Row & string)[]
): Record<string, Column<Row>> {
  return within((row: Row) => row, column, ...names);
}

/** The same of a part of the row; null where there is no such part. */
export function within<Row, Part>(
  part: (row: Row) => Part | null | undefined,
  column: ColumnOf,
  ...names: readonly (keyof Part & string)[]
): Record<string, Column<Row>> {
  return Object.fromEntries(
    names.map((name) => [name, column((row: Row) => part(row)?.[name] ?? null)]),
  );
}

/** One field per column, in the order of the columns, each with one value per row. */
export function fieldsOf<Row>(
  rows: readonly Row[],
  columns: Readonly<Record<string, Column<Row>>>,
): PlainField[] {
  return Object.entries(columns).map(([name, { type, of, config }]) => ({
    name,
    type,
    config,
    values: rows.map(of),
  }));
}

export const NANOSECONDS: PlainConfig = { unit: 'ns' };
export const SHARE: PlainConfig = { unit: 'percentunit', min: 0, max: 1 };

/** Grafana's times are milliseconds; a fraction keeps the microseconds. */
export function msOf(us: number): number {
  return us / 1000;
}

/** Says that the answer is cut, so that nobody takes a part for the whole. */
export function cutNotice(shown: number, noun: string, isCut = false): readonly PlainNotice[] {
  return warning(
    isCut
      ? `Only the newest ${shown} ${noun} of the time range are shown. Narrow it or filter.`
      : '',
  );
}

/** None where there is nothing to say. */
export function warning(text: string): readonly PlainNotice[] {
  return text === '' ? [] : [{ severity: 'warning', text }];
}
