import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { KernelClock, StreamClock } from './kernelClock.ts';

const ms = (value: number) => BigInt(value) * 1_000_000n;

test('a stamp splits into whole microseconds and the rest, and both add up', () => {
  const clock = new KernelClock();
  expect(clock.isSet).toBe(false);
  clock.update({
    kind: 'clock',
    monotonicNs: 0n,
    realtimeMinusMonotonicNs: 1_790_000_000_000_000_777n,
  });
  expect(clock.split(1_222n)).toEqual({ startUs: 1_790_000_000_000_001, restNs: 999 });
});

test('while events arrive, now is the newest event, however late it is read', () => {
  const stream = new StreamClock();
  stream.tick(ms(1000));
  stream.sawBytes(ms(9000));
  stream.sawEvent(ms(4000));
  stream.sawEvent(ms(3999));
  expect(stream.tick(ms(9099))).toBe(ms(4000));
});

test('a quiet stream moves on with the wall clock, 100 ms behind', () => {
  const stream = new StreamClock();
  stream.sawBytes(ms(1000));
  stream.sawEvent(ms(1000));
  expect(stream.tick(ms(1100))).toBe(ms(1000));
  expect(stream.tick(ms(5000))).toBe(ms(4900));
});

test('a stamp in halves is split as it is whole', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 60n - 1n }),
      fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
      (tsNs, realtimeMinusMonotonicNs) => {
        const clock = new KernelClock();
        clock.update({ kind: 'clock', monotonicNs: 0n, realtimeMinusMonotonicNs });
        const startUs = clock.splitWords(Number(tsNs >> 32n), Number(tsNs & 0xffff_ffffn));
        expect({ startUs, restNs: clock.restNs }).toEqual(clock.split(tsNs));
      },
    ),
  );
});
