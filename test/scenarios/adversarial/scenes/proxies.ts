/** Scenarios at a proxy: which inbound request caused which upstream request. */
import { appAt, ingressAt, onlyPod } from './cluster.ts';
import type { ConnectionSpec, TapSpec } from './connection.ts';
import type { Scenario } from './scenario.ts';
import { type LinkSpec, newScene, type Scene } from './scene.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
const HAPROXY = { process: 'haproxy', pid: 50 };

/** A client at the ingress Pod on node2, seen where it enters the node and by the Pod's tap. */
export function inbound(scene: Scene, id: string, port: number, atUs: number): ConnectionSpec {
  const tuple = `203.0.113.10:${port} > ${ingressAt(2)}`;
  const entry: TapSpec = { node: 'node2', role: 'uplink', direction: 'rx', tuple };
  const taps = [entry, ...onlyPod(2, tuple, 'rx')];
  return scene.connect({ id, atUs, taps, lifeUs: 900_000 });
}

/** The ingress Pod to an app on the same node, seen by the app's tap alone. */
export function upstream(
  scene: Scene,
  id: string,
  port: number,
  atUs: number,
  to = appAt(2),
): ConnectionSpec {
  const node = Number(to.split('.')[2]);
  const taps = onlyPod(node, `10.244.2.10:${port} > ${to}`, 'rx').map((tap) => ({
    ...tap,
    netns: 4,
  }));
  return scene.connect({ id, atUs, taps, lifeUs: 800_000 });
}

interface Pairs {
  readonly count: number;
  readonly prefix?: string;
  readonly firstPort?: number;
  readonly stepUs?: number;
}

/** `count` requests of which each has its own connections: prefix + `c0` causes prefix + `u0`. */
function pairs(
  scene: Scene,
  { count, prefix = '', firstPort = 40_000, stepUs = 100 }: Pairs,
): void {
  for (const n of numbers(count)) {
    const from = inbound(scene, `${prefix}c${n}`, firstPort + n, n * stepUs);
    const to = upstream(scene, `${prefix}u${n}`, firstPort + 10_000 + n, n * stepUs + 400);
    scene.happened(`${prefix}${n}`, from, to);
  }
}

/** One event loop: reads a batch of clients, then connects for them in order. `oldest` is right, `lastRead` is the last. */
function batched(
  scene: Scene,
  prefix: string,
  first: number,
  size: number,
  part: Partial<LinkSpec>,
): void {
  const last = first + size - 1;
  for (const n of numbers(size).map((index) => first + index)) {
    const atUs = n * 100;
    scene.link({
      side: 'request',
      subject: `${prefix}u${n}`,
      lastRead: `${prefix}c${last}`,
      oldest: `${prefix}c${n}`,
      atUs,
      ...part,
    });
    scene.link({
      side: 'response',
      subject: `${prefix}c${n}`,
      lastRead: `${prefix}u${last}`,
      oldest: `${prefix}u${n}`,
      atUs: atUs + 900,
      ...part,
    });
  }
}

function haproxyBatches(): Scene {
  const scene = newScene();
  pairs(scene, { count: 128 });
  for (const batch of numbers(8)) batched(scene, '', batch * 16, 16, HAPROXY);
  return scene;
}

/** nginx: sub-requests, delayed requests, slow bodies, and answers of its own. */
function nginxHardCases(): Scene {
  const scene = newScene();
  const [auth, slow, delayed] = [
    inbound(scene, 'auth', 40_000, 0),
    inbound(scene, 'slow', 40_001, 50),
    inbound(scene, 'delayed', 40_002, 90),
  ];
  const check = upstream(scene, 'check', 50_000, 300, '10.244.1.30:9000');
  const app = upstream(scene, 'app', 50_001, 800);
  const slowUp = upstream(scene, 'slow-up', 50_002, 5_000);
  const delayedUp = upstream(scene, 'delayed-up', 50_003, 9_000);
  // The oldest waiting request is never the right one here but for the first.
  const request = (subject: string, lastRead: string, oldest: string, atUs: number) =>
    scene.link({ side: 'request', subject, lastRead, oldest, atUs });
  request('check', 'auth', 'auth', 400);
  request('app', 'auth', 'slow', 900);
  request('slow-up', 'slow', 'delayed', 5_100);
  request('delayed-up', 'delayed', 'slow', 9_100);
  for (const [subject, up] of [
    ['auth', 'app'],
    ['slow', 'slow-up'],
    ['delayed', 'delayed-up'],
  ] as const)
    scene.link({ side: 'response', subject, lastRead: up, oldest: null, atUs: 20_000 });
  scene.happened('auth-check', auth, check);
  scene.happened('auth-app', auth, app);
  scene.happened('slow', slow, slowUp);
  scene.happened('delayed', delayed, delayedUp);
  // Answered by nginx itself: what it read last from upstream is somebody else's.
  for (const n of numbers(3)) {
    const local = inbound(scene, `local${n}`, 40_010 + n, 10_000 + n * 100);
    scene.link({
      side: 'response',
      subject: `local${n}`,
      lastRead: 'app',
      oldest: null,
      atUs: 10_500 + n * 100,
    });
    scene.happened(`local${n}`, local);
  }
  return scene;
}

