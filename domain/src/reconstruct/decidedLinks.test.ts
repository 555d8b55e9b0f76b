import { expect, test } from '@jest/globals';
import { linkOf } from './builders.ts';
import { decidedLinks } from './threadEdges.ts';

const exchange = (n: number) => [
  linkOf('request', 1000 + n, n, null),
  linkOf('response', n, 1000 + n, null),
];
/** Enough to know that this process obeys the last read. */
const before = Array.from({ length: 60 }, (_, n) => exchange(100 + n)).flat();
const decisionOf = (upstream: number, links: Parameters<typeof decidedLinks>[0]) => {
  const [hash] = [linkOf('request', upstream, null, null).subject.isnPairHash];
  return decidedLinks([...before, ...links]).find((each) => each.upstream.isnPairHash === hash);
};
const burstOf = (id: number) => linkOf('response', id, null, null).subject;

test('a request link that names nobody: who got the answer asked, though that is not proven', () => {
  const links = [linkOf('request', 1050, null, null), linkOf('response', 50, 1050, null)];
  expect(decisionOf(1050, links)).toMatchObject({
    client: burstOf(50),
    edgeClass: 'B',
    isProven: false,
  });
});

test('a request link that names a client with another answer: who got this one asked', () => {
  const links = [
    ...exchange(50),
    linkOf('request', 1051, 50, null),
    linkOf('response', 51, 1051, null),
  ];
  expect(decisionOf(1051, links)).toMatchObject({ client: burstOf(51), isProven: false });
});

test('an answer that two clients got, or one that asked elsewhere, leaves the link open', () => {
  const twice = [
    linkOf('request', 1050, null, null),
    ...[50, 51].map((client) => linkOf('response', client, 1050, null)),
  ];
  expect(decisionOf(1050, twice)).toBeUndefined();
  const elsewhere = [
    linkOf('request', 1050, null, null),
    linkOf('request', 1051, 51, null),
    linkOf('response', 51, 1050, null),
  ];
  expect(decisionOf(1050, elsewhere)).toBeUndefined();
});

test('without a rule that is known to hold the answer alone decides nothing', () => {
  const links = [linkOf('request', 1050, null, null), linkOf('response', 50, 1050, null)];
  expect(decidedLinks(links)).toEqual([]);
});

/** nginx read the PROXY headers of 50, 51 and 52, then came back to 51, 52 and 50 for their requests. */
const CAME_BACK: readonly (readonly [client: number, oldest: number])[] = [
  [51, 50],
  [52, 51],
  [50, 52],
];
const cameBack = CAME_BACK.flatMap(([client, oldest]) => [
  linkOf('request', 1000 + client, client, oldest),
  linkOf('response', client, 1000 + client, null),
]);

test('two names: the measured rule of a program decides what both of its sides confirm', () => {
  for (const [client] of CAME_BACK)
    expect(decisionOf(1000 + client, cameBack)).toMatchObject({
      client: burstOf(client),
      edgeClass: 'A',
    });
});

test('two names at a program that nobody measured stay open until it showed which rule it obeys then', () => {
  const unmeasured = [...before, ...cameBack].map((link) => ({ ...link, process: 'relay' }));
  const isTwo = new Set(cameBack.map(({ subject }) => subject.isnPairHash));
  expect(decidedLinks(unmeasured).some(({ upstream }) => isTwo.has(upstream.isnPairHash))).toBe(
    false,
  );
});

test('two names whose measured rule the other side denies stay open', () => {
  const denied = [
    linkOf('request', 1051, 51, 50),
    linkOf('response', 50, 1051, null),
    linkOf('response', 51, 1050, null),
  ];
  expect(decisionOf(1051, denied)?.isProven ?? false).toBe(false);
});
