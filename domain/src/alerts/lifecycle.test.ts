import { expect, test } from '@jest/globals';
import type { AlertRule, Silence } from '../rest/alerts.ts';
import { DEFAULT_RULES } from './defaultRules.ts';
import { type AlertStates, KEEP_RESOLVED_US, step } from './lifecycle.ts';
import type { Observation } from './observation.ts';
import { shownAlerts } from './silences.ts';

const SECOND = 1_000_000;
const T = 1_700_000_000 * SECOND;
const NOTHING: AlertStates = new Map();

const ruleOf = (more: Partial<AlertRule> = {}): AlertRule => ({
  id: 'refused',
  kind: 'refusedConnections',
  severity: 'critical',
  threshold: 3,
  minCount: 3,
  windowSeconds: 60,
  forSeconds: 20,
  keepFiringSeconds: 30,
  match: {},
  labels: { team: 'edge' },
  ...more,
});

const refused = (value: number, node = 'node3'): Observation => ({
  kind: 'refusedConnections',
  labels: { cluster: 'c', namespace: 'shop', service: 'web', node, cause: 'noLocalEndpoints' },
  value,
  count: value,
  baseline: null,
  pathId: 'path-1',
  remedy: '',
});

/** Plays evaluations at seconds; null: could not be measured. Answers `second state` of every change, and the end. */
function play(rule: AlertRule, course: readonly (readonly [number, Observation[] | null])[]) {
  let states = NOTHING;
  const told: string[] = [];
  for (const [second, seen] of course) {
    const nowUs = T + second * SECOND;
    const next = step(states, { rules: [rule], observationsOf: () => seen, nowUs });
    told.push(...next.changes.map(({ state, labels }) => `${second} ${labels.node} ${state}`));
    states = next.states;
  }
  return { told, states: [...states.values()] };
}

test('held for as long as the rule wants it fires, once, and is resolved when it is gone for long enough', () => {
  const { told } = play(ruleOf(), [
    [0, [refused(5)]],
    [10, [refused(5)]],
    [20, [refused(7)]],
    [30, [refused(7)]],
    [40, []],
    [59, []],
    [60, []],
    [70, []],
  ]);
  expect(told).toEqual(['20 node3 firing', '60 node3 resolved']);
});

test('an alert says since when, how much, and what to do', () => {
  const { states } = play(ruleOf({ forSeconds: 0 }), [
    [0, [refused(5)]],
    [10, [refused(8)]],
  ]);
  expect(states).toMatchObject([
    {
      state: 'firing',
      startedAtUs: T,
      firedAtUs: T,
      lastHeldAtUs: T + 10 * SECOND,
      value: 8,
      labels: { team: 'edge', node: 'node3' },
      text: '8 attempts to connect to Service shop/web were refused on node3 within 60 s (noLocalEndpoints)',
      pathId: 'path-1',
    },
  ]);
});

test('what stops before it fires is forgotten, and begins anew', () => {
  const { told, states } = play(ruleOf(), [
    [0, [refused(5)]],
    [10, []],
    [15, [refused(5)]],
    [25, [refused(5)]],
  ]);
  expect(told).toEqual([]);
  expect(states).toMatchObject([{ state: 'pending', startedAtUs: T + 15 * SECOND }]);
});

test('a store that does not answer resolves nothing, and the alert says that it is not known', () => {
  const { told, states } = play(ruleOf({ forSeconds: 0 }), [
    [0, [refused(5)]],
    [100, null],
    [200, null],
  ]);
  expect(told).toEqual(['0 node3 firing']);
  expect(states).toMatchObject([{ state: 'firing', isStale: true }]);
});

test('a short pause does not resolve: it fires on as the same alert', () => {
  const { told, states } = play(ruleOf({ forSeconds: 0 }), [
    [0, [refused(5)]],
    [10, []],
    [20, [refused(4)]],
    [45, []],
  ]);
  expect(told).toEqual(['0 node3 firing']);
  expect(states).toMatchObject([{ startedAtUs: T, lastHeldAtUs: T + 20 * SECOND }]);
});

