/** Between the instants of the address (ISO 8601 or microseconds) and the local time of an input field. */

/** `2026-09-01T16:03:07` in the viewer's zone; empty if the text is no instant. */
export function localOf(instant: string): string {
  if (instant === '') return '';
  const ms = /^\d+$/.test(instant) ? Number(instant) / 1000 : Date.parse(instant);
  if (!Number.isFinite(ms)) return '';
  const date = new Date(ms);
  const local = new Date(ms - date.getTimezoneOffset() * 60_000);
  return Number.isNaN(local.getTime()) ? '' : local.toISOString().slice(0, 19);
}

/** The ISO 8601 instant of a local time; empty if there is none. */
export function instantOf(local: string): string {
  const ms = Date.parse(local);
  return Number.isNaN(ms) ? '' : new Date(ms).toISOString().replace('.000Z', 'Z');
}
