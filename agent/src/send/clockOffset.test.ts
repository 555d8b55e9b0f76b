import { expect, test } from '@jest/globals';
import { ClockOffset } from './clockOffset.ts';

/** A collector that is `aheadUs` ahead; the way there and back, and its own time between. */
function stamps(aheadUs: number, thereUs: number, thinkUs: number, backUs: number) {
  const sentAtUs = 1_000_000_000;
  const receivedAtUs = sentAtUs + thereUs + aheadUs;
  const answeredAtUs = receivedAtUs + thinkUs;
  return { sentAtUs, receivedAtUs, answeredAtUs, heardAtUs: answeredAtUs - aheadUs + backUs };
}

test('the shortest round trip decides, and the truth lies within its error', () => {
  const clock = new ClockOffset();
  expect(clock.best).toBeNull();
  clock.note(stamps(500_000, 90_000, 5_000, 10_000));
  clock.note(stamps(500_000, 3_000, 70_000, 1_000));
  clock.note(stamps(500_000, 1_000, 0, 80_000));
  expect(clock.best).toEqual({ offsetUs: 501_000, errorUs: 3_000 });
});

test('a clock that was set between question and answer says nothing', () => {
  const clock = new ClockOffset();
  clock.note({ sentAtUs: 2_000, receivedAtUs: 0, answeredAtUs: 0, heardAtUs: 1_000 });
  expect(clock.best).toBeNull();
});
