/** Paths as a table: one row a request, newest first. */

import type { Path } from '../rest/types.ts';
import { formatAddress } from '../view/format.ts';
import { routeText } from '../view/lanes.ts';
import {
  causeText,
  extraHopsOf,
  extraHopsText,
  longestHop,
  seenHops,
  serviceText,
} from '../view/words.ts';
import { REQUEST_LINK, SERVICE_LINK } from './ids.ts';
import {
  cutNotice,
  fieldsOf,
  flag,
  msOf,
  NANOSECONDS,
  number,
  type PlainFrame,
  SHARE,
  same,
  text,
  time,
  warning,
} from './plainFrame.ts';

export interface Cut {
  /** There are more than were asked for. */
  readonly isCut?: boolean;
  /** Of a stream: what it did not bring, in words. */
  readonly missing?: string;
}

export function pathListFrame(paths: readonly Path[], { isCut, missing = '' }: Cut): PlainFrame {
  return {
    name: 'paths',
    meta: {
      preferredVisualisationType: 'table',
      notices: [...cutNotice(paths.length, 'paths', isCut), ...warning(missing)],
    },
    fields: fieldsOf(paths, {
      time: time((path) => msOf(path.startedAtUs)),
      request: text((path) => path.pathId, { links: [REQUEST_LINK] }),
      ...same<Path>(text, 'outcome'),
      service: text(serviceOf, { links: [SERVICE_LINK] }),
      client: text(clientOf),
      clientSource: text((path) => path.client.source),
      route: text((path) => routeText(path)),
      hops: number((path) => path.hops.length),
      hopsSeen: number((path) => seenHops(path).seen),
      ...same<Path>(number, 'crossings'),
      extraHops: text((path) => extraHopsText(extraHopsOf(path))),
      longestRoundTrip: number(longestNs, NANOSECONDS),
      longestIsBound: flag(isBound),
      ...same<Path>(text, 'class', 'cluster'),
      confidence: number((path) => path.confidence, SHARE),
      completeness: number((path) => path.completeness, SHARE),
      source: text((path) => path.sourceVerdict?.scenario ?? null),
      cause: text((path) => (path.refusal === null ? null : causeText(path.refusal.cause))),
      refusedAt: text((path) => path.refusal?.node ?? null),
      warnings: number((path) => path.warnings.length),
    }),
  };
}

/** `namespace/name:port` as the API's filter reads it; null if no service is known. */
export function serviceOf({ service }: Pick<Path, 'service'>): string | null {
  return service === null ? null : serviceText(service);
}

function clientOf({ client }: Path): string | null {
  return client.ip === null ? null : formatAddress(client.ip, client.port);
}

function longestNs(path: Path): number | null {
  const rtt = longestHop(path)?.rtt;
  if (rtt === undefined) return null;
  return rtt.method === 'handshakeDifference' ? rtt.valueNs : rtt.highNs;
}

function isBound(path: Path): boolean | null {
  const rtt = longestHop(path)?.rtt;
  return rtt === undefined ? null : rtt.method !== 'handshakeDifference';
}
