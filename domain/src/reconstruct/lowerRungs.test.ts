import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Path } from '../rest/path.ts';
import {
  type ConnectionSpec,
  clusterOf,
  evidenceOf,
  legsOf,
  linkOf,
  pairHashOf,
} from './builders.ts';
import type { Context, Exchange, Leg, ProxyLink } from './evidence.ts';
import { exchangesOf, type RequestSpec } from './exchangeBuilders.ts';
import { reconstruct } from './reconstruct.ts';

const context: Context = clusterOf([
  { name: 'ingress', nodePort: 30080, endpoints: ['10.244.2.10:80@node2'] },
  { name: 'app', nodePort: 30090, endpoints: ['10.244.3.20:8080@node3'] },
]);

/** Client n ──► ingress Pod on node2. */
const clientOf = (n: number, startUs = 0): ConnectionSpec => {
  const tuple = `10.244.9.9:${40_000 + n} > 10.244.2.10:80`;
  return {
    id: 1000 + n,
    startUs: 1_790_000_000_000_000 + startUs,
    taps: [
      { node: 'node2', role: 'podVeth', direction: 'tx', tuple },
      { node: 'node2', role: 'pod', direction: 'rx', tuple },
    ],
  };
};

/** Ingress Pod on node2 ──► app Pod on node3. */
const upstreamOf = (n: number, startUs = 0): ConnectionSpec => {
  const tuple = `10.244.2.10:${51_000 + n} > 10.244.3.20:8080`;
  return {
    id: 5000 + n,
    startUs: 1_790_000_000_000_000 + startUs,
    taps: [
      { node: 'node2', role: 'pod', direction: 'tx', tuple },
      { node: 'node3', role: 'pod', direction: 'rx', tuple },
    ],
  };
};

const MS = 1_000_000;
type Record = Leg | Exchange | ProxyLink;
/** A client's request at `atNs`, and the upstream request inside it. */
const client = (n: number, request: Partial<RequestSpec> = {}): Record[] => [
  ...legsOf(clientOf(n)),
  ...exchangesOf(clientOf(n), { atNs: MS, workNs: 3 * MS, ...request }),
];
/** It connects half a millisecond after the client did; `atNs` counts from the client's start all the same. */
const LATER_US = 500;
const upstream = (n: number, request: Partial<RequestSpec> = {}): Record[] => {
  const { atNs = 1.2 * MS, workNs = 2 * MS } = request;
  const spec = upstreamOf(n, LATER_US);
  return [
    ...legsOf(spec),
    ...exchangesOf(spec, { ...request, workNs, atNs: atNs - LATER_US * 1000 }),
  ];
};

const pathsOf = (records: readonly Record[], own: Context = context): Path[] =>
  reconstruct(evidenceOf(...records), own);
/** `client port > upstream port`, of every path that has both. */
const linksOf = (paths: readonly Path[]): string[] =>
  paths
    .flatMap(({ hops }) => {
      const proxied = hops.find((hop) => hop.link != null);
      return proxied === undefined ? [] : [`${hops[0]?.from.port} > ${proxied.from.port}`];
    })
    .sort();
const codesOf = (paths: readonly Path[]) =>
  [...new Set(paths.flatMap(({ warnings }) => warnings.map(({ code }) => code)))].sort();

test('one request id on both sides of a proxy links them, class A, and names the request', () => {
  const paths = pathsOf([
    ...client(1, { requestId: 1 }),
    ...client(2, { requestId: 2 }),
    ...upstream(1, { requestId: 2 }),
    ...upstream(2, { requestId: 1 }),
  ]);
  expect(linksOf(paths)).toEqual(['40001 > 51002', '40002 > 51001']);
  const hop = paths[0]?.hops.find((each) => each.link != null);
  expect(hop).toMatchObject({ class: 'A', link: { method: 'requestId' } });
  expect(hop?.proxyTime).toMatchObject({ scope: 'request', burst: 1 });
});

test('an id that two clients sent links nothing, whatever the times, and the path says why', () => {
  const paths = pathsOf([
    ...client(1, { requestId: 1 }),
    ...client(2, { requestId: 1, atNs: 50 * MS }),
    ...upstream(1, { requestId: 1 }),
  ]);
  expect(linksOf(paths)).toEqual([]);
  expect(codesOf(paths)).toContain('requestIdRepeated');
});

test('one request that the proxy sent twice makes two paths that say so', () => {
  const paths = pathsOf([
    ...client(1, { requestId: 1, workNs: 9 * MS }),
    ...upstream(1, { requestId: 1 }),
    ...upstream(2, { requestId: 1, atNs: 4 * MS }),
  ]);
  expect(linksOf(paths)).toEqual(['40001 > 51001', '40001 > 51002']);
  expect(paths.every((path) => codesOf([path]).includes('requestRetried'))).toBe(true);
});

