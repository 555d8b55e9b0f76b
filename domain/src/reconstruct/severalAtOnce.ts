/**
 * Signs that a proxy has several requests in one burst, as HTTP/2 does. The rules of its threads count one request a
 * burst; where that does not hold, what follows from counting is no proof:
 *
 *   A ══ 1, 3 ══►  ┐ queue A, B   1 takes A, 3 takes B, and B's own request finds nobody waiting: its link names no
 *   B ─── one ──►  ┘              oldest client. From the first to that, every link of the queue is another client's.
 *
 *   u ◄══ 1, 3 ══  a connection to a backend that carries several: the second goes without a link, and its client's
 *                  response names what the first one's does, as an answer of the proxy's own would.
 */
import type { ProxyLink } from './evidence.ts';
import { bucketBy } from './forms.ts';

export interface SeveralAtOnce {
  /** Around this link its process sent something upstream for which nobody was waiting. */
  isOutOfStep(link: ProxyLink): boolean;
  /** The process of this link has connections to backends that carry several requests, or frames of their own. */
  hasSharedUpstreams(link: ProxyLink): boolean;
}

/** As long as a client may wait in a queue, or longer: the time-outs of nginx and HAProxy for a backend are seconds. */
const AROUND_US = 10_000_000;

export function severalAtOnce(links: readonly ProxyLink[]): SeveralAtOnce {
  const unawaited = bucketBy(links.filter(isUnawaited), processKey);
  const times = new Map(
    [...unawaited].map(([key, each]) => [key, each.map(({ startUs }) => startUs).sort(ascending)]),
  );
  const sharing = new Set(repeatedCauses(links).map(processKey));
  return {
    isOutOfStep: (link) => {
      if (times.size === 0) return false;
      const next = firstFrom(times.get(processKey(link)) ?? [], link.startUs - AROUND_US);
      return next !== undefined && next <= link.startUs + AROUND_US;
    },
    hasSharedUpstreams: (link) => sharing.size > 0 && sharing.has(processKey(link)),
  };
}

export function isUnawaited({ side, lastRead, oldest }: ProxyLink): boolean {
  return side === 'request' && lastRead !== null && oldest === null;
}

/**
 * Two bursts of one connection to a backend for one and the same burst of a client. With HTTP/1.1 there is a
 * response in between, and it was the client's.
 */
export function repeatedCauses(links: readonly ProxyLink[]): ProxyLink[] {
  const burstOf = new Map<string, number>();
  return links.filter(({ side, subject, lastRead }) => {
    if (side !== 'request' || lastRead === null) return false;
    const pair = `${subject.isnPairHash}<${lastRead.isnPairHash}#${lastRead.burst}`;
    const known = burstOf.get(pair);
    burstOf.set(pair, subject.burst);
    return known !== undefined && known !== subject.burst;
  });
}

/** The first of ascending times that is not before `fromUs`. */
function firstFrom(times: readonly number[], fromUs: number): number | undefined {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < fromUs) low = middle + 1;
    else high = middle;
  }
  return times[low];
}

function ascending(a: number, b: number): number {
  return a - b;
}

export function processKey({ node, bootId, pid }: ProxyLink): string {
  return `${node}|${bootId}|${pid}`;
}
