import { expect, test } from '@jest/globals';
import {
  crossNodePath,
  droppedPath,
  partialPath,
  proxyProtocolPath,
  samplePaths,
} from '../view/samples/samplePaths.ts';
import { agentFrame, overviewFrame, serviceFrame } from './cluster.ts';
import { documentsIn } from './documents.ts';
import { hopsFrame } from './hops.ts';
import { pathListFrame } from './pathList.ts';
import type { PlainFrame } from './plainFrame.ts';
import { traceFrame } from './trace.ts';

function valuesOf(frame: PlainFrame, name: string): readonly unknown[] {
  const field = frame.fields.find((each) => each.name === name);
  if (field === undefined) throw new Error(`no column ${name}`);
  return field.values;
}

test('paths: a row each, time in milliseconds, the longest round trip says whether it is a bound', () => {
  const frame = pathListFrame([crossNodePath, droppedPath], { isCut: false });
  expect(valuesOf(frame, 'time')).toEqual([1788271387412.318, 1788271387412.318]);
  expect(valuesOf(frame, 'request')).toEqual(['sample-cross-node', 'sample-dropped']);
  expect(valuesOf(frame, 'outcome')).toEqual(['served', 'dropped']);
  expect(valuesOf(frame, 'extraHops')[0]).toBe('1');
  expect(valuesOf(frame, 'cause')[0]).toBeNull();
  expect(valuesOf(frame, 'cause')[1]).toContain('no ready endpoint on this node');
  expect(frame.meta.notices).toEqual([]);
});

test('paths: what is not known is null, never zero', () => {
  const { client: _, ...rest } = crossNodePath;
  const nobody = { ip: null, port: null, source: 'unknown' as const };
  const path = { ...rest, client: nobody, service: null, hops: [] };
  const frame = pathListFrame([path], { isCut: false });
  for (const name of ['client', 'service', 'longestRoundTrip', 'longestIsBound', 'refusedAt'])
    expect([name, ...valuesOf(frame, name)]).toEqual([name, null]);
});

test('paths: a cut answer says that there are more', () => {
  const [notice] = pathListFrame([crossNodePath], { isCut: true }).meta.notices ?? [];
  expect(notice).toMatchObject({ severity: 'warning' });
  expect(notice?.text).toContain('Only the newest 1 paths');
});

test('hops: a row a hop, and the document travels along unchanged', () => {
  const frame = hopsFrame(crossNodePath);
  expect(valuesOf(frame, 'hop')).toEqual(crossNodePath.hops.map(({ index }) => index + 1));
  expect(valuesOf(frame, 'extra')).toEqual(crossNodePath.hops.map(({ extra }) => extra));
  expect(documentsIn([frame, frame])).toEqual([crossNodePath]);
  expect(documentsIn([{ meta: { custom: { hoptracePath: { pathId: 7 } } } }, {}])).toEqual([]);
});

test('every column of every frame has one value a row', () => {
  const frames = samplePaths.flatMap((path) => [hopsFrame(path), traceFrame(path)]);
  for (const frame of [...frames, pathListFrame(samplePaths, { isCut: false })]) {
    const lengths = frame.fields.map(({ values }) => values.length);
    expect(new Set(lengths).size).toBe(1);
  }
});

test('trace: each span is the child of the one before; another clock is a warning, not a shift', () => {
  const frame = traceFrame(proxyProtocolPath);
  const ids = proxyProtocolPath.hops.map(({ index }) => `hop-${index + 1}`);
  expect(valuesOf(frame, 'spanID')).toEqual(ids);
  expect(valuesOf(frame, 'parentSpanID')).toEqual([null, ...ids.slice(0, -1)]);
  const startMs = proxyProtocolPath.startedAtUs / 1000;
  const seen = proxyProtocolPath.hops.findIndex(({ times }) => times.synNs !== null);
  const synNs = proxyProtocolPath.hops[seen]?.times.synNs ?? 0;
  expect(valuesOf(frame, 'startTime')[seen]).toBeCloseTo(startMs + synNs / 1e6, 6);
  const clocks = new Set(partialPath.hops.flatMap(({ times }) => times.clock ?? []));
  expect(clocks.size).toBe(2);
  const warnings = valuesOf(traceFrame(partialPath), 'warnings').flat().join(' ');
  expect(warnings).toContain('is not aligned with');
  expect(warnings).toContain('when is not known');
});

test('trace: the last span of a refused path failed, with the reason', () => {
  const frame = traceFrame(droppedPath);
  expect(valuesOf(frame, 'statusCode').at(-1)).toBe(2);
  expect(valuesOf(frame, 'statusMessage').at(-1)).toBe(droppedPath.refusal?.text);
});

const COUNTS = {
  fromUs: 0,
  toUs: 1,
  paths: 8,
  outcomes: { served: 6, reset: 1, rejected: 0, dropped: 1, unknown: 0 },
  crossings: 9,
  withExtraHops: 2,
  services: [
    { namespace: 'shop', name: 'web', port: 'https', paths: 4, refused: 1, withExtraHops: 2 },
  ],
  agents: { known: 3, silent: 1 },
};

test('counts: shares are of all paths, and a share of nothing is not known', () => {
  const frame = overviewFrame(COUNTS);
  expect(valuesOf(frame, 'refused')).toEqual([2]);
  expect(valuesOf(frame, 'refusedShare')).toEqual([0.25]);
  expect(valuesOf(frame, 'agentsSilent')).toEqual([1]);
  expect(valuesOf(overviewFrame({ ...COUNTS, paths: 0 }), 'extraShare')).toEqual([null]);
  expect(valuesOf(serviceFrame(COUNTS), 'service')).toEqual(['shop/web:https']);
  expect(valuesOf(serviceFrame(COUNTS), 'extraShare')).toEqual([0.5]);
});

test('agents: what was lost is added up; facts that were not told are null', () => {
  const agent = {
    cluster: 'lab',
    node: 'node1',
    bootId: 'boot',
    lastSeenUs: 2_000_000,
    losses: { ringEvents: 1, badFrames: 2, evictedLegs: 3, unsentRecords: 4 },
    addresses: [
      { ip: '10.0.0.1', ifname: 'eth0' },
      { ip: '10.0.0.2', ifname: 'eth1' },
    ],
    facts: null,
    lossesSinceUs: 0,
    isSilent: true,
  };
  const frame = agentFrame([agent]);
  expect(valuesOf(frame, 'lost')).toEqual([10]);
  expect(valuesOf(frame, 'state')).toEqual(['silent']);
  expect(valuesOf(frame, 'lastSeen')).toEqual([2000]);
  expect(valuesOf(frame, 'kernel')).toEqual([null]);
  expect(valuesOf(frame, 'addresses')).toEqual(['10.0.0.1, 10.0.0.2']);
});
