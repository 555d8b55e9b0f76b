import { expect, test } from '@jest/globals';
import { staleFiles } from '../scenarios/adversarial/generate.ts';
import { runScenario, scenarioIds } from '../scenarios/adversarial.ts';
import { KNOWN_WRONG } from '../scenarios/knownWrong.ts';

const [wrong, right] = [true, false].map((isWrong) =>
  scenarioIds().filter((id) => id in KNOWN_WRONG === isWrong),
);

test.each(right ?? [])('adversarial scenario %s', (id) => {
  expect(runScenario(id).reasons).toEqual([]);
});

test.each(wrong ?? [])('adversarial scenario %s is still wrong, as knownWrong.ts says', (id) => {
  expect(runScenario(id).reasons).not.toEqual([]);
});

test('every scenario of the reference has a folder', () => {
  const numbers = new Set(scenarioIds().map((id) => Number(id.slice(0, 2))));
  expect([...numbers]).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
});

test('the committed events are those that the builders make', () => {
  expect(staleFiles()).toEqual([]);
});
