import { expect, test } from '@jest/globals';
import { linkOf, pairHashOf } from './builders.ts';
import type { Connection } from './connection.ts';
import type { ProxyLink } from './evidence.ts';
import { remember } from './proxyHistory.ts';
import { threadEdges } from './threadEdges.ts';

const connectionOf = (id: number): Connection => ({
  ...{ key: `${id}`, pairHashes: [pairHashOf(id)], legs: [], refusal: null, proxyHeader: null },
  ...{ joinClass: 'A', warnings: [] },
});
const connections = Array.from({ length: 12 }, (_, id) => connectionOf(id));

const by = (process: string, links: readonly ProxyLink[], afterUs = 0): ProxyLink[] =>
  links.map((link) => ({ ...link, process, startUs: link.startUs + afterUs }));
const both = (client: number, upstream: number) => [
  linkOf('request', upstream, client, client),
  linkOf('response', client, upstream, upstream),
];
/** So many requests on which both sides agree that one side is enough. */
const regular = Array.from({ length: 25 }, (_, n) => both(300 + n, 200 + n)).flat();

const edgesOf = (links: readonly ProxyLink[]) =>
  threadEdges(connections, links).edges.map(
    ({ inboundKey, outboundKey, edgeClass, isProven }) =>
      `${inboundKey} > ${outboundKey} ${edgeClass} ${isProven ? 'proven' : 'strong'}`,
  );

/**
 * HAProxy reads client 1, which sends two requests at once (to 5 and 6), and client 2, which sends one (to 7). The
 * queue holds 1 and 2: 6 takes client 2, and 7 finds nobody waiting.
 */
const shifted = [
  linkOf('request', 5, 2, 1),
  linkOf('request', 6, 2, 2),
  linkOf('response', 2, 6, 6),
];
const unawaited = linkOf('request', 7, 2, null);

test('HAProxy: where a request was sent for which nobody waited, both rules on both sides are no proof', () => {
  const inStep = by('haproxy', [...shifted, ...regular]);
  expect(edgesOf(inStep)).toContain('2 > 6 A proven');
  const outOfStep = [...inStep, ...by('haproxy', [unawaited])];
  expect(edgesOf(outOfStep)).toContain('2 > 6 B strong');
  const longBefore = [...inStep, ...by('haproxy', [unawaited], -20_000_000)];
  expect(edgesOf(longBefore)).toContain('2 > 6 A proven');
});

test('HAProxy out of step: what two clients claim, or two rules dispute, stays open', () => {
  const claimed = [...shifted, unawaited, linkOf('response', 1, 6, 5), ...regular];
  const { edges, ambiguous } = threadEdges(connections, by('haproxy', claimed));
  expect(edges).toEqual([]);
  expect([...ambiguous.keys()].sort()).toEqual(['5', '6', '7']);
});

test('nginx reads one client at a time: each request of a burst finds its client', () => {
  const links = by('nginx', [
    linkOf('request', 5, 1, 1),
    linkOf('request', 6, 1, null),
    linkOf('request', 7, 1, null),
    linkOf('response', 1, 6, 6),
    ...regular,
  ]);
  expect(edgesOf(links)).toEqual(['1 > 5 B proven', '1 > 6 A proven', '1 > 7 B strong']);
});

/** The response of client 1 names what client 2 got: an answer of the proxy's own, if nothing else is known. */
const own = [...both(2, 6), linkOf('response', 1, 6, null)];
const isOwn = (links: readonly ProxyLink[], history: readonly ProxyLink[] = []) =>
  threadEdges(connections, links, {
    proxyHistory: remember(new Map(), history).history,
  }).selfAnswered.has('1');

test('SETTINGS before the answers: a client whom an open link names was not answered by the proxy alone', () => {
  const open = by('haproxy', [linkOf('request', 5, 1, 4), linkOf('response', 1, 6, null)]);
  expect(isOwn(by('haproxy', [...own, ...regular]))).toBe(true);
  expect(isOwn([...by('haproxy', [...own, ...regular]), ...open])).toBe(false);
});

test('one connection to a backend with two bursts for one of a client: it may carry more that has no link', () => {
  const second = {
    ...linkOf('request', 6, 2, null),
    subject: { isnPairHash: pairHashOf(6), burst: 2 },
  };
  for (const program of ['nginx', 'haproxy', 'envoy']) {
    expect(isOwn(by(program, [...own, ...regular]))).toBe(true);
    expect(isOwn(by(program, [...own, second, ...regular]))).toBe(false);
    // What the program showed before counts as well.
    const before = by(program, [...both(2, 6), second]);
    expect(isOwn(by(program, [...own, ...regular]), before)).toBe(false);
  }
});

test('of a program that was out of step before no answer is known to be its own; nginx, which has no queue, is spared', () => {
  const before = (program: string) => by(program, [...regular, unawaited]);
  expect(isOwn(by('haproxy', [...own, ...regular]), before('haproxy'))).toBe(false);
  expect(isOwn(by('nginx', [...own, ...regular]), before('nginx'))).toBe(true);
});
