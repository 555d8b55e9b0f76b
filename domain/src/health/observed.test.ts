import { expect, test } from '@jest/globals';
import type { HealthState } from '../wire/healthChecks.ts';
import { check, version } from './builders.ts';
import { observedThrough } from './observed.ts';

const told = (checks: Parameters<typeof observedThrough>[0], toUs: number) =>
  observedThrough(checks, { fromUs: 0, toUs }).map(({ fromUs, value }) => [fromUs, value.health]);

test('a state holds from its first probe to its last; between two probes that differ nothing is known', () => {
  const checks = [
    version(check('healthy'), 10, 30, { earliestToUs: 25 }),
    version(check('unhealthy'), 30, Number.POSITIVE_INFINITY, { earliestToUs: 50 }),
  ];
  expect(told(checks, 100)).toEqual([
    [0, 'unknown'],
    [10, 'healthy'],
    [25, 'unknown'],
    [30, 'unhealthy'],
    [50, 'unknown'],
  ]);
});

test('two that contradict each other are both not believed', () => {
  const checks = [version(check('healthy'), 0, 50), version(check('unhealthy'), 20, 30)];
  expect(told(checks, 40)).toEqual([
    [0, 'healthy'],
    [20, 'unknown'],
    [30, 'healthy'],
  ]);
});

test('however probes are lost, nothing is said healthy where no probe said so within the time around it', () => {
  for (let seed = 1; seed < 200; seed += 1) {
    let random = seed;
    const next = (below: number) => {
      random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
      return random % below;
    };
    const probes: { atUs: number; state: HealthState }[] = [];
    for (let atUs = next(5); atUs < 100; atUs += 1 + next(9))
      probes.push({ atUs, state: next(3) === 0 ? 'unhealthy' : 'healthy' });
    const checks = probes.map(({ atUs, state }, index) =>
      version(check(state), atUs, probes[index + 1]?.atUs ?? Number.POSITIVE_INFINITY, {
        earliestToUs: atUs + 1,
      }),
    );
    for (const { fromUs, toUs, value } of observedThrough(checks, { fromUs: 0, toUs: 120 }))
      for (let us = fromUs; us < toUs; us += 1) {
        const probe = probes.find(({ atUs }) => atUs === us);
        expect(value.health).toBe(probe?.state ?? 'unknown');
      }
  }
});
