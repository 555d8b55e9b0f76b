import { expect, test } from '@jest/globals';
import type { Hop } from './model.ts';
import { formatBytes, trafficText } from './trafficWords.ts';

const hopOf = (traffic: Hop['traffic']) => ({ traffic }) as Hop;

test('bytes have three digits, and never four before a unit', () => {
  const shown = [0, 999, 1000, 999_499, 999_500, 1_500_000, 9e14].map(formatBytes);
  expect(shown).toEqual([...['0 B', '999 B', '1.00 kB', '999 kB', '1.00 MB', '1.50 MB', '900 TB']]);
});

test('a hop says what it carried, what was sent again and who closed it', () => {
  expect(trafficText(hopOf(undefined))).toBeNull();
  const quiet = {
    clientBytes: 77,
    serverBytes: 1_500_000,
    clientRetransmits: 0,
    serverRetransmits: 0,
  };
  expect(trafficText(hopOf({ ...quiet, closed: 'finByClient' }))).toBe(
    '77 B there, 1.50 MB back · closed by the client (FIN)',
  );
  expect(trafficText(hopOf({ ...quiet, serverRetransmits: 3, closed: 'resetByServer' }))).toBe(
    '77 B there, 1.50 MB back · 3 segments sent again or late (all of the server) · reset by the server (RST)',
  );
  expect(
    trafficText(hopOf({ ...quiet, serverBytes: null, clientRetransmits: 1, closed: 'open' })),
  ).toBe(
    '77 B there, what came back is not known · 1 segment sent again or late (all of the client) · open when it was told',
  );
});
