import { expect, test } from '@jest/globals';
import { type OverloadSigns, OverloadWatch } from './overloadWatch.ts';

const MARKS = { isOn: true, lagMs: 15_000, logShare: 0.9 };
const QUIET: OverloadSigns = { lagMs: 300, leftShare: 0, logShare: 0.1, waiting: 10, writes: 0 };

function setUp(marks = MARKS) {
  const said: string[] = [];
  const state = { nowMs: 100_000, writes: 0 };
  const say = (_: unknown, text?: string) => said.push(text ?? '');
  const watch = new OverloadWatch({
    marks,
    nowMs: () => state.nowMs,
    log: { info: say, warn: say },
    shedPaths: () => 0,
  });
  /** Looks for so many seconds, with an insert in each. */
  const look = (seconds: number, signs: Partial<OverloadSigns>) => {
    for (let turn = 0; turn < seconds * 4; turn++) {
      state.nowMs += 250;
      state.writes += turn % 4 === 0 ? 1 : 0;
      watch.look({ ...QUIET, writes: state.writes, ...signs });
    }
    return watch.exponent;
  };
  return { watch, look, said, state };
}

test.each([{ lagMs: 15_000 }, { leftShare: 0.4 }, { logShare: 0.9 }])(
  'each sign for itself makes an overload: %j',
  (sign) => {
    const { look, watch, said } = setUp();
    expect(look(1, sign)).toBe(1);
    expect(look(20, sign)).toBe(10);
    expect(watch.warnings[0]).toMatch(/^overload: one in 1024 /);
    expect(said).toHaveLength(1);
  },
);

test('while what waits becomes less, the rate stays', () => {
  const { look } = setUp();
  expect(look(2, { lagMs: 20_000, waiting: 1000 })).toBe(2);
  let waiting = 1000;
  for (let turn = 0; turn < 10; turn++) {
    waiting -= 10;
    expect(look(1, { lagMs: 20_000 + turn * 1000, waiting })).toBe(2);
  }
});

test('without an insert since the last step nobody knows what it brought', () => {
  const { look } = setUp();
  expect(look(1, { lagMs: 20_000 })).toBe(1);
  expect(look(30, { lagMs: 60_000, writes: 1 })).toBe(1);
});

test('between the marks nothing changes; below, step by step, and sooner up than down again', () => {
  const { look, said } = setUp();
  look(3, { lagMs: 20_000 });
  expect(look(100, { lagMs: 12_000 })).toBe(3);
  expect(look(9, {})).toBe(3);
  expect(look(2, {})).toBe(2);
  // It did not hold: next time it has to be calm for twice as long.
  expect(look(1, { lagMs: 20_000 })).toBe(3);
  expect(look(19, {})).toBe(3);
  expect(look(2, {})).toBe(2);
  expect(look(60, {})).toBe(0);
  expect(said.at(-1)).toBe('overload is over: all paths are stored again');
  expect(said).toHaveLength(2);
});

test('a store that did not answer is no overload, nor is what waited for it', () => {
  const { look, watch } = setUp();
  for (let second = 0; second < 60; second++) {
    watch.storeFailed();
    expect(look(1, { lagMs: second * 1000 })).toBe(0);
  }
  expect(look(13, { lagMs: 60_000 })).toBe(0);
  expect(look(5, { lagMs: 60_000 })).toBeGreaterThan(0);
});

test('switched off, it looks away', () => {
  const { look, said } = setUp({ ...MARKS, isOn: false });
  expect(look(60, { lagMs: 600_000, leftShare: 1, logShare: 1 })).toBe(0);
  expect(said).toEqual([]);
});