test('an upstream request with the id that lies outside of the client request is not its effect', () => {
  const paths = pathsOf([
    ...client(1, { requestId: 1 }),
    ...upstream(1, { requestId: 1, atNs: 20 * MS }),
  ]);
  expect(linksOf(paths)).toEqual([]);
});

test('a proxy whose machine is not watched: the id alone links, class B', () => {
  const far = (records: Record[]) => records.filter(({ node }) => node === 'node3');
  const [path] = pathsOf([
    ...client(1, { requestId: 1 }),
    ...far(upstream(1, { requestId: 1, atNs: 700 * MS })),
  ]);
  expect(path?.hops.find((hop) => hop.link != null)).toMatchObject({
    class: 'B',
    link: { method: 'requestId' },
  });
});

test("an id that contradicts the proxy's threads changes nothing, and the path says so", () => {
  const paths = pathsOf([
    ...client(1, { requestId: 1 }),
    ...client(2),
    ...upstream(1, { requestId: 1 }),
    linkOf('request', 5001, 1002, 1002),
    linkOf('response', 1002, 5001, 5001),
  ]);
  expect(linksOf(paths)).toEqual(['40002 > 51001']);
  expect(codesOf(paths)).toContain('proxyLinkContradicted');
});

test('a ClientHello that goes on unchanged links the connections; one that two sent does not', () => {
  const tls = (records: Record[]) =>
    records.map((each): Record => (each.kind === 'exchange' ? { ...each, protocol: 'tls' } : each));
  const one = pathsOf(tls([...client(1, { firstFlight: 1 }), ...upstream(1, { firstFlight: 1 })]));
  expect(one[0]?.hops.find((hop) => hop.link != null)).toMatchObject({
    class: 'A',
    link: { method: 'firstFlight' },
  });
  const two = pathsOf(
    tls([
      ...client(1, { firstFlight: 1 }),
      ...client(2, { firstFlight: 1 }),
      ...upstream(1, { firstFlight: 1 }),
    ]),
  );
  expect(linksOf(two)).toEqual([]);
});

test('streams of equal length link a connection in TCP mode, unless a second one is as long', () => {
  const sized = (responseBytes: number) => ({ requestBytes: 333, responseBytes });
  const apart = [...client(1, sized(1111)), ...client(2, sized(2222)), ...upstream(1, sized(1111))];
  expect(linksOf(pathsOf(apart))).toEqual(['40001 > 51001']);
  expect(
    pathsOf(apart).flatMap(({ hops }) => hops.flatMap(({ link }) => link ?? [])),
  ).toMatchObject([{ method: 'byteCounters', confidence: 0.99 }]);
  const counted = pathsOf(apart).filter(({ hops }) => hops.some(({ link }) => link != null));
  expect(counted.every(({ completeness }) => completeness < 1)).toBe(true);
  expect(codesOf(counted)).toContain('proxyLinkUnproven');
  const twins = [...client(1, sized(1111)), ...client(2, sized(1111)), ...upstream(1, sized(1111))];
  expect(linksOf(pathsOf(twins))).toEqual([]);
});

/** Deterministic noise in 0 … 1. */
const noise = (seed: number) => {
  const x = Math.imul(seed ^ (seed >>> 15), 0x2c1b_3c6d);
  return ((Math.imul(x ^ (x >>> 12), 0x297a_2d39) ^ (x >>> 15)) >>> 0) / 2 ** 32;
};

/** Requests every `everyNs`, each 4 ms or so inside; sizes of their own, or all the same; gaps peaked or exponential. */
function busyProxy(count: number, everyNs: number, hasSizes: boolean, isPeaked = true): Record[] {
  return Array.from({ length: count }, (_, n) => n).flatMap((n) => {
    const gap = (seed: number) =>
      isPeaked ? 100_000 + 20_000 * noise(seed) : -MS * Math.log(1 - noise(seed));
    const atNs = MS + n * everyNs * (0.5 + noise(n));
    const [before, after] = [gap(n + 10_000), gap(n + 20_000)].map(Math.round) as [number, number];
    const workNs = Math.round(3 * MS * (0.5 + noise(n + 30_000)));
    const sizes = (added: number) => ({
      requestBytes: 200 + added,
      responseBytes: (hasSizes ? Math.floor(2000 * noise(n + 40_000)) : 900) + added,
    });
    return [
      ...client(n, { atNs: Math.round(atNs), workNs: before + workNs + after, ...sizes(24) }),
      // Seen at the proxy's tap one step before the app.
      ...upstream(n, {
        atNs: Math.round(atNs) + before + 10_000,
        workNs: workNs - 20_000,
        ...sizes(0),
      }),
    ];
  });
}

