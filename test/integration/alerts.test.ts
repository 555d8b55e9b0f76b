/** Alerts over a real ClickHouse: what paths and heartbeats say fires, is resolved, and survives a restart. */
import { type AlertStore, clickhouseAlertStore } from '@hoptrace/api/alerts/alertStore.ts';
import { engineWith } from '@hoptrace/api/testing/alerts.ts';
import { DEFAULT_RULES } from '@hoptrace/domain/alerts/defaultRules.ts';
import type { Alert, AlertRule } from '@hoptrace/domain/rest/alerts.ts';
import type { Path, SourceScenario } from '@hoptrace/domain/rest/path.ts';
import { insertHeartbeat } from '@hoptrace/store/inserts/insertHeartbeat.ts';
import { insertPaths } from '@hoptrace/store/inserts/insertPaths.ts';
import { rollUpHour, rollUpMinutes } from '@hoptrace/store/rollups/rollUp.ts';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startTestStore, type TestStore } from './embedded.ts';
import { refusedPath, samplePath } from './storeSamples.ts';

jest.setTimeout(120_000);
let fixture: TestStore;
let store: AlertStore;
beforeAll(async () => {
  fixture = await startTestStore();
  store = clickhouseAlertStore(fixture.store);
}, 120_000);
afterAll(() => fixture.stop(), 60_000);

const SECOND = 1_000_000;
/** Each test has a day of its own, and so no traffic of others. */
const dayOf = (day: number) => (1_790_035_200 + day * 3 * 86_400) * SECOND;
const ruleOf = (id: string, more: Partial<AlertRule> = {}): AlertRule => {
  const rule = DEFAULT_RULES.find((each) => each.id === id);
  if (rule === undefined) throw new Error(`no rule ${id}`);
  return { ...rule, ...more };
};
const shown = (alerts: readonly Alert[]) =>
  alerts.map(({ ruleId, state, labels, value }) => [ruleId, state, labels.node, value]);

const refusedAt = (startedAtUs: number, tail: number, more: Partial<Path> = {}) => ({
  ...refusedPath({ startedAtUs, tail }),
  ...more,
});

test('refused attempts fire by service, node and cause; a newer version that was served is none', async () => {
  const at = dayOf(0);
  const refused = [1, 2, 3, 4].map((tail) => refusedAt(at - tail * SECOND, tail));
  await insertPaths(fixture.store, refused, 'refused');
  const { engine, turn, clock } = engineWith(store, { rules: [ruleOf('refused-connections')] });
  clock.us = at;
  await turn(0);
  const [alert] = engine.alerts();
  expect(alert).toMatchObject({
    state: 'firing',
    value: 4,
    pathId: refused[0]?.pathId,
    remedy: refused[0]?.refusal?.remedy,
    labels: { cause: refused[0]?.refusal?.cause, node: refused[0]?.refusal?.node },
  });
  const late = refused.slice(0, 2).map((path): Path => {
    return { ...path, version: path.version + 1, outcome: 'served', refusal: null };
  });
  await insertPaths(fixture.store, late, 'served after all');
  await turn(31);
  expect(shown(engine.alerts())).toEqual([
    ['refused-connections', 'resolved', alert?.labels.node, 4],
  ]);
  const again = engineWith(store, { rules: [ruleOf('refused-connections')] });
  again.clock.us = at + 40 * SECOND;
  await again.turn(0);
  expect(again.engine.alerts()).toMatchObject([
    { state: 'resolved', alertId: alert?.alertId, startedAtUs: at },
  ]);
});

/** Requests a minute long from `fromS` on, so many with an extra hop, with this verdict on the client's address. */
async function traffic(
  fromUs: number,
  shape: { minutes: number; perMinute: number; extra: number; scenario: SourceScenario },
) {
  const { minutes, perMinute, extra, scenario } = shape;
  const paths = Array.from({ length: minutes * perMinute }, (_, index): Path => {
    const startedAtUs = fromUs + Math.floor(index / perMinute) * 60 * SECOND + (index % perMinute);
    return {
      ...samplePath({ startedAtUs, tail: index }),
      extraHops: index % perMinute < extra ? 1 : 0,
      sourceVerdict: {
        ...{ scenario, text: '', clientSeenBy: [], believable: null, remedy: '' },
      },
    };
  });
  await insertPaths(fixture.store, paths, `traffic ${fromUs}`);
  const fromS = fromUs / SECOND;
  await rollUpMinutes(fixture.store, { fromS, toS: fromS + minutes * 60 });
}

