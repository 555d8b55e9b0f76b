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
  book.note(envelope({ losses: losses(10) }), 1000);
  book.note(envelope({ losses: losses(100) }), 2000);
  expect(book.takeDue(4999)).toEqual([]);
  expect(book.takeDue(5000)).toEqual([
    {
      cluster: 'lab',
      node: 'node1',
      bootId: '0123456789abcdef',
      seenUs: 2_000_000,
      losses: { ringEvents: 110, badFrames: 0, evictedLegs: 0, unsentRecords: 2 },
      addresses: envelope().addresses,
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

test('addresses are those of the last envelope, by cluster', () => {
  const book = new HeartbeatBook(5000);
  book.note(envelope({ node: 'a', addresses: [] }), 0);
  book.note(envelope({ node: 'a' }), 1);
  book.note(envelope({ node: 'b', cluster: 'other' }), 1);
  expect([...book.addressesByNode('lab')]).toEqual([['a', envelope().addresses]]);
});