const whole: Context = { ...context, hasWholeWindow: true };
const isRight = (link: string) => {
  const [a = 0, b = 0] = link.split(' > ').map(Number);
  return a - 40_000 === b - 51_000;
};

test('times and sizes infer links of class C, and such a path is not complete', () => {
  const paths = pathsOf(busyProxy(60, 3 * MS, true), whole);
  const links = linksOf(paths);
  expect(links.length).toBeGreaterThan(50);
  expect(links.filter((link) => !isRight(link))).toEqual([]);
  const inferred = paths.filter(({ hops }) => hops.some((hop) => hop.link != null));
  expect(inferred.every((path) => path.class === 'C' && path.completeness < 1)).toBe(true);
  expect(inferred.every((path) => codesOf([path]).includes('linkInferred'))).toBe(true);
  const said = inferred.flatMap(({ warnings }) => warnings.map(({ text }) => text));
  expect(said.some((text) => text.includes('of such links 99.5 % are right'))).toBe(true);
  expect(said.filter((text) => text.includes('100.0 %'))).toEqual([]);
  expect(codesOf(paths)).not.toContain('proxyLinkUnproven');
  expect(inferred.every(({ confidence }) => confidence >= 0.89 && confidence < 1)).toBe(true);
});

test('exponential gaps and equal sizes: every assignment fits, so next to nothing is claimed', () => {
  const paths = pathsOf(busyProxy(120, 2 * MS, false, false), whole);
  const links = linksOf(paths);
  expect(links.filter((link) => !isRight(link)).length).toBeLessThanOrEqual(links.length * 0.1);
  expect(codesOf(paths)).toContain('timingNotConclusive');
});

test('more requests inside than the limit, too few to learn from, or a part of the window: nothing', () => {
  const busy = pathsOf(busyProxy(60, MS / 2, true), whole);
  const few = pathsOf(busyProxy(20, 3 * MS, true), whole);
  const part = pathsOf(busyProxy(60, 3 * MS, true));
  expect([busy, few, part].map(linksOf)).toEqual([[], [], []]);
  expect(codesOf(busy)).toContain('timingNotConclusive');
  expect(codesOf(few)).toContain('timingNotConclusive');
  expect(codesOf(part)).not.toContain('timingNotConclusive');
});

test('the same answer in any order', () => {
  const records = busyProxy(40, 3 * MS, true);
  const expected = JSON.stringify(pathsOf(records, whole));
  fc.assert(
    fc.property(fc.shuffledSubarray(records, { minLength: records.length }), (shuffled) => {
      expect(JSON.stringify(pathsOf(shuffled, whole)) === expected).toBe(true);
    }),
    { numRuns: 5 },
  );
});

test('a client behind a SYNPROXY has two ISN pairs, and its one request is one origin of its id', () => {
  const [door, pod] = [
    '203.0.113.10:40001 > 192.168.50.12:30080',
    '203.0.113.10:40001 > 10.244.2.10:80',
  ];
  const spec: ConnectionSpec = {
    ...{ id: 1001, startUs: 1_790_000_000_000_000 },
    taps: [
      { node: 'node2', role: 'uplink', direction: 'rx', tuple: door },
      { node: 'node2', role: 'podVeth', direction: 'tx', tuple: pod, nat: [door, pod] },
      { node: 'node2', role: 'pod', direction: 'rx', tuple: pod },
    ],
  };
  // The second handshake begins once the first is done.
  const behind = <T extends Leg | Exchange>(record: T, index: number): T =>
    index === 0 ? record : { ...record, isnPairHash: pairHashOf(99), startUs: record.startUs + 90 };
  const request = { atNs: MS, workNs: 3 * MS, requestId: 1 };
  const paths = pathsOf([
    ...legsOf(spec).map((leg, index) => behind(leg, index)),
    ...exchangesOf(spec, request).map((exchange, index) => behind(exchange, index)),
    ...upstream(1, { requestId: 1 }),
  ]);
  expect(codesOf(paths)).toContain('synproxy');
  expect(codesOf(paths)).not.toContain('requestIdRepeated');
  const [linked] = paths.flatMap(({ hops }) => hops.flatMap(({ link }) => link ?? []));
  expect(linked).toMatchObject({ method: 'requestId' });
});
