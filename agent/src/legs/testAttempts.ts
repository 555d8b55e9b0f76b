/** Attempts to connect for tests of verdicts: packets at a node's taps, and what is said of them. */
import type { LegRecord, RefusalRecord } from '@hoptrace/domain/wire/v1.ts';
import type { PacketFrame } from '../frames/frame.ts';
import { IsnHasher } from '../isnHash.ts';
import { KernelClock } from '../kernelClock.ts';
import { tapTable } from '../taps.ts';
import {
  framesOf,
  helloOf,
  POD_ETH,
  POD_VETH,
  packetsOf,
  type TestPacket,
  UPLINK,
} from '../testPackets.ts';
import { LegAssembler } from './assembler.ts';

export const NETFILTER_DROP = 12;
export const NO_SOCKET = 3;
export const NOT_SPECIFIED = 2;
export const BEFORE = '203.0.113.10:40000>192.168.50.11:30080';
export const TO_POD = '192.168.50.11:1234>10.244.1.10:80';
export const TO_REMOTE = '192.168.50.11:1234>10.244.2.10:80';

export const nodePort = packetsOf({ place: UPLINK, syn: 'rx', tuple: BEFORE });
export const toPod = packetsOf({
  place: POD_VETH,
  syn: 'tx',
  tuple: TO_POD,
  conntrack: { original: BEFORE, reply: '10.244.1.10:80>192.168.50.11:1234' },
});
export const inPod = packetsOf({ place: POD_ETH, syn: 'rx', tuple: TO_POD });
export const toRemote = packetsOf({
  place: UPLINK,
  syn: 'tx',
  tuple: TO_REMOTE,
  conntrack: { original: BEFORE, reply: '10.244.2.10:80>192.168.50.11:1234' },
});

interface Trouble {
  readonly lossAtMs?: number;
  readonly shedAtMs?: number;
}

/** Plays packets in order of time with ticks every 50 ms, until 5 s. */
export function play(
  packets: readonly (TestPacket | PacketFrame)[],
  { lossAtMs, shedAtMs }: Trouble = {},
) {
  const records: (LegRecord | RefusalRecord)[] = [];
  const hello = helloOf();
  const legs = new LegAssembler(tapTable(hello), {
    maxOpenLegs: 100,
    hasher: new IsnHasher(new Uint8Array(32)),
    clock: new KernelClock(),
    emit: (record) => records.push(record),
  });
  legs.dropReasons = hello.dropReasons;
  const seenAtMs = new Map<RefusalRecord, number>();
  const rest = framesOf(packets, 5000);
  for (let ms = 0; ms <= 5000; ms += 50) {
    while (rest[0] !== undefined && rest[0].tsNs <= BigInt(ms) * 1_000_000n) {
      const packet = rest.shift();
      if (packet !== undefined) legs.push(packet);
    }
    if (lossAtMs === ms) legs.noteLoss(BigInt(ms) * 1_000_000n);
    if (shedAtMs === ms) legs.noteShedding(BigInt(ms) * 1_000_000n);
    legs.tick(BigInt(ms) * 1_000_000n);
    for (const record of records)
      if (record.kind === 'refusal' && !seenAtMs.has(record)) seenAtMs.set(record, ms);
  }
  return {
    refusals: records.filter((record) => record.kind === 'refusal'),
    ends: records.filter((record) => record.kind === 'leg').map((leg) => leg.end),
    verdictsAtMs: [...seenAtMs.values()],
    counters: legs.counters,
  };
}
