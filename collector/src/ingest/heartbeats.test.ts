import { hasLosses } from '@hoptrace/domain/loss/lossWindows.ts';
import type { NodeFacts } from '@hoptrace/domain/wire/nodeFacts.ts';
import { expect, test } from '@jest/globals';
import { envelope } from '../testing/builders.ts';
import { HeartbeatBook } from './heartbeats.ts';

const losses = (ringEvents: number) => ({
  ringEvents,
  badFrames: 0,
  evictedLegs: 0,
  unsentRecords: 1,
});

test('a node costs one heartbeat per interval, and its losses add up between them', () => {
  const book = new HeartbeatBook(5000);
  book.note(envelope({ losses: losses(1) }), 0);
  expect(book.takeDue(0).map((each) => each.losses.ringEvents)).toEqual([1]);
  book.note(envelope({ losses: losses(10), ringRefusals: 4 }), 1000);
  book.note(envelope({ losses: losses(100), ringRefusals: 30 }), 2000);
  expect(book.takeDue(4999)).toEqual([]);
  expect(book.takeDue(5000)).toEqual([
    {
      cluster: 'lab',
      node: 'node1',
      bootId: '0123456789abcdef',
      seenUs: 2_000_000,
      losses: {
        ...{ ringEvents: 110, ringRefusals: 34 },
        ...{ badFrames: 0, evictedLegs: 0, unsentRecords: 2 },
      },
      addresses: envelope().addresses,
      facts: null,
    },
  ]);
  expect(book.takeDue(60_000)).toEqual([]);
});

test('the losses of a heartbeat that could not be written go with the next', () => {
  const book = new HeartbeatBook(5000);
  book.note(envelope({ losses: losses(1) }), 0);
  const [failed] = book.takeDue(0);
  if (failed === undefined) throw new Error('no heartbeat');
  book.note(envelope({ losses: losses(2) }), 1000);
  book.giveBack(failed);
  expect(book.takeDue(5000).map((each) => each.losses.ringEvents)).toEqual([3]);
});

const FACTS: NodeFacts = {
  kernel: '6.1.0',
  kubeProxy: { mode: 'ipvs', note: 'the interface kube-ipvs0 is there' },
  sysctls: [],
  workloads: [],
  workloadsLeftOut: 0,
};

test('facts are written once, whatever envelopes come between, and again if that failed', () => {
  const book = new HeartbeatBook(5000);
  book.note(envelope({ facts: FACTS }), 0);
  book.note(envelope(), 1);
  const [failed] = book.takeDue(5000);
  expect(failed?.facts).toEqual(FACTS);
  if (failed === undefined) throw new Error('no heartbeat');
  book.note(envelope(), 6000);
  book.giveBack(failed);
  expect(book.takeDue(10_000).map((each) => each.facts)).toEqual([FACTS]);
  book.note(envelope(), 11_000);
  expect(book.takeDue(20_000).map((each) => each.facts)).toEqual([null]);
});

test('newer facts are not replaced by those of a heartbeat that comes back', () => {
  const book = new HeartbeatBook(5000);
  book.note(envelope({ facts: FACTS }), 0);
  const [failed] = book.takeDue(0);
  if (failed === undefined) throw new Error('no heartbeat');
  book.note(envelope({ facts: { ...FACTS, kernel: '6.2.0' } }), 1000);
  book.giveBack(failed);
  expect(book.takeDue(5000).map((each) => each.facts?.kernel)).toEqual(['6.2.0']);
});

const MINUTE_US = 60_000_000;
const said = (minutes: number, part: Parameters<typeof envelope>[0] = {}) =>
  envelope({ sentAtUs: minutes * MINUTE_US, ...part });
const covered = (book: HeartbeatBook) => {
  const window = book.coverageOf('lab', 'node1');
  return window === null ? null : [window.fromUs / MINUTE_US, window.toUs / MINUTE_US];
};

test('requests are all told from a minute after the agent was first heard of up to its watermark', () => {
  const book = new HeartbeatBook(5000);
  expect(covered(book)).toBeNull();
  book.note(said(10), 0);
  expect(covered(book)).toBeNull();
  const told = { watermarkUs: 12 * MINUTE_US, exchangesSinceUs: 2 * MINUTE_US };
  book.note(said(12, told), 0);
  expect(covered(book)).toEqual([11, 12]);
  // Batches say neither; what was left out begins the time anew.
  book.note(said(13), 0);
  expect(covered(book)).toEqual([11, 12]);
  book.note(said(14, { watermarkUs: 14 * MINUTE_US, exchangesSinceUs: 13 * MINUTE_US }), 0);
  expect(covered(book)).toEqual([14, 14]);
});

test('an agent that leaves requests out, or does not say that it does not, covers nothing', () => {
  const book = new HeartbeatBook(5000);
  book.note(said(10), 0);
  book.note(said(11, { watermarkUs: 11 * MINUTE_US }), 0);
  expect(covered(book)).toBeNull();
});

test('a new boot covers nothing before a minute of its own, whenever batches of the old one come', () => {
  const book = new HeartbeatBook(5000);
  const told = { watermarkUs: 20 * MINUTE_US, exchangesSinceUs: 0 };
  const bootId = 'fedcba9876543210';
  book.note(said(10, told), 0);
  book.note(said(20, { ...told, bootId }), 0);
  expect(covered(book)).toEqual([21, 20]);
  book.note(said(15), 0);
  book.note(said(22, { ...told, bootId }), 0);
  expect(covered(book)).toEqual([23, 20]);
});

test('refused records leave a loss window, though the agent lost nothing', () => {
  const book = new HeartbeatBook(5000);
  book.note(said(10), 0);
  book.noteRefused(said(11), 2);
  const isLost = (minutes: number) => {
    const at = { fromUs: minutes * MINUTE_US, toUs: minutes * MINUTE_US };
    return hasLosses(book.lossWindows('lab'), 'node1', at);
  };
  expect([9, 10.5, 12].map(isLost)).toEqual([false, true, false]);
});