test('shares are compared with the day before: a rise fires, a habit does not, and nothing is said without a habit', async () => {
  const rules = ['extra-hops-risen', 'client-address-lost'].map((id) =>
    ruleOf(id, { forSeconds: 0 }),
  );
  const at = dayOf(1);
  const usual = { minutes: 5, perMinute: 100, extra: 50, scenario: 'preservedByLocal' } as const;
  await traffic(at, usual);
  const first = engineWith(store, { rules });
  first.clock.us = at + 300 * SECOND;
  await first.turn(0);
  expect(first.engine.alerts()).toEqual([]);

  await rollUpHour(fixture.store, at / SECOND);
  const later = at + 5 * 3600 * SECOND;
  await traffic(later, usual);
  const habit = engineWith(store, { rules });
  habit.clock.us = later + 299 * SECOND;
  await habit.turn(0);
  expect(habit.engine.alerts()).toEqual([]);

  const evening = at + 10 * 3600 * SECOND;
  await traffic(evening, { ...usual, extra: 90, scenario: 'rewrittenByCluster' });
  const risen = engineWith(store, { rules });
  risen.clock.us = evening + 299 * SECOND;
  await risen.turn(0);
  expect(risen.engine.alerts()).toMatchObject([
    { ruleId: expect.any(String), state: 'firing' },
    { ruleId: expect.any(String), state: 'firing' },
  ]);
  const values = new Map(risen.engine.alerts().map((alert) => [alert.kind, alert]));
  expect(values.get('extraHopShare')).toMatchObject({ value: 0.9, baseline: 0.5, count: 500 });
  expect(values.get('clientAddressLost')).toMatchObject({ value: 1, baseline: 0 });
});

test('an agent that falls silent, and one that loses evidence, are told of', async () => {
  const at = dayOf(3);
  const heartbeat = (node: string, seenUs: number, unsentRecords: number) =>
    insertHeartbeat(fixture.store, {
      ...{ cluster: 'c1', node, bootId: 'boot-1', seenUs, addresses: [], facts: null },
      losses: { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords, ringRefusals: 0 },
    });
  await heartbeat('quiet', at - 60 * SECOND, 0);
  await heartbeat('well', at - 5 * SECOND, 0);
  await heartbeat('leaky', at - 5 * SECOND, 7);
  const { engine, turn, clock } = engineWith(store, {
    rules: [ruleOf('agent-silent'), ruleOf('evidence-lost')],
  });
  clock.us = at;
  await turn(0);
  const own = engine.alerts().filter(({ state }) => state === 'firing');
  expect(shown(own).sort()).toEqual([
    ['agent-silent', 'firing', 'quiet', 60],
    ['evidence-lost', 'firing', 'leaky', 7],
  ]);
});

test('silences are kept, and gone when they ended', async () => {
  const signal = new AbortController().signal;
  const { engine, clock, turn } = engineWith(store);
  await turn(0);
  const silence = {
    silenceId: '7b0c7f0e-6a54-4b3c-9f5e-0b6f3a1d2c11',
    match: { node: 'node3' },
    startsAtUs: clock.us,
    endsAtUs: clock.us + 60 * SECOND,
    createdBy: 'me',
    comment: 'drained',
    ...{ clusters: [], tenant: null, author: null },
  };
  await engine.setSilence(silence, { signal });
  const other = engineWith(store);
  await other.turn(1);
  expect(other.engine.silences()).toEqual([silence]);
  clock.us += SECOND;
  await engine.setSilence({ ...silence, endsAtUs: clock.us }, { signal });
  const third = engineWith(store);
  await third.turn(2);
  expect(third.engine.silences()).toEqual([]);
});
