import { expect, test } from '@jest/globals';
import { linkOf } from './builders.ts';
import { remember } from './proxyHistory.ts';
import { learnRules, settledRules } from './proxyRules.ts';
import type { ProxyHistory } from './ruleScores.ts';

const exchange = (n: number) => [
  linkOf('request', 1000 + n, n, n),
  linkOf('response', n, 1000 + n, 1000 + n),
];
const exchanges = (count: number) => Array.from({ length: count }, (_, n) => exchange(n)).flat();

test('evidence that grows counts once', () => {
  const first = remember(new Map(), exchanges(5));
  const grown = remember(first.history, exchanges(8), { before: [first.scored] });
  expect(grown.history.get('nginx')?.lastRead).toEqual({
    ...{ agreed: 8, opposed: 0, agreedAlone: 0, opposedAlone: 0 },
  });
});

test('a history settles something only once it is long enough', () => {
  const short = remember(new Map(), exchanges(19)).history;
  const long = remember(short, exchanges(1)).history;
  expect(settledRules(short)).not.toBe(settledRules(long));
  expect(settledRules(remember(long, exchanges(1)).history)).toBe(settledRules(long));
});

test('the number of programs is bounded, and those that are known go on', () => {
  const flood = Array.from({ length: 1200 }, (_, n) =>
    exchange(n).map((link) => ({ ...link, process: `p${n}`, pid: n })),
  ).flat();
  const { history } = remember(new Map(), flood);
  expect(history.size).toBe(1000);
  const known = [...history.keys()][0] ?? '';
  const more = exchange(1).map((link) => ({ ...link, process: known }));
  expect(remember(history, more).history.get(known)?.lastRead.agreed).toBe(2);
});

test('old links weigh less and less, and none is taken for more than it was', () => {
  const heavy = { agreed: 100_000, opposed: 0, agreedAlone: 0, opposedAlone: 0 };
  const before = new Map([['nginx', { lastRead: heavy, oldest: heavy }]]);
  const after = remember(before, exchanges(2)).history.get('nginx');
  expect(after?.lastRead.agreed).toBe(50_001);
});

test('images of one name are learned apart, and one that is new is taken for what its name says', () => {
  const images = new Map([['node1|1', 'proxy@sha256:aa']]);
  const [link] = exchange(1);
  if (link === undefined) throw new Error('no link');
  const here = { ...link, node: 'node1', netns: 1 };
  const elsewhere = { ...link, node: 'node2', netns: 1 };
  const byName = remember(new Map(), exchanges(25)).history;
  const rulesOf = (of: typeof link, proxyHistory: ProxyHistory) =>
    learnRules([], { proxyHistory, images }).reliableRules(of);
  expect(rulesOf(here, byName)).toContain('lastRead');
  const bad = { agreed: 0, opposed: 40, agreedAlone: 0, opposedAlone: 0 };
  const both = new Map([
    ...byName,
    ['nginx@proxy@sha256:aa', { lastRead: bad, oldest: bad }] as const,
  ]);
  expect(rulesOf(here, both)).toEqual([]);
  expect(rulesOf(elsewhere, both)).toContain('lastRead');
  const moved = exchanges(3).map((each) => ({ ...each, node: 'node1', netns: 1 }));
  expect([...remember(new Map(), moved, { images }).history.keys()]).toEqual([
    'nginx@proxy@sha256:aa',
  ]);
});
