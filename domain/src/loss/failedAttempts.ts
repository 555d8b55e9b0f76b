/**
 * Which Pods dialled in vain, and when. A proxy whose upstream refuses it answers by itself (502): it does so for a
 * request that nobody can name, as a connection that carried nothing has no proxy link. So while one of these was
 * under way, no path may be called whole because "the proxy answered by itself".
 */
import type { WireRecord } from '../wire/v1.ts';
import { isWithin, type TimeWindow, withWindow } from './timeWindows.ts';

/** Was any connection that this address opened refused, or left unanswered, within the time? */
export interface FailedAttempts {
  has(ip: string, window: TimeWindow): boolean;
}

const MAX_ADDRESSES = 4096;
const MAX_WINDOWS = 64;
/** A proxy waits for its upstream, tries another one and answers: by the time-outs of nginx and HAProxy, seconds. */
const AFTER_US = 10_000_000;
/** Stamps of one node may be stepped apart. */
const BEFORE_US = 2_000_000;

/** Bounded in addresses and windows; the address that was quiet longest is forgotten. */
export class FailedAttemptBook implements FailedAttempts {
  readonly #windows = new Map<string, readonly TimeWindow[]>();

  /**
   * Notes a record if it tells of an attempt that failed, and answers whose; null: it tells of none. `isPod` keeps a
   * flood of clients out.
   */
  note(record: WireRecord, isPod: (ip: string) => boolean): string | null {
    if (!hasFailed(record)) return null;
    const { ip } = record.tuple.src;
    if (!isPod(ip)) return null;
    const window = { fromUs: record.startUs - BEFORE_US, toUs: record.startUs + AFTER_US };
    const windows = withWindow(this.#windows.get(ip) ?? [], window, MAX_WINDOWS);
    this.#windows.delete(ip);
    this.#windows.set(ip, windows);
    const [oldest] = this.#windows.size > MAX_ADDRESSES ? this.#windows.keys() : [];
    if (oldest !== undefined) this.#windows.delete(oldest);
    return ip;
  }

  has(ip: string, window: TimeWindow): boolean {
    return isWithin(this.#windows.get(ip) ?? [], window);
  }
}

function hasFailed(record: WireRecord): record is Extract<WireRecord, { kind: 'leg' | 'refusal' }> {
  if (record.kind === 'refusal') return true;
  if (record.kind !== 'leg' || record.synAckNs !== null) return false;
  return record.end === 'unanswered' || record.end === 'reset';
}
