/**
 * How wrong a stamp can be, by who took it, and how wrong a clock's rate can be. Every bound of clock/ and
 * latency.ts is built from these numbers and no others.
 */

/** `tap`: read at the packet. `ctKernel`: conntrack event, stamped in the kernel. `ctUser`: stamped on receipt. */
export type StampClass = 'tap' | 'ctKernel' | 'ctUser';

export interface StampError {
  /** One stamp is off by no more than this: three standard deviations of taps, the worst seen of the others. */
  readonly boundNs: number;
  /** A round trip below minus this is impossible: the stamps are not of one connection in this order. */
  readonly vetoNs: number;
}

/** Measured: σ of a tap 0.3 µs; conntrack events p99 89 µs in the kernel, 14 ms at most in user space. */
export const STAMP_ERRORS: Readonly<Record<StampClass, StampError>> = {
  tap: { boundNs: 900, vetoNs: 50_000 },
  ctKernel: { boundNs: 90_000, vetoNs: 200_000 },
  ctUser: { boundNs: 14_000_000, vetoNs: 5_000_000 },
};

/** One clock against true time. Hosts stay within 30 µs/s of each other (Huygens, NSDI 2018). */
const CLOCK_DRIFT = 50e-6;

/** Two clocks, each off in the unfavourable direction. Nanoseconds a nanosecond. */
export const PAIR_DRIFT = 2 * CLOCK_DRIFT;

/** What the rate of a clock may do to a duration measured on it, nanoseconds, rounded up. */
export function rateErrorNs(durationNs: number): number {
  return Math.ceil(Math.abs(durationNs) * CLOCK_DRIFT);
}
