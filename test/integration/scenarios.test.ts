import { expect, test } from '@jest/globals';
import { staleFiles } from '../scenarios/adversarial/generate.ts';
import { runScenario, scenarioIds } from '../scenarios/adversarial.ts';

test.each(scenarioIds())('adversarial scenario %s', (id) => {
  expect(runScenario(id).reasons).toEqual([]);
});

test('every scenario of the reference has a folder', () => {
  const numbers = new Set(scenarioIds().map((id) => Number(id.slice(0, 2))));
  expect([...numbers]).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
});

test('the committed events are those that the builders make', () => {
  expect(staleFiles()).toEqual([]);
});
