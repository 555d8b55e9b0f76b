/**
 * What hoptrace says of a proxy's requests against the logs of both their ends. Pure.
 *
 * A claim of hoptrace: burst i of a client's connection caused burst j of an upstream connection. The connections are
 * known by the ISN pair of their legs, which carry the addresses that the logs have. Upstream, where all is plain, burst
 * j is the j-th request. Towards the client TLS has bursts of its own, so a burst is known by the time at which it was
 * answered: a connection carries one request at a time.
 */

import { clean } from '@hoptrace/domain/reconstruct/clean.ts';
import { decidedLinks } from '@hoptrace/domain/reconstruct/threadEdges.ts';
import type { LegRecord, ProxyLinkRecord, Sourced } from '@hoptrace/domain/wire/v1.ts';
import type { AppRequest, ClientRequest } from './truth.ts';

export interface Observed {
  readonly legs: readonly Sourced<LegRecord>[];
  readonly links: readonly Sourced<ProxyLinkRecord>[];
}

export interface Truth {
  readonly client: readonly ClientRequest[];
  readonly app: readonly AppRequest[];
}

/** The ports at which clients and proxy arrive. */
export interface Ports {
  readonly proxy: number;
  readonly app: number;
}

export interface LinkResult {
  /** Upstream requests. */
  readonly truths: number;
  readonly claims: number;
  readonly right: number;
  readonly proven: number;
  /** The first claims that are wrong. */
  readonly wrong: readonly string[];
  /** The first upstream requests of which nothing was claimed. */
  readonly missing: readonly string[];
}

const MAX_SHOWN = 5;

export function judgeLinks(observed: Observed, truth: Truth, ports: Ports): LinkResult {
  const { proxyLinks, legs } = clean(
    { legs: observed.legs, refusals: [], proxyLinks: observed.links, proxyHeaders: [] },
    'lab',
  );
  const clientIdOf = clientBursts(proxyLinks, truth.client, connectionFinder(legs, ports.proxy));
  const upstreamIdOf = upstreamBursts(truth.app, connectionFinder(legs, ports.app));
  // Other connections of the machine: probes of the suite, the lab's own ingress.
  const claims = decidedLinks(proxyLinks).flatMap((link) => {
    const upstream = upstreamIdOf.get(keyOf(link.upstream));
    return upstream === undefined ? [] : [{ ...link, wanted: upstream }];
  });
  const judged = claims.map((claim) => ({ ...claim, said: clientIdOf.get(keyOf(claim.client)) }));
  const right = judged.filter(({ said, wanted }) => said === wanted.id);
  const known = new Set(judged.map(({ wanted }) => requestKey(wanted)));
  return {
    truths: truth.app.length,
    claims: claims.length,
    right: right.length,
    proven: judged.filter(({ isProven }) => isProven).length,
    wrong: judged
      .filter(({ said, wanted }) => said !== wanted.id)
      .slice(0, MAX_SHOWN)
      .map(({ said, wanted }) => `${requestKey(wanted)}: said ${said ?? 'an unknown burst'}`),
    missing: truth.app
      .map(requestKey)
      .filter((key) => !known.has(key))
      .slice(0, MAX_SHOWN),
  };
}

type FindConnection = (peerPort: number, atUs: number) => string | undefined;

/** The ISN pair of the connection from that port that was opened last before a time. */
function connectionFinder(legs: readonly Sourced<LegRecord>[], serverPort: number): FindConnection {
  const byPort = new Map<number, { startUs: number; isnPairHash: string }[]>();
  for (const { tuple, startUs, isnPairHash } of legs) {
    if (tuple.dst.port !== serverPort || isnPairHash === null) continue;
    const { port } = tuple.src;
    byPort.set(port, [...(byPort.get(port) ?? []), { startUs, isnPairHash }]);
  }
  return (port, atUs) =>
    byPort
      .get(port)
      ?.filter(({ startUs }) => startUs <= atUs)
      .reduce((last, each) => (each.startUs > last.startUs ? each : last), NOTHING).isnPairHash;
}

const NOTHING = { startUs: -1, isnPairHash: '' };

function upstreamBursts(
  requests: readonly AppRequest[],
  find: FindConnection,
): ReadonlyMap<string, AppRequest> {
  return new Map(
    requests.flatMap((request) => {
      const isnPairHash = find(request.peerPort, request.acceptedAtUs);
      if (isnPairHash === undefined) return [];
      return [[keyOf({ isnPairHash, burst: request.number }), request] as const];
    }),
  );
}

/** Each client burst by when it was answered. */
function clientBursts(
  links: readonly Sourced<ProxyLinkRecord>[],
  requests: readonly ClientRequest[],
  find: FindConnection,
): ReadonlyMap<string, string> {
  const byConnection = new Map<string, ClientRequest[]>();
  for (const request of requests) {
    const pair = find(request.port, request.sentAtUs);
    if (pair === undefined) continue;
    byConnection.set(pair, [...(byConnection.get(pair) ?? []), request]);
  }
  return new Map(
    links.flatMap(({ side, subject, startUs }) => {
      const own = side === 'response' ? byConnection.get(subject.isnPairHash) : undefined;
      const request = own?.find((each) => each.sentAtUs <= startUs && startUs <= each.doneAtUs);
      return request === undefined ? [] : [[keyOf(subject), request.id] as const];
    }),
  );
}

function keyOf({ isnPairHash, burst }: { isnPairHash: string; burst: number }): string {
  return `${isnPairHash}#${burst}`;
}

function requestKey({ id, path }: AppRequest): string {
  return `${id} ${path}`;
}