/** Only the rule that is wrong for HAProxy was recorded; beside it a HAProxy whose links carry both. */
function wrongRule(): Scene {
  const scene = newScene();
  pairs(scene, { count: 8, prefix: 'one-' });
  batched(scene, 'one-', 0, 8, { ...HAPROXY, oldest: null });
  pairs(scene, { count: 8, prefix: 'both-', firstPort: 42_000 });
  batched(scene, 'both-', 0, 8, { ...HAPROXY, pid: 51 });
  return scene;
}

/** Go: goroutines change threads, so a rule may be wrong, and both may be wrong in the same way. */
function goProxy(): Scene {
  const scene = newScene();
  const part = { process: 'caddy', pid: 44 };
  pairs(scene, { count: 20, stepUs: 5 });
  const link = (
    side: 'request' | 'response',
    n: number,
    lastRead: number,
    oldest: number | null,
  ) => {
    const [own, other] = side === 'request' ? ['u', 'c'] : ['c', 'u'];
    const name = (value: number | null) => (value === null ? null : `${other}${value}`);
    scene.link({
      side,
      subject: `${own}${n}`,
      lastRead: name(lastRead),
      oldest: name(oldest),
      atUs: 500 + n,
      ...part,
    });
  };
  for (const n of numbers(10)) {
    link('request', n, n, n);
    link('response', n, n, n);
  }
  for (const n of [10, 11, 12, 13]) {
    link('request', n, n, 9 + (n % 4));
    link('response', n, n, 0);
  }
  // Wrong on the request side, and nothing confirms it.
  for (const n of [14, 15, 16]) {
    link('request', n, n === 16 ? 14 : n + 1, 0);
    link('response', n, n, 0);
  }
  // Both rules name the same wrong request; the responses contradict.
  for (const n of [17, 18, 19]) {
    const wrong = n === 19 ? 17 : n + 1;
    link('request', n, wrong, wrong);
    link('response', n, n, n);
  }
  return scene;
}

/** No thread was watched: all there is are times and sizes, and they fit any pairing. */
function timingOnly(): Scene {
  const scene = newScene();
  for (const n of numbers(8)) {
    const from = inbound(scene, `c${n}`, 40_000 + n, n * 7);
    const to = upstream(scene, `u${n}`, 50_000 + n, n * 7 + 400);
    scene.exchange(from, { atUs: 1_000 + n * 7, workUs: 2_000 });
    scene.exchange(to, { atUs: 1_400 + n * 7, workUs: 1_000 });
    scene.happened(`${n}`, from, to);
  }
  return scene;
}

/** A retry is one request with two upstream connections; two clients with the same id are two requests. */
function retries(): Scene {
  const scene = newScene();
  const from = inbound(scene, 'retried', 40_000, 0);
  const firstTry = upstream(scene, 'first-try', 50_000, 300, appAt(1));
  const secondTry = upstream(scene, 'second-try', 50_001, 2_300, appAt(3));
  scene.link({
    side: 'request',
    subject: 'first-try',
    lastRead: 'retried',
    oldest: 'retried',
    atUs: 400,
  });
  scene.link({
    side: 'request',
    subject: 'second-try',
    lastRead: 'retried',
    oldest: null,
    atUs: 2_400,
  });
  scene.link({
    side: 'response',
    subject: 'retried',
    lastRead: 'second-try',
    oldest: 'second-try',
    atUs: 2_900,
  });
  scene.happened('first', from, firstTry);
  scene.happened('second', from, secondTry);
  for (const n of numbers(2)) {
    const same = inbound(scene, `same-id${n}`, 41_000 + n, 5_000);
    const up = upstream(scene, `same-id-up${n}`, 51_000 + n, 5_300);
    scene.agree(`same-id${n}`, `same-id-up${n}`, 5_400);
    scene.exchange(same, { atUs: 5_350, workUs: 900, requestId: 'fixed' });
    scene.exchange(up, { atUs: 5_450, workUs: 600, requestId: 'fixed' });
    scene.happened(`same-id${n}`, same, up);
  }
  retriesByIdAlone(scene);
  return scene;
}

