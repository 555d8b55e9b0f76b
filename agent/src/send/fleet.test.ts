import { expect, test } from '@jest/globals';
import { newMetrics } from '../metrics.ts';
import { legOf } from '../testRecords.ts';
import { Fleet } from './fleet.ts';
import { type Answer, collector, type Received, sender, stored, until } from './testCollector.ts';

const LEGS = Array.from({ length: 60 }, (_, index) => legOf(index + 1));
const silent: Answer = () => null;

/** Which connections a collector heard of, by legOf's number. */
const legsOf = (received: readonly Received[]): number[] =>
  received
    .flatMap(({ records }) => records.map(({ startUs }) => startUs))
    .filter((startUs, index, all) => all.indexOf(startUs) === index)
    .sort((a, b) => a - b);

function fleet(urls: readonly string[], takeoverMs = 3_600_000) {
  const metrics = newMetrics();
  const logged: string[] = [];
  const made = new Fleet({
    ...{ urls, cluster: 'lab', key: 'connection', takeoverMs, metrics },
    log: (_level, event) => logged.push(event),
    makeSender: (url, options) => sender(url, {}, null, { ...options, metrics }).made,
  });
  return { made, metrics, logged };
}

test('each connection has one owner, whatever the order of the list, and every record arrives once', async () => {
  const [one, two] = [await collector(stored), await collector(stored)];
  const { made, metrics } = fleet([one.url, two.url]);
  made.start();
  for (const leg of LEGS) made.push(leg);
  await until(() => metrics.storedRecordsTotal === LEGS.length);
  const owned = [legsOf(one.received), legsOf(two.received)];
  expect(owned.flat()).toHaveLength(LEGS.length);
  expect(Math.min(...owned.map(({ length }) => length))).toBeGreaterThan(0);
  expect(metrics).toMatchObject({ queuedRecords: 0, isConnected: 1, movedBatchesTotal: 0 });
  const seqs = [...one.received, ...two.received].flatMap(({ records }) =>
    records.map(({ seq }) => seq),
  );
  expect(new Set(seqs).size).toBe(LEGS.length);
  await made.close(1000);

  const other = fleet([two.url, one.url]);
  other.made.start();
  for (const leg of LEGS) other.made.push(leg);
  await until(() => other.metrics.storedRecordsTotal === LEGS.length);
  expect([legsOf(one.received), legsOf(two.received)]).toEqual(owned);
  await other.made.close(1000);
});

test('what a lost collector never acknowledged goes to its heir under the same numbers, and new records with it', async () => {
  const [one, two] = [await collector(silent), await collector(stored)];
  const { made, metrics, logged } = fleet([one.url, two.url], 100);
  made.start();
  for (const leg of LEGS) made.push(leg);
  await until(() => legsOf(one.received).length + legsOf(two.received).length === LEGS.length);
  const unacknowledged = one.received.flatMap(({ records }) =>
    records.map(({ seq, startUs }) => [seq, startUs]),
  );
  expect(unacknowledged.length).toBeGreaterThan(0);
  await one.close();
  await until(() => legsOf(two.received).length === LEGS.length);
  const heard = two.received.flatMap(({ records }) =>
    records.map(({ seq, startUs }) => [seq, startUs]),
  );
  expect(heard).toEqual(expect.arrayContaining(unacknowledged));
  expect(metrics.movedBatchesTotal).toBeGreaterThan(0);
  expect(logged).toContain('collector lost: others take over');
  for (let n = 101; n <= 110; n++) made.push(legOf(n));
  await until(() => legsOf(two.received).length === LEGS.length + 10);
  expect(metrics.isConnected).toBe(0);
  await made.close(1000);
});
