import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Trip, trips, type WorldSpec } from '../clock/builders.ts';
import { type ClockBounds, NO_CLOCKS, observe } from '../clock/clocks.ts';
import type { Rtt } from '../rest/path.ts';
import type { Leg } from './evidence.ts';
import { segmentBetween } from './latency.ts';

const world: WorldSpec = {
  seed: 11,
  clocks: { n1: { offsetNs: 3.2e9, driftPpm: 50 }, n2: { offsetNs: -1.7e9, driftPpm: -50 } },
  connections: 6000,
  durationNs: 60e9,
  upNs: 3_000,
  downNs: 3_000,
  jitterNs: 20_000,
  stampSigmaNs: 300,
};

function shifted(leg: Leg, byNs: number): Leg {
  const stampNs = leg.synNs + byNs;
  const wholeUs = Math.floor(stampNs / 1000);
  const after = (ns: number | null) => (ns === null ? null : ns + byNs - wholeUs * 1000);
  return {
    ...leg,
    startUs: leg.startUs + wholeUs,
    synNs: after(leg.synNs) ?? 0,
    synAckNs: after(leg.synAckNs),
    ackNs: after(leg.ackNs),
    firstRequestNs: after(leg.firstRequestNs),
  };
}

function rttBetween(a: Leg | null, b: Leg | null): Rtt | null {
  return segmentBetween(a, b, null).rtt;
}

function exampleTrip(): Trip {
  const [trip] = trips({ ...world, connections: 1, stampSigmaNs: 0 });
  if (trip === undefined) throw new Error('no trip');
  return trip;
}

test('the bounds hold for 99 of 100 segments, clocks 100 ppm apart and ways up to 100 ms', () => {
  const ways = [
    ['3 µs', world],
    ['1 ms, jitter 1 ms', { ...world, upNs: 1e6, downNs: 1e6, jitterNs: 1e6 }],
    ['100 ms', { ...world, upNs: 100e6, downNs: 100e6 }],
    ['SYNs lost 10 %', { ...world, synLossShare: 0.1 }],
  ] as const;
  const lines = ways.map(([name, spec]) => {
    const seen = trips(spec).map((trip) => ({ trip, rtt: rttBetween(trip.near, trip.far) }));
    const steady = seen.filter(
      ({ trip, rtt }) => rtt && rtt.lowNs <= trip.steadyNs && trip.steadyNs <= rtt.highNs,
    );
    const firsts = seen.filter(({ rtt }) => rtt?.firstPacketNs != null);
    const first = firsts.filter(
      ({ trip, rtt }) =>
        rtt && Math.abs((rtt.firstPacketNs ?? 0) - trip.firstPacketNs) <= rtt.highNs - rtt.valueNs,
    );
    const errors = seen
      .map(({ trip, rtt }) => Math.abs((rtt?.steadyNs ?? Number.NaN) - trip.steadyNs))
      .sort((a, b) => a - b);
    const shares = [steady.length / seen.length, first.length / firsts.length];
    for (const share of shares) expect(share).toBeGreaterThanOrEqual(0.99);
    const errorUs = (errors[Math.floor(errors.length * 0.95)] ?? Number.NaN) / 1000;
    const columns = shares.map((share) => `${(100 * share).toFixed(2)} %`.padStart(10));
    return `${name.padEnd(24)}${columns.join('')}${errorUs.toFixed(2).padStart(12)}`;
  });
  const head = "segment round trip         S' holds   S holds   p95 error µs";
  process.stdout.write(`${[head, ...lines].join('\n')}\n`);
});

test("clocks 100 ppm apart, clients 160 ms away: once their rates are known S' is right, and its bound narrow", () => {
  const far = {
    ...world,
    ...{ durationNs: 12e9, connections: 2400, awayNs: 160e6, stampSigmaNs: 150 },
    ...{ upNs: 300_000, downNs: 300_000 },
  };
  const all = trips(far);
  const clocks = observe(
    NO_CLOCKS,
    all.flatMap(({ near, far: other }) => [near, other]),
  );
  const measure = (known: ClockBounds | null) => {
    const seen = all.map((trip) => ({
      trip,
      rtt: segmentBetween(trip.near, trip.far, known).rtt as Rtt,
    }));
    const errors = seen.map(({ trip, rtt }) => Math.abs(rtt.valueNs - trip.steadyNs));
    const covered = seen.filter(
      ({ trip, rtt }) => rtt.lowNs <= trip.steadyNs && trip.steadyNs <= rtt.highNs,
    );
    const widthNs = seen.reduce((sum, { rtt }) => sum + rtt.highNs - rtt.lowNs, 0) / seen.length;
    errors.sort((a, b) => a - b);
    return { p95Ns: errors[Math.floor(errors.length * 0.95)], covered, widthNs };
  };
  const [blind, told] = [measure(null), measure(clocks)];
  expect(blind.p95Ns).toBeGreaterThan(10_000);
  expect(told.p95Ns).toBeLessThan(1_000);
  expect(told.covered.length).toBeGreaterThanOrEqual(0.99 * all.length);
  expect(told.widthNs).toBeLessThan(0.7 * blind.widthNs);
});

