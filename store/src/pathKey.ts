/** A path id carries its time: `<startedAtUs in base 36, 11 digits>-<16 hex digits>`. */
import { StoreError } from './errors.ts';

const FORM = /^([0-9a-z]{11})-[0-9a-f]{16}$/;
const BASE = 36;

/** Microseconds since the epoch, null when the text is no path id. */
export function readPathTimeUs(pathId: string): number | null {
  const digits = FORM.exec(pathId)?.[1];
  if (digits === undefined) return null;
  const timeUs = Number.parseInt(digits, BASE);
  return Number.isSafeInteger(timeUs) ? timeUs : null;
}

/** As readPathTimeUs, but throws HOP_STORE_PATH_ID. */
export function pathTimeUs(pathId: string): number {
  const timeUs = readPathTimeUs(pathId);
  if (timeUs !== null) return timeUs;
  throw new StoreError('HOP_STORE_PATH_ID', `"${pathId}" is no path id`, {
    field: 'pathId',
    remedy: 'Use a pathId as a list of paths gives it: 11 digits of base 36, "-", 16 hex digits.',
  });
}
