import { expect, test } from '@jest/globals';
import { envelope } from '../testing/builders.ts';
import { HealthBook } from './healthBook.ts';
import type { StoredTopology } from './topologyStore.ts';

const T = 1_790_000_000_000_000;
const S = 1_000_000;
const OPEN = Number.POSITIVE_INFINITY;

function healthBook() {
  const rows = new Map<object, () => StoredTopology>();
  const book = new HealthBook((version, row) => rows.set(version, row));
  const stored = () => [...rows.values()].map((row) => row());
  const times = () =>
    stored().map(({ fromUs, toUs, earliestToUs, object }) => [
      JSON.parse(object).state,
      ...[fromUs, earliestToUs, toUs].map((us) => (us === OPEN ? 'open' : (us - T) / S)),
    ]);
  return { book, stored, times };
}
type State = 'healthy' | 'unhealthy' | 'unknown';
const sighting = (state: State, fromS: number, earliestS = fromS) => ({
  ...{ state, fromUs: T + fromS * S, earliestUs: T + earliestS * S },
  ...{ httpStatus: 200, localEndpoints: 1, isProxyHealthy: true, note: '' },
});
const told = (checkedS: number, ...sightings: ReturnType<typeof sighting>[]) =>
  envelope({
    healthChecks: {
      checks: [
        {
          ...{ port: 32_000, namespace: 'shop', service: 'web' },
          ...{ checkedUs: T + checkedS * S, sightings },
        },
      ],
      leftOut: 0,
    },
  });

test('a state ends where the next begins, and is known until its last probe', () => {
  const { book, stored, times } = healthBook();
  book.note(told(8, sighting('healthy', 0)), T + 8 * S);
  book.note(told(10, sighting('healthy', 0), sighting('unhealthy', 10, 8)), T + 10 * S);
  expect(times()).toEqual([
    ['healthy', 0, 8, 10],
    ['unhealthy', 10, 10, 'open'],
  ]);
  expect(stored()[0]).toMatchObject({ kind: 'HealthCheck', namespace: 'shop', name: 'web@node1' });
});

test('a state that goes on is told again, but not with every heartbeat', () => {
  const { book, times } = healthBook();
  for (let s = 0; s <= 25; s += 1) book.note(told(s, sighting('healthy', 0)), T + s * S);
  expect(times()).toEqual([['healthy', 0, 25, 'open']]);
});

test('changes that happened while nobody listened are told later, with their times', () => {
  const { book, times } = healthBook();
  book.note(told(2, sighting('healthy', 0)), T + 2 * S);
  const later = [
    sighting('healthy', 0),
    sighting('unhealthy', 20, 18),
    sighting('healthy', 40, 38),
  ];
  book.note(told(60, ...later), T + 60 * S);
  expect(times()).toEqual([
    ['healthy', 0, 18, 20],
    ['unhealthy', 20, 38, 40],
    ['healthy', 40, 60, 'open'],
  ]);
});

test('an agent that started anew knows nothing of the time between', () => {
  const { book, times } = healthBook();
  book.note(told(2, sighting('healthy', 0)), T + 2 * S);
  book.note(told(90, sighting('healthy', 90)), T + 90 * S);
  expect(times()).toEqual([
    ['healthy', 0, 2, 90],
    ['healthy', 90, 90, 'open'],
  ]);
});

test('a port that is gone ends; what was stored is known again and goes on', () => {
  const before = healthBook();
  before.book.note(told(2, sighting('healthy', 0)), T + 2 * S);
  const { book, times } = healthBook();
  for (const row of before.stored()) expect(book.restore(row)).toBe(true);
  book.note(told(9, sighting('healthy', 0)), T + 20 * S);
  expect(times()).toEqual([['healthy', 0, 9, 'open']]);
  book.note(envelope({ healthChecks: { checks: [], leftOut: 0 } }), T + 30 * S);
  expect(times()).toEqual([['healthy', 0, 9, 30]]);
  expect(book.restore({ ...before.stored()[0], object: '{' } as StoredTopology)).toBe(false);
});
