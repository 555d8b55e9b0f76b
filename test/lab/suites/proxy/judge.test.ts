import type { LegRecord, ProxyLinkRecord, Sourced } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import { judgeLinks } from './judge.ts';
import { parseAppLog } from './truth.ts';

const T0_US = 1_760_000_000_000_000;
const PORTS = { proxy: 8_101, app: 8_090 };
const sender = { cluster: 'lab', node: 'node1', bootId: 'boot-one' };
const tap = { netns: 1, ifindex: 2, role: 'pod', synDirection: 'rx' } as const;
let seq = 0;

/** Connection n: client port 40000 + n to the proxy, or upstream port 50000 + n to the app. */
const hashOf = (kind: 'client' | 'upstream', n: number) =>
  (n + (kind === 'client' ? 0x1000 : 0x2000)).toString(16).padStart(16, '0');

function legOf(kind: 'client' | 'upstream', n: number, atUs: number): Sourced<LegRecord> {
  const [port, to] = kind === 'client' ? [40_000 + n, PORTS.proxy] : [50_000 + n, PORTS.app];
  const isnPairHash = hashOf(kind, n);
  return {
    ...{ kind: 'leg', ...sender, seq: seq++, startUs: atUs, tap, original: null, reply: null },
    tuple: { src: { ip: '10.244.2.20', port }, dst: { ip: '10.244.1.10', port: to } },
    ...{ clientIsnHash: isnPairHash, serverIsnHash: isnPairHash, isnPairHash, synTtl: 64 },
    ...{ synCount: 1, synNs: 0, synAckNs: 1, ackNs: 2, firstRequestNs: null, legId: seq },
    ...{ firstResponseNs: null, endNs: null, end: 'open', revision: 0 },
  };
}

function linkOf(
  side: 'request' | 'response',
  [subject, cause]: readonly [string, string],
  atUs: number,
): Sourced<ProxyLinkRecord> {
  const ref = (isnPairHash: string) => ({ isnPairHash, burst: 1 });
  return {
    ...{ kind: 'proxyLink', ...sender, seq: seq++, startUs: atUs, netns: 1, pid: 42, side },
    ...{ subject: ref(subject), lastRead: ref(cause), oldest: ref(cause), process: 'nginx' },
  };
}

/** `count` requests, the n-th on client connection n; `upstreamOf`: which upstream carried it. */
function scene(count: number, upstreamOf: (n: number) => number) {
  const all = Array.from({ length: count }, (_, n) => n);
  const atUs = (n: number) => T0_US + n * 10_000;
  return {
    observed: {
      legs: all.flatMap((n) => [legOf('client', n, atUs(n)), legOf('upstream', n, atUs(n) + 10)]),
      links: all.flatMap((n) => {
        const [client, upstream] = [hashOf('client', n), hashOf('upstream', upstreamOf(n))];
        return [
          linkOf('request', [upstream, client], atUs(n) + 2000),
          linkOf('response', [client, upstream], atUs(n) + 5000),
        ];
      }),
    },
    truth: {
      client: all.map((n) => ({
        ...{ id: `r-${n}`, path: '/app', port: 40_000 + n, openedAtUs: atUs(n), status: 200 },
        ...{ sentAtUs: atUs(n) + 1000, doneAtUs: atUs(n) + 6000 },
      })),
      app: all.map((n) => ({
        ...{ id: `r-${n}`, path: '/app', peerPort: 50_000 + n, acceptedAtUs: atUs(n) + 20 },
        number: 1,
      })),
    },
  };
}

test('claims that the logs confirm are right', () => {
  const { observed, truth } = scene(3, (n) => n);
  expect(judgeLinks(observed, truth, PORTS)).toMatchObject({
    ...{ truths: 3, claims: 3, right: 3, wrong: [], missing: [] },
  });
});

test('claims of swapped upstreams are wrong, though both sides of the agent agree', () => {
  const { observed, truth } = scene(3, (n) => [1, 0, 2][n] ?? n);
  expect(judgeLinks(observed, truth, PORTS)).toMatchObject({
    ...{ truths: 3, claims: 3, right: 1 },
    wrong: ['r-1 /app: said r-0', 'r-0 /app: said r-1'],
  });
});

test('an upstream request without a claim is missing, not wrong', () => {
  const { observed, truth } = scene(2, (n) => n);
  const links = observed.links.filter(
    ({ subject }) => subject.isnPairHash !== hashOf('upstream', 1),
  );
  expect(judgeLinks({ ...observed, links }, truth, PORTS)).toMatchObject({
    ...{ truths: 2, claims: 1, right: 1, missing: ['r-1 /app'] },
  });
});

test('the log of the app: an unfinished last line is left for the next reading', () => {
  expect(parseAppLog('r-1 /app 10.244.1.10:40001 1760000000000000 3\nr-2 /app 10.2')).toEqual([
    { id: 'r-1', path: '/app', peerPort: 40_001, acceptedAtUs: 1_760_000_000_000_000, number: 3 },
  ]);
});