test('what was resolved and holds again fires again, from a new beginning; else it is forgotten in time', () => {
  const again = play(ruleOf({ forSeconds: 0, keepFiringSeconds: 0 }), [
    [0, [refused(5)]],
    [10, []],
    [20, [refused(5)]],
  ]);
  expect(again.told).toEqual(['0 node3 firing', '10 node3 resolved', '20 node3 firing']);
  expect(again.states).toMatchObject([{ startedAtUs: T + 20 * SECOND, resolvedAtUs: null }]);
  const gone = play(ruleOf({ forSeconds: 0, keepFiringSeconds: 0 }), [
    [0, [refused(5)]],
    [10, []],
    [10 + KEEP_RESOLVED_US / SECOND, []],
  ]);
  expect(gone.states).toEqual([]);
});

test('each set of labels is an alert of its own; too few attempts, or labels that the rule leaves out, are none', () => {
  const { told } = play(ruleOf({ forSeconds: 0, match: { service: 'web' } }), [
    [
      0,
      [
        refused(5),
        refused(5, 'node2'),
        refused(2, 'node1'),
        { ...refused(9, 'node4'), labels: { service: 'other', node: 'node4' } },
      ],
    ],
  ]);
  expect(told).toEqual(['0 node3 firing', '0 node2 firing']);
});

test('a rule that is taken away resolves what fired by it', () => {
  const fired = step(NOTHING, {
    rules: [ruleOf({ forSeconds: 0 })],
    observationsOf: () => [refused(5)],
    nowUs: T,
  });
  const { changes } = step(fired.states, { rules: [], observationsOf: () => null, nowUs: T + 1 });
  expect(changes).toMatchObject([{ state: 'resolved' }]);
});

test('a rise needs a usual value: without one nothing is claimed', () => {
  const rule = DEFAULT_RULES.find(({ kind }) => kind === 'extraHopShare');
  if (rule === undefined) throw new Error('no such rule');
  const share = (value: number, baseline: number | null): Observation => ({
    ...refused(0),
    ...{ kind: 'extraHopShare', value, count: 500, baseline },
  });
  const fires = (seen: Observation) =>
    play({ ...rule, forSeconds: 0 }, [[0, [seen]]]).told.length === 1;
  expect(fires(share(0.9, null))).toBe(false);
  expect(fires(share(0.6, 0.5))).toBe(false);
  expect(fires(share(0.6, 0.1))).toBe(true);
});

test('a latency that rises by a factor of almost nothing is nothing', () => {
  const slow = (value: number, baseline: number): Observation => ({
    ...refused(0),
    ...{ kind: 'hopLatency', value, count: 500, baseline },
  });
  const rule = ruleOf({ kind: 'hopLatency', forSeconds: 0 });
  expect(play(rule, [[0, [slow(90_000, 20_000)]]]).told).toEqual([]);
  expect(play(rule, [[0, [slow(9_000_000, 2_000_000)]]]).told).toHaveLength(1);
});

test('a silence hides nothing: the alert is shown as silenced while it lasts', () => {
  const { states } = play(ruleOf({ forSeconds: 0 }), [[0, [refused(5), refused(5, 'node2')]]]);
  const silence: Silence = {
    silenceId: 's',
    match: { rule: 'refused', node: 'node3' },
    startsAtUs: T,
    endsAtUs: T + 60 * SECOND,
    createdBy: 'me',
    comment: 'known',
    ...{ clusters: [], tenant: null, author: null },
  };
  const shown = (second: number) =>
    shownAlerts(states, [silence], T + second * SECOND).map((alert) => [
      alert.labels.node,
      alert.isSilenced,
    ]);
  expect(shown(30)).toEqual(
    expect.arrayContaining([
      ['node3', true],
      ['node2', false],
    ]),
  );
  expect(shown(60)).toEqual(
    expect.arrayContaining([
      ['node3', false],
      ['node2', false],
    ]),
  );
});
