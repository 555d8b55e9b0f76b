import type { Alert } from '@hoptrace/domain/rest/alerts.ts';
import { expect, test } from '@jest/globals';
import { engineWith, REFUSED, scriptedStore, T_US } from '../testing/alerts.ts';
import type { Sink } from './sink.ts';

function listening() {
  const told: string[] = [];
  const sink: Sink = {
    name: 'test',
    tell: (_alerts, changes) => {
      told.push(...changes.map(({ ruleId, state }) => `${ruleId} ${state}`));
    },
    close: async () => {},
  };
  return { told, sink };
}
const statesOf = (alerts: readonly Alert[]) => alerts.map(({ state }) => state);

test('refused attempts fire at once and are resolved when they stop; receivers hear both, once', async () => {
  const store = scriptedStore();
  const { told, sink } = listening();
  const { engine, turn } = engineWith(store, { sinks: [sink] });
  await turn(1);
  store.refused = 5;
  await turn(2);
  await turn(2);
  expect(engine.alerts()).toMatchObject([
    { state: 'firing', value: 5, remedy: 'Run a Pod there.', pathId: 'path-1' },
  ]);
  store.refused = 0;
  await turn(2);
  expect(told).toEqual(['refused-connections firing', 'refused-connections resolved']);
});

test('a restart goes on where it was: the alert keeps its beginning, and who may not have heard hears again', async () => {
  const store = scriptedStore();
  store.refused = 5;
  const before = engineWith(store);
  await before.turn(0);
  const { told, sink } = listening();
  const after = engineWith(store, { sinks: [sink] });
  await after.turn(30);
  expect(after.engine.alerts()).toMatchObject([{ state: 'firing', startedAtUs: T_US }]);
  expect(told).toEqual(['refused-connections firing']);
  await after.turn(2);
  expect(told).toHaveLength(1);
});

test('what waited and was taken back does not fire after a restart as if it had gone on', async () => {
  const store = scriptedStore();
  const rules = [{ ...REFUSED, forSeconds: 60 }];
  const before = engineWith(store, { rules });
  store.refused = 5;
  await before.turn(0);
  expect(statesOf(before.engine.alerts())).toEqual(['pending']);
  store.refused = 0;
  await before.turn(2);
  store.refused = 5;
  const after = engineWith(store, { rules });
  await after.turn(100);
  expect(after.engine.alerts()).toMatchObject([
    { state: 'pending', startedAtUs: T_US + 100_000_000 },
  ]);
});

test('a store that is down resolves nothing; the alert is stale, the trouble is said once, and its end too', async () => {
  const store = scriptedStore();
  store.refused = 5;
  const { engine, turn, said, registry } = engineWith(store);
  await turn(0);
  store.isDown = true;
  await turn(100);
  await turn(100);
  expect(engine.alerts()).toMatchObject([{ state: 'firing', isStale: true }]);
  store.isDown = false;
  await turn(2);
  expect(engine.alerts()).toMatchObject([{ state: 'firing', isStale: false }]);
  expect(said).toEqual(['alerts could not be evaluated', 'alerts are evaluated again']);
  expect(await registry.metrics()).toContain('hoptrace_alert_evaluations_total{result="partly"} 2');
});

test('a store that may not be written to keeps nobody from being told, and is written when it can be', async () => {
  const store = scriptedStore();
  store.isReadOnly = true;
  store.refused = 5;
  const { told, sink } = listening();
  const { turn } = engineWith(store, { sinks: [sink] });
  await turn(0);
  expect(told).toEqual(['refused-connections firing']);
  store.isReadOnly = false;
  await turn(2);
  expect([...store.states.values()]).toMatchObject([{ state: 'firing' }]);
});

test('a silence keeps receivers quiet and hides nothing; when it ends early they are told what still changes', async () => {
  const store = scriptedStore();
  const { told, sink } = listening();
  const { engine, turn } = engineWith(store, { sinks: [sink] });
  await turn(0);
  const silence = {
    silenceId: 'a',
    match: { node: 'node3' },
    startsAtUs: T_US,
    endsAtUs: T_US + 3_600_000_000,
    createdBy: 'me',
    comment: 'drain',
    ...{ clusters: [], tenant: null, author: null },
  };
  await engine.setSilence(silence, { signal: new AbortController().signal });
  store.refused = 5;
  await turn(2);
  expect(engine.alerts()).toMatchObject([{ state: 'firing', isSilenced: true }]);
  expect(told).toEqual([]);
  const other = engineWith(store);
  await other.turn(3);
  expect(other.engine.silences()).toEqual([silence]);
});

test('values of rules are metrics, with their labels', async () => {
  const store = scriptedStore();
  store.refused = 5;
  const { turn, registry } = engineWith(store);
  await turn(0);
  const text = await registry.metrics();
  expect(text).toContain(
    'hoptrace_refused_connections{cluster="lab",namespace="shop",service="web",node="node3",cause="noLocalEndpoints"} 5',
  );
  expect(text).toContain(
    'hoptrace_alerts{rule="refused-connections",severity="critical",state="firing"} 1',
  );
  store.refused = 0;
  await turn(2);
  expect(await registry.metrics()).not.toContain('hoptrace_refused_connections{');
});
