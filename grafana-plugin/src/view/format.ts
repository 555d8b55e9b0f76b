/** Text of figures. What is not known is never printed as a number: callers say in words what is missing. */
import type { Rtt } from './model.ts';

const UNITS = [
  { limit: 1e3, unit: 'ns', size: 1 },
  { limit: 1e6, unit: 'µs', size: 1e3 },
  { limit: 1e9, unit: 'ms', size: 1e6 },
] as const;

interface Scale {
  readonly unit: string;
  readonly size: number;
}

/** The unit in which a duration of so many nanoseconds is written; changes over before `1000 µs` is printed. */
function scaleOf(ns: number): Scale {
  const magnitude = Math.abs(ns);
  const found = UNITS.find(
    ({ limit, size }) => magnitude < limit && Math.round(magnitude / size) < 1000,
  );
  return found ?? { unit: 's', size: 1e9 };
}

function threeDigits(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** A duration in nanoseconds with three significant digits: `412 µs`, `1.24 ms`. */
export function formatNs(ns: number): string {
  const { unit, size } = scaleOf(ns);
  return `${threeDigits(ns / size)} ${unit}`;
}

/** An offset from the start of the path: `+412 µs`, `−3 ms`, `0`. */
export function formatOffset(ns: number): string {
  if (ns === 0) return '0';
  return `${ns < 0 ? '−' : '+'}${formatNs(Math.abs(ns))}`;
}

/**
 * A round trip: `388 µs`; `≤ 2.14 ms` where one tap alone saw it, because the figure then contains the far
 * end's own work and only bounds the network from above.
 */
export function formatRtt(rtt: Rtt): string {
  return rtt.method === 'handshakeDifference' ? formatNs(rtt.valueNs) : `≤ ${formatNs(rtt.highNs)}`;
}

/** The bounds of a round trip in one unit: `347–429 µs`, `−0.9 to 3.1 µs`; `± 1.2 µs` if they look the same. */
export function formatBounds(rtt: Rtt): string {
  const { unit, size } = scaleOf(Math.max(Math.abs(rtt.lowNs), Math.abs(rtt.highNs)));
  const low = threeDigits(rtt.lowNs / size).replace('-', '−');
  const high = threeDigits(rtt.highNs / size).replace('-', '−');
  if (low === high) return `± ${formatNs((rtt.highNs - rtt.lowNs) / 2)}`;
  return rtt.lowNs < 0 ? `${low} to ${high} ${unit}` : `${low}–${high} ${unit}`;
}

/** `10.0.0.1:80`, `[2001:db8::1]:80`; without a port when it is 0 or unknown. No address is said in words. */
export function formatAddress(ip: string, port: number | null): string {
  if (ip === '') return 'address not known';
  if (port === null || port === 0) return ip;
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** The address of `ip:port` or `[ip]:port` text; a bare address is answered as it is. */
export function ipOf(address: string): string {
  const bracketed = /^\[(.+)\](?::\d+)?$/.exec(address);
  if (bracketed !== null) return bracketed[1] ?? address;
  const parts = address.split(':');
  return parts.length === 2 ? (parts[0] ?? address) : address;
}

const clockFormats = new Map<string, Intl.DateTimeFormat>();

/** Time of day with milliseconds in the viewer's zone (or `timeZone`): `14:03:07.412`. */
export function formatClock(us: number, timeZone?: string): string {
  return cached('clock', timeZone, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
  }).format(us / 1000);
}

/** Calendar day: `2026-09-01`. */
export function formatDay(us: number, timeZone?: string): string {
  const parts = cached('day', timeZone, { year: 'numeric', month: '2-digit', day: '2-digit' });
  return parts
    .format(us / 1000)
    .split('/')
    .reverse()
    .join('-');
}

/** Name of the viewer's zone (or of `timeZone`) at that time: `UTC`, `GMT+2`. */
export function formatZone(us: number, timeZone?: string): string {
  const parts = cached('zone', timeZone, { timeZoneName: 'short' }).formatToParts(us / 1000);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'local time';
}

function cached(
  kind: string,
  timeZone: string | undefined,
  options: Intl.DateTimeFormatOptions,
): Intl.DateTimeFormat {
  const key = `${kind} ${timeZone ?? ''}`;
  const known = clockFormats.get(key);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-GB', {
    ...options,
    hourCycle: 'h23',
    ...(timeZone === undefined ? {} : { timeZone }),
  });
  clockFormats.set(key, made);
  return made;
}

/** A share in per cent; rounds so that `0 %` and `100 %` are said only of none and all. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return '–';
  const percent = (100 * part) / whole;
  if (part > 0 && percent < 1) return '<1 %';
  if (part < whole && percent > 99) return '>99 %';
  return `${Math.round(percent)} %`;
}

export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : many}`;
}
