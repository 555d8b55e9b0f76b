/** `--since 15m`, `--from` and `--to`, as the API takes them: microseconds. */
import { CliError, EXIT } from './exitCodes.ts';

const UNITS_US: Readonly<Record<string, number>> = {
  ms: 1e3,
  s: 1e6,
  m: 60e6,
  h: 3600e6,
  d: 86_400e6,
};
const DEFAULT_SINCE_US = 15 * 60e6;

export interface TimeFlags {
  readonly since?: string;
  readonly from?: string;
  readonly to?: string;
}

export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** Throws CliError (2). Without flags: the last 15 minutes. */
export function timeRangeOf(flags: TimeFlags, nowUs: number): TimeRange {
  if (flags.since !== undefined && flags.from !== undefined) {
    throw new CliError(EXIT.usage, 'Give --since or --from, not both.');
  }
  const to = flags.to === undefined ? nowUs : instantUs('--to', flags.to, nowUs);
  const from =
    flags.from === undefined
      ? to - durationUs('--since', flags.since)
      : instantUs('--from', flags.from, nowUs);
  if (from >= to) throw new CliError(EXIT.usage, 'The range ends before it starts.');
  return { from, to };
}

/** Throws CliError (2). Absent: 15 minutes. */
export function durationUs(flag: string, text: string | undefined): number {
  if (text === undefined) return DEFAULT_SINCE_US;
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const unitUs = UNITS_US[found?.[2] ?? ''];
  if (found === null || unitUs === undefined) {
    throw new CliError(EXIT.usage, `${flag} cannot be "${text}".`, 'Write 30s, 15m, 2h or 1d.');
  }
  return Math.round(Number(found[1]) * unitUs);
}

/** An instant, a time of today (14:03, local), or microseconds. */
export function instantUs(flag: string, text: string, nowUs: number): number {
  if (/^\d{15,17}$/.test(text)) return Number(text);
  if (/^\d{1,2}:\d{2}(:\d{2})?$/.test(text)) {
    const [hours = 0, minutes = 0, seconds = 0] = text.split(':').map(Number);
    return new Date(nowUs / 1000).setHours(hours, minutes, seconds, 0) * 1000;
  }
  const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms * 1000;
  throw new CliError(
    EXIT.usage,
    `${flag} cannot be "${text}".`,
    'Write 2026-01-01T14:03:00Z, 14:03 (today) or microseconds since the epoch.',
  );
}