/** No thread was watched: a request that was sent twice, and two clients with one id, one after the other. */
function retriesByIdAlone(scene: Scene): void {
  const from = inbound(scene, 'id-retried', 42_000, 20_000);
  scene.exchange(from, { atUs: 20_500, workUs: 9_000, requestId: 'own' });
  for (const [n, atUs] of [21_000, 25_000].entries()) {
    const up = upstream(scene, `id-try${n}`, 52_000 + n, atUs - 300);
    scene.exchange(up, { atUs, workUs: 2_000, requestId: 'own' });
    scene.happened(`id-try${n}`, from, up);
  }
  for (const n of numbers(2)) {
    const startUs = 40_000 + n * 10_000;
    const same = inbound(scene, `id-twin${n}`, 43_000 + n, startUs);
    const up = upstream(scene, `id-twin-up${n}`, 53_000 + n, startUs + 300);
    scene.exchange(same, { atUs: startUs + 400, workUs: 3_000, requestId: 'twin' });
    scene.exchange(up, { atUs: startUs + 800, workUs: 2_000, requestId: 'twin' });
    scene.happened(`id-twin${n}`, same, up);
  }
}

/** Streams of two HTTP/2 connections in one proxy thread, each with an HTTP/1.1 connection upstream. */
function http2(): Scene {
  const scene = newScene();
  const h2 = ['a', 'b'].map((name, n) => inbound(scene, name, 40_000 + n, n * 40));
  for (const n of numbers(6)) {
    const up = upstream(scene, `u${n}`, 50_000 + n, 300 + n * 20);
    const [own, other] = n % 2 === 0 ? ['a', 'b'] : ['b', 'a'];
    const atUs = 400 + n * 20;
    // The first two are clear on both sides; of the rest each rule names another connection and no response decides.
    const [lastRead, oldest] = n < 2 ? [own, own] : n < 4 ? [own, other] : [other, own];
    if (n < 2) {
      const up = [`u${n}`, 1] as const;
      const subject = [own, n + 1] as const;
      scene.link({
        side: 'response',
        subject,
        lastRead: up,
        oldest: up,
        atUs: atUs + 400,
        ...HAPROXY,
      });
    }
    scene.link({
      side: 'request',
      subject: `u${n}`,
      lastRead: [lastRead, n + 1],
      oldest: [oldest, n + 1],
      atUs,
      ...HAPROXY,
    });
    scene.happened(`stream${n}`, h2[n % 2] as ConnectionSpec, up);
  }
  // One more connection whose three streams no rule disputes: one inbound connection, three upstream.
  const alone = inbound(scene, 'alone', 40_009, 2_000);
  for (const n of numbers(3)) {
    const up = upstream(scene, `alone-u${n}`, 50_100 + n, 2_300 + n * 20);
    scene.agree(['alone', n + 1], `alone-u${n}`, 2_400 + n * 20, { process: 'nginx', pid: 60 });
    scene.happened(`alone${n}`, alone, up);
  }
  return scene;
}

function keepAlive(requests: number): Scene {
  const scene = newScene();
  const from = inbound(scene, 'in', 40_000, 0);
  const to = upstream(scene, 'out', 50_000, 300);
  for (const n of numbers(requests)) {
    const atUs = 400 + n * 1_000;
    scene.agree(['in', n + 1], ['out', n + 1], atUs);
    scene.exchange(from, { atUs, workUs: 600 + (n % 7), burst: n + 1 });
    scene.exchange(to, { atUs: atUs + 100, workUs: 400, burst: n + 1 });
  }
  scene.happened('only', from, to);
  return scene;
}

export const PROXIES: readonly Scenario[] = [
  { folder: '15-haproxy-batches', scene: haproxyBatches },
  { folder: '16-nginx-hard-cases', scene: nginxHardCases },
  { folder: '17-wrong-rule-forced', scene: wrongRule },
  { folder: '18-go-proxy', scene: goProxy },
  { folder: '19-timing-only', scene: timingOnly },
  { folder: '20-retries-and-equal-ids', scene: retries },
  { folder: '21-http2-inbound', scene: http2 },
  { folder: '22-keep-alive', scene: () => keepAlive(100), full: () => keepAlive(10_000) },
];
