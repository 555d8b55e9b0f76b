/** Stamps of an agent, and what it emits them in. */
import type { WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { type AgentClock, EPOCH_US } from './clock.ts';

export interface Emission {
  readonly record: WireRecord;
  readonly atNs: number;
  /** When what the record tells began; an agent that restarts in between knows nothing of it. */
  readonly sinceNs: number;
}

/** Losses of single packets' events at a tap, before any record is made. */
export interface TapPlan {
  readonly milestoneLoss: number;
  /** The agents look beyond the first payload and tell of every request burst. */
  readonly hasExchanges: boolean;
}

/** startUs by the wall clock, everything else as durations of the monotonic one. */
export function stampsFrom(clock: AgentClock, synTrueNs: number) {
  const monotonicNs = clock.monotonicNs(synTrueNs);
  const wallNs = monotonicNs + clock.offsetNs(synTrueNs);
  const wholeUs = Math.floor(wallNs / 1000);
  const synNs = wallNs - wholeUs * 1000;
  return {
    startUs: EPOCH_US + wholeUs,
    startNs: synNs,
    after: (trueNs: number | null) =>
      trueNs === null ? null : Math.max(synNs, synNs + clock.monotonicNs(trueNs) - monotonicNs),
  };
}

/** Wall-clock microseconds of other records. */
export function wallUs(clock: AgentClock, trueNs: number): number {
  return EPOCH_US + Math.floor((clock.monotonicNs(trueNs) + clock.offsetNs(trueNs)) / 1000);
}
