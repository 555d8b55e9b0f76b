/**
 * What a connection did over time, at one hop and by one clock: no two clocks are ever mixed here.
 *
 *   SYN ── handshake ── established ── idle ── request ── waiting ── response ── transfer ── end
 */
import type { Hop, HopTimes } from './model.ts';

export const PHASES = ['handshake', 'idle', 'waiting', 'transfer'] as const;
export type PhaseName = (typeof PHASES)[number];

export interface Phase {
  readonly name: PhaseName;
  /** Nanoseconds after the SYN of this hop. */
  readonly startNs: number;
  readonly endNs: number;
}

export interface HopPhases {
  readonly hop: Hop;
  readonly clock: string;
  readonly phases: readonly Phase[];
  /** From SYN to the last stamp seen; 0 if only the SYN was seen. */
  readonly totalNs: number;
  /** True if the end of the connection was not seen. */
  readonly isOpen: boolean;
}

const EDGES: readonly (readonly [PhaseName, keyof HopTimes, keyof HopTimes])[] = [
  ['handshake', 'synNs', 'establishedNs'],
  ['idle', 'establishedNs', 'firstRequestNs'],
  ['waiting', 'firstRequestNs', 'firstResponseNs'],
  ['transfer', 'firstResponseNs', 'endNs'],
];

/** The phases of one hop; null if nobody saw its SYN. A phase with a missing or reversed edge is left out. */
export function phasesOf(hop: Hop): HopPhases | null {
  const { times } = hop;
  const originNs = times.synNs;
  if (originNs === null || times.clock === null) return null;
  const phases: Phase[] = [];
  for (const [name, from, to] of EDGES) {
    const start = times[from];
    const end = times[to];
    if (typeof start !== 'number' || typeof end !== 'number' || end < start) continue;
    phases.push({ name, startNs: start - originNs, endNs: end - originNs });
  }
  const stamps = [times.establishedNs, times.firstRequestNs, times.firstResponseNs, times.endNs];
  const totalNs = Math.max(0, ...stamps.map((stamp) => (stamp === null ? 0 : stamp - originNs)));
  return { hop, clock: times.clock, phases, totalNs, isOpen: times.endNs === null };
}

export const PHASE_WORDS: Record<PhaseName, string> = {
  handshake: 'handshake',
  idle: 'until first request byte',
  waiting: 'waiting for first response byte',
  transfer: 'until the end',
};