test("shifting one clock changes neither S nor S'", () => {
  fc.assert(
    fc.property(fc.nat(), fc.maxSafeInteger(), (seed, deltaNs) => {
      const byNs = deltaNs % 1e14;
      for (const { near, far } of trips({ ...world, seed, connections: 5 }))
        expect(rttBetween(near, shifted(far, byNs))).toEqual(rttBetween(near, far));
    }),
    { numRuns: 30 },
  );
});

test("S and S' are both told; the bound is that of S', the value", () => {
  const { near, far, firstPacketNs, steadyNs } = exampleTrip();
  const rtt = rttBetween(near, far);
  expect(Math.abs((rtt?.firstPacketNs ?? 0) - firstPacketNs)).toBeLessThan(100);
  expect(Math.abs((rtt?.steadyNs ?? 0) - steadyNs)).toBeLessThan(100);
  expect(rtt?.valueNs).toBe(rtt?.steadyNs);
  expect(rtt?.highNs).toBeGreaterThan(steadyNs);
  expect(rtt?.highNs).toBeLessThan(firstPacketNs);
});

test('a SYN lost between the taps is named there, and its second is in no value', () => {
  const trip = trips({ ...world, connections: 1, synLossShare: 1 })[0] as Trip;
  const { rtt, warnings } = segmentBetween(trip.near, trip.far, null);
  expect(rtt).toMatchObject({ firstPacketNs: null });
  expect(rtt?.highNs).toBeLessThan(1_000_000);
  expect(warnings).toMatchObject([{ code: 'synLost', subject: `${trip.far.node}/1/3` }]);
});

test('a SYN-ACK lost on the way back is named, and leaves no value', () => {
  const { near, far } = exampleTrip();
  const late = { ...near, synAckNs: (near.synAckNs ?? 0) + 1e9, ackNs: (near.ackNs ?? 0) + 1e9 };
  const { rtt, warnings } = segmentBetween(late, { ...far, ackNs: (far.ackNs ?? 0) + 1e9 }, null);
  expect(rtt).toBeNull();
  expect(warnings.map(({ code }) => code)).toEqual(['synAckLost']);
});

test("an ACK at one tap and data at the other are two packets: no S' from them", () => {
  const { near, far } = exampleTrip();
  const rtt = rttBetween(near, {
    ...far,
    ackNs: (far.ackNs ?? 0) + 8e6,
    firstRequestNs: (far.ackNs ?? 0) + 8e6,
  });
  expect(rtt).toMatchObject({ steadyNs: null });
  expect(rtt?.valueNs).toBe(rtt?.firstPacketNs);
});

test('a round trip below nothing: no value, and a warning; a little below: zero within its error', () => {
  const { near, far } = exampleTrip();
  const swapped = segmentBetween(far, { ...near, synNs: near.synNs - 100_000 }, null);
  expect(swapped).toMatchObject({
    rtt: null,
    oneWay: null,
    warnings: [{ code: 'impossibleTimes' }],
  });
  const same = segmentBetween(near, { ...near, node: 'n2', synNs: near.synNs - 800 }, null);
  expect(same).toMatchObject({ rtt: { valueNs: 0, lowNs: 0, firstPacketNs: -800 }, warnings: [] });
});

test('two handshakes of a SYNPROXY are not subtracted', () => {
  const { near, far } = exampleTrip();
  const other = { ...far, serverIsnHash: '00000000000000aa' };
  expect(segmentBetween(near, other, null)).toEqual({ rtt: null, oneWay: null, warnings: [] });
});

test('one tap gives an upper bound only, and none where the wait for a repeated SYN is in it', () => {
  const { near } = exampleTrip();
  expect(rttBetween(near, null)).toMatchObject({
    lowNs: 0,
    method: 'handshakeToServer',
    steadyNs: null,
  });
  expect(rttBetween(null, near)).toMatchObject({ lowNs: 0, method: 'handshakeToClient' });
  expect(rttBetween({ ...near, synCount: 2 }, null)).toBeNull();
  expect(rttBetween(null, null)).toBeNull();
});

test('coarser stamps, wider bounds', () => {
  const { near, far } = exampleTrip();
  const widths = (['tap', 'ctKernel', 'ctUser'] as const).map(
    (stampClass) => segmentBetween(near, far, null, stampClass).rtt?.highNs ?? 0,
  );
  expect(widths).toEqual([...widths].sort((a, b) => a - b));
  expect(new Set(widths).size).toBe(3);
});

test('one-way: exact within a machine, an interval between two, and nothing without their clocks', () => {
  const all = trips({ ...world, connections: 200, durationNs: 5e9 });
  const clocks = observe(
    NO_CLOCKS,
    all.flatMap(({ near, far }) => [near, far]),
  );
  const { near, far, oneWayNs } = all[100] as Trip;
  const { oneWay, rtt } = segmentBetween(near, far, clocks);
  expect(oneWay?.lowNs).toBeLessThanOrEqual(oneWayNs);
  expect(oneWay?.highNs).toBeGreaterThanOrEqual(oneWayNs);
  expect(oneWay?.highNs).toBeLessThanOrEqual((rtt?.highNs ?? 0) + 10_000);
  expect(segmentBetween(near, far, null).oneWay).toBeNull();
  expect(segmentBetween(near, far, NO_CLOCKS).oneWay).toBeNull();
  const inside = { ...near, startUs: near.startUs + 7, ackNs: near.ackNs };
  expect(segmentBetween(near, inside, NO_CLOCKS).oneWay).toEqual({ lowNs: 5200, highNs: 8800 });
});
