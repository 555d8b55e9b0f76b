import { expect, test } from '@jest/globals';
import { queryPlaces } from './queryPlaces.ts';

const forever = new AbortController().signal;

test('places are given in the order in which they were asked for', async () => {
  const places = queryPlaces({ maxQueries: 1, maxWaiting: 2 });
  const order: number[] = [];
  await places.take(forever);
  const waits = [1, 2].map((one) => places.take(forever).then(() => order.push(one)));
  await expect(places.take(forever)).rejects.toMatchObject({ code: 'HOP_BUSY' });
  places.free();
  await waits[0];
  expect([order, places.taken, places.waiting]).toEqual([[1], 1, 1]);
  places.free();
  await waits[1];
  places.free();
  expect([order, places.taken, places.waiting]).toEqual([[1, 2], 0, 0]);
});

test('who leaves the line takes no place', async () => {
  const places = queryPlaces({ maxQueries: 1, maxWaiting: 2 });
  const gone = new AbortController();
  await places.take(forever);
  const left = places.take(gone.signal);
  const stayed = places.take(forever);
  gone.abort(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  await expect(places.take(gone.signal)).rejects.toThrow('gone');
  places.free();
  await stayed;
  expect([places.taken, places.waiting]).toEqual([1, 0]);
});
