import { expect, test } from '@jest/globals';
import type { Frame, LegFrame, PacketFrame } from '../frames/frame.ts';
import type { Recording } from '../recording.ts';
import { framesOf, helloOf, packetsOf, UPLINK } from '../testPackets.ts';
import { replaySources } from './replaySource.ts';

const SECOND_NS = 1_000_000_000n;
const NOW_NS = 50_000n * SECOND_NS;
const REAL_NOW_NS = 1_800_000_000n * SECOND_NS;

const connection = packetsOf({ place: UPLINK, syn: 'rx', tuple: '10.0.0.1:1>10.0.0.2:2' });
const burst = { cookie: 1n, isnLocal: 9_000_000, isnRemote: 1_000_000, burst: 1, isAccepted: true };

/** A recording whose clock is `offsetNs` behind real time. */
function recording(node: string, offsetNs: bigint, events: readonly Frame[]): Recording {
  return {
    header: { hoptraceRecording: 1, node, cluster: 'lab', recordedAt: '', how: '' },
    frames: [
      { kind: 'hello', hello: helloOf() },
      { kind: 'clock', monotonicNs: 0n, realtimeMinusMonotonicNs: offsetNs },
      ...events,
    ],
  };
}

/** A connection of 8 ms, told at its end. */
const legAt = (ms: number) =>
  framesOf([connection.syn(ms - 8), connection.synAck(ms - 7), connection.serverRst(ms)]);

/** Two nodes with different monotonic clocks: node2 saw the drop 3 ms after node1. */
const RECORDINGS = [
  recording('node1', 1_000n * SECOND_NS, [connection.drop(5_000, 3), ...legAt(5_010)]),
  recording('node2', 1_002n * SECOND_NS, [
    connection.drop(3_003, 3),
    ...legAt(3_008),
    {
      kind: 'link',
      tsNs: 3_020_000_000n,
      netns: 1,
      pid: 1,
      side: 'request',
      subject: burst,
      lastRead: null,
      oldest: burst,
      process: 'nginx',
    },
  ]),
];

const packetsIn = (frames: readonly Frame[]) =>
  frames.filter((frame): frame is PacketFrame => frame.kind === 'packet');
const legsIn = (frames: readonly Frame[]) =>
  frames.filter((frame): frame is LegFrame => frame.kind === 'leg');

/** Plays for `ms` in steps of 10 ms by a clock of its own. */
function play(loopEveryMs: number | null, ms: number) {
  let elapsedNs = 0n;
  const clock = {
    monotonicNs: () => NOW_NS + elapsedNs,
    realtimeNs: () => REAL_NOW_NS + elapsedNs,
  };
  const sources = replaySources(RECORDINGS, { loopEveryMs, clock });
  const frames: Frame[][] = [[], []];
  for (const [index, source] of sources.entries()) {
    source.start({
      onFrames: (more) => frames[index]?.push(...more),
      onBadFrames: () => undefined,
      onBreak: () => undefined,
    });
  }
  for (; elapsedNs < BigInt(ms) * 1_000_000n; elapsedNs += 10_000_000n) {
    for (const source of sources) source.step();
  }
  for (const source of sources) void source.close();
  return { node1: frames[0] ?? [], node2: frames[1] ?? [] };
}

test('hello and clock come first, then events at their time now', () => {
  const { node1 } = play(null, 50);
  expect(node1.map((frame) => frame.kind)).toEqual(['clock', 'hello', 'packet', 'leg']);
  expect(node1[0]).toEqual({
    kind: 'clock',
    monotonicNs: NOW_NS,
    realtimeMinusMonotonicNs: REAL_NOW_NS - NOW_NS,
  });
  expect(packetsIn(node1).map((packet) => packet.tsNs - NOW_NS)).toEqual([0n]);
  expect(legsIn(node1)).toMatchObject([
    { tsNs: NOW_NS + 10_000_000n, synNs: NOW_NS + 2_000_000n, synAckNs: 1_000_000 },
  ]);
});

test('events are not delivered before their time', () => {
  const { node1 } = play(null, 10);
  expect([packetsIn(node1).length, legsIn(node1).length]).toEqual([1, 0]);
});

test('nodes keep their distance although their clocks counted differently', () => {
  const { node1, node2 } = play(null, 50);
  const [first, second] = [packetsIn(node1)[0], packetsIn(node2)[0]];
  expect((second?.tsNs ?? 0n) - (first?.tsNs ?? 0n)).toBe(3_000_000n);
});

test('one loop gives all nodes the same new sequence numbers', () => {
  const { node1, node2 } = play(null, 50);
  const [[drop], [leg]] = [packetsIn(node1), legsIn(node1)];
  expect(leg?.clientIsn).toBe(drop?.seq);
  expect(packetsIn(node2).map((packet) => packet.seq)).toEqual([drop?.seq]);
  const { clientIsn, serverIsn } = leg as LegFrame;
  expect(((serverIsn ?? 0) - clientIsn) >>> 0).toBe(8_000_000);
  expect(legsIn(node2)).toMatchObject([{ clientIsn, serverIsn }]);
  const link = node2.find((frame) => frame.kind === 'link');
  expect(link).toMatchObject({ subject: { isnRemote: clientIsn, isnLocal: serverIsn } });
});

test('each loop has fresh times, sequence numbers and legs; the pause outlasts late verdicts', () => {
  const { node1, node2 } = play(1, 9_000);
  const drops = packetsIn(node1);
  expect(drops).toHaveLength(3);
  expect(new Set(drops.map((drop) => drop.seq)).size).toBe(3);
  expect(legsIn(node1).map((leg) => leg.id)).toEqual([0, 1, 2]);
  const periodNs = 4_000_000_000n + 20_000_000n;
  expect(drops.map((drop) => drop.tsNs - NOW_NS)).toEqual([0n, periodNs, 2n * periodNs]);
  expect(packetsIn(node2).map((drop) => drop.seq)).toEqual(drops.map((drop) => drop.seq));
});

test('without a loop it plays once', () => {
  const { node1 } = play(null, 9_000);
  expect([packetsIn(node1).length, legsIn(node1).length]).toEqual([1, 1]);
});

test('a longer period than needed is kept', () => {
  const drops = packetsIn(play(6_000, 7_000).node1);
  expect(drops.map((drop) => drop.tsNs - NOW_NS)).toEqual([0n, 6_000_000_000n]);
});
