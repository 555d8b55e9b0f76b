import type { LegRecord, RefusalRecord } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import { IsnHasher } from '../isnHash.ts';
import { KernelClock } from '../kernelClock.ts';
import { tapTable } from '../taps.ts';
import { framesOf, helloOf, packetsOf, UPLINK } from '../testPackets.ts';
import { LegAssembler } from './assembler.ts';
import { MAX_SILENT_LEGS } from './silentLegs.ts';

const NETFILTER_DROP = 12;

function assembler() {
  const records: (LegRecord | RefusalRecord)[] = [];
  const clock = new KernelClock();
  clock.update({ kind: 'clock', monotonicNs: 0n, realtimeMinusMonotonicNs: 5_000_000_000_000n });
  const hasher = new IsnHasher(new Uint8Array(32));
  const emit = (record: LegRecord | RefusalRecord) => records.push(record);
  const legs = new LegAssembler(tapTable(helloOf()), { maxOpenLegs: 65_536, hasher, clock, emit });
  legs.dropReasons = { [NETFILTER_DROP]: 'NETFILTER_DROP' };
  return { legs, records };
}

/** A SYN of its own address and ISN at this millisecond. */
function attempt(number: number) {
  const tuple = `198.51.${number >> 8}.${number & 255}:4000>192.168.50.11:30080`;
  return packetsOf({ place: UPLINK, syn: 'rx', tuple, clientIsn: number });
}

test('a flood of dropped SYNs: one refusal each, and a bounded table', () => {
  const { legs, records } = assembler();
  const count = 3 * MAX_SILENT_LEGS;
  for (let number = 0; number < count; number++) {
    const ms = number / 20;
    const { syn, drop } = attempt(number);
    for (const frame of framesOf([syn(ms), drop(ms + 0.001, NETFILTER_DROP)], ms + 300))
      legs.push(frame.kind === 'leg' ? { ...frame, id: number } : frame);
    if (number % 100 === 0) legs.tick(BigInt(Math.round((ms + 300) * 1e6)));
  }
  expect(legs.openLegs).toBeLessThanOrEqual(MAX_SILENT_LEGS);
  const endMs = Math.round(count / 20);
  for (let ms = endMs; ms < endMs + 5_000; ms += 50) legs.tick(BigInt(ms) * 1_000_000n);
  const refused = records.filter((each): each is RefusalRecord => each.kind === 'refusal');
  expect(new Set(refused.map(({ tuple }) => tuple.src.ip)).size).toBe(count);
  expect(refused).toHaveLength(count);
  expect(refused.every(({ reason }) => reason === 'NETFILTER_DROP')).toBe(true);
});

test('silence is not told before its time: an attempt that goes for want of room has no verdict', () => {
  const { legs, records } = assembler();
  const count = MAX_SILENT_LEGS + 10;
  for (let number = 0; number < count; number++)
    for (const frame of framesOf([attempt(number).syn(0)], 300))
      if (frame.kind === 'leg') legs.push({ ...frame, id: number });
  expect(legs.openLegs).toBe(MAX_SILENT_LEGS);
  expect(records).toHaveLength(10);
  expect(records.every((each) => each.kind === 'leg' && each.end === 'unanswered')).toBe(true);
  expect(legs.counters.unjudgedAttempts).toBe(10);
});
