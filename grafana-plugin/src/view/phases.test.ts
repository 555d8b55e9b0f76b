import { expect, test } from '@jest/globals';
import type { Hop } from './model.ts';
import { phasesOf } from './phases.ts';
import { crossNodePath, droppedPath } from './samples/samplePaths.ts';

const hop = crossNodePath.hops[1] as Hop;

test('stamps become phases that start at the SYN of their own hop', () => {
  expect(phasesOf(hop)?.phases).toEqual([
    { name: 'handshake', startNs: 0, endNs: 2_375_000 },
    { name: 'idle', startNs: 2_375_000, endNs: 2_787_000 },
    { name: 'waiting', startNs: 2_787_000, endNs: 20_794_000 },
    { name: 'transfer', startNs: 20_794_000, endNs: 24_244_000 },
  ]);
});

test('a missing stamp leaves its two phases out and keeps the others', () => {
  const times = { ...hop.times, firstRequestNs: null };
  expect(phasesOf({ ...hop, times })?.phases.map(({ name }) => name)).toEqual([
    'handshake',
    'transfer',
  ]);
});

test('a hop that nobody saw has no phases', () => {
  expect(phasesOf({ ...hop, times: { ...hop.times, synNs: null } })).toBeNull();
  expect(phasesOf({ ...hop, times: { ...hop.times, clock: null } })).toBeNull();
});

test('a SYN without an answer has no phase, no length and no end', () => {
  expect(phasesOf(droppedPath.hops[0] as Hop)).toMatchObject({
    phases: [],
    totalNs: 0,
    isOpen: true,
  });
});

test('stamps in the wrong order are not drawn as a phase', () => {
  const times = { ...hop.times, firstResponseNs: 10 };
  expect(phasesOf({ ...hop, times })?.phases.map(({ name }) => name)).toEqual([
    'handshake',
    'idle',
    'transfer',
  ]);
});
