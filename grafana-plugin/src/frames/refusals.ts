/** Refused connections: as a table, as states over time, as counts over time, as marks on other panels. */

import type { RefusalItem } from '../rest/types.ts';
import { formatAddress, plural } from '../view/format.ts';
import { causeText, evidenceText, refusalTitle } from '../view/words.ts';
import { groupBy } from './groupBy.ts';
import { REQUEST_LINK, SERVICE_LINK } from './ids.ts';
import { type Cut, serviceOf } from './pathList.ts';
import {
  cutNotice,
  fieldsOf,
  flag,
  msOf,
  NANOSECONDS,
  number,
  other,
  type PlainFrame,
  same,
  text,
  time,
} from './plainFrame.ts';

export const REFUSAL_KINDS = ['reset', 'rejected', 'dropped'] as const;
/** Rows of the state timeline; more cannot be read. */
const MAX_PLACES = 20;

export interface Buckets {
  readonly fromMs: number;
  readonly toMs: number;
  /** Width of a bucket; buckets begin at multiples of it. */
  readonly stepMs: number;
}

export function refusalFrame(items: readonly RefusalItem[], { isCut }: Cut): PlainFrame {
  return {
    name: 'refusals',
    meta: { preferredVisualisationType: 'table', notices: notices(items, isCut) },
    fields: fieldsOf(items, {
      time: time((item) => msOf(item.startedAtUs)),
      request: text((item) => item.pathId, { links: [REQUEST_LINK] }),
      ...same<RefusalItem>(text, 'kind', 'node'),
      service: text(serviceOf, { links: [SERVICE_LINK] }),
      client: text(({ client }) =>
        client.ip === null ? null : formatAddress(client.ip, client.port),
      ),
      destination: text(destinationOf),
      cause: text((item) => causeText(item.cause)),
      ...same<RefusalItem>(text, 'text', 'remedy', 'reason', 'cluster'),
      evidence: text((item) => evidenceText(item.evidence)),
      syns: number((item) => item.synCount),
      after: number((item) => item.afterNs, NANOSECONDS),
      transitional: flag((item) => item.transitional ?? null),
    }),
  };
}

/** One row a place (node and destination): how SYNs were refused in each step of time; null: no refusal known. */
export function refusalStates(
  items: readonly RefusalItem[],
  { isCut }: Cut,
  buckets: Buckets,
): PlainFrame {
  const groups = [...groupBy(items, placeOf)].sort((a, b) => b[1].length - a[1].length);
  const starts = startsOf(buckets);
  const left = groups.length - MAX_PLACES;
  const tooMany = {
    severity: 'warning' as const,
    text: `The ${MAX_PLACES} places with the most refusals are shown, ${left} are not.`,
  };
  return {
    name: 'refusal states',
    meta: {
      preferredVisualisationType: 'graph',
      notices: [...notices(items, isCut), ...(left > 0 ? [tooMany] : [])],
    },
    fields: [
      { name: 'time', type: 'time', config: {}, values: starts },
      ...groups.slice(0, MAX_PLACES).map(([place, members]) => {
        const byBucket = groupBy(members, (item) => bucketOf(item, buckets));
        return {
          name: place,
          type: 'string' as const,
          config: {},
          values: starts.map((start) => mainKind(byBucket.get(start) ?? [])),
        };
      }),
    ],
  };
}

/** How many SYNs were refused in each step of time, by kind. */
export function refusalCounts(
  items: readonly RefusalItem[],
  { isCut }: Cut,
  buckets: Buckets,
): PlainFrame {
  const starts = startsOf(buckets);
  const byBucket = groupBy(items, (item) => bucketOf(item, buckets));
  return {
    name: 'refusal counts',
    meta: { preferredVisualisationType: 'graph', notices: notices(items, isCut) },
    fields: [
      { name: 'time', type: 'time', config: {}, values: starts },
      ...REFUSAL_KINDS.map((kind) => ({
        name: kind,
        type: 'number' as const,
        config: { unit: 'short' },
        values: starts.map(
          (start) => (byBucket.get(start) ?? []).filter((item) => item.kind === kind).length,
        ),
      })),
    ],
  };
}

/** Refusals of one cause at one place that follow one another closely are one mark, from the first to the last. */
export function refusalMarks(
  items: readonly RefusalItem[],
  { isCut }: Cut,
  gapMs: number,
): PlainFrame {
  const marks = [
    ...groupBy(items, (item) => `${item.kind} ${item.cause} ${placeOf(item)}`).values(),
  ]
    .flatMap((members) => runsOf(members, gapMs))
    .sort((a, b) => a.startMs - b.startMs);
  return {
    name: 'refusal marks',
    meta: { notices: notices(items, isCut) },
    fields: fieldsOf(marks, {
      time: time(({ startMs }) => startMs),
      timeEnd: time(({ endMs }) => endMs),
      title: text(({ newest }) => refusalTitle(newest)),
      text: text(
        ({ newest, count }) =>
          `${plural(count, 'refusal')}: ${causeText(newest.cause)}. ${newest.remedy}`,
      ),
      tags: other(({ newest }) => [newest.kind, newest.cause]),
      id: text(({ newest }) => newest.pathId),
    }),
  };
}

interface Run {
  readonly startMs: number;
  readonly endMs: number;
  readonly count: number;
  readonly newest: RefusalItem;
}

function runsOf(members: readonly RefusalItem[], gapMs: number): Run[] {
  const runs: Run[] = [];
  for (const item of [...members].sort((a, b) => a.startedAtUs - b.startedAtUs)) {
    const atMs = msOf(item.startedAtUs);
    const last = runs.at(-1);
    if (last === undefined || atMs - last.endMs > gapMs)
      runs.push({ startMs: atMs, endMs: atMs, count: 1, newest: item });
    else runs[runs.length - 1] = { ...last, endMs: atMs, count: last.count + 1, newest: item };
  }
  return runs;
}

function destinationOf({ destination }: RefusalItem): string {
  return formatAddress(destination.ip, destination.port);
}

function placeOf(item: RefusalItem): string {
  return `${item.node ?? 'machine not known'} ${destinationOf(item)}`;
}

function startsOf({ fromMs, toMs, stepMs }: Buckets): number[] {
  const first = Math.floor(fromMs / stepMs) * stepMs;
  return Array.from(
    { length: Math.max(1, Math.ceil((toMs - first) / stepMs)) },
    (_, i) => first + i * stepMs,
  );
}

function bucketOf(item: RefusalItem, { stepMs }: Buckets): number {
  return Math.floor(msOf(item.startedAtUs) / stepMs) * stepMs;
}

/** The kind with the most refusals; of equal ones the one that comes first in REFUSAL_KINDS. */
function mainKind(items: readonly RefusalItem[]): string | null {
  const counts = REFUSAL_KINDS.map((kind) => items.filter((item) => item.kind === kind).length);
  const most = Math.max(...counts);
  return most === 0 ? null : (REFUSAL_KINDS[counts.indexOf(most)] ?? null);
}

function notices(items: readonly RefusalItem[], isCut?: boolean) {
  return cutNotice(items.length, 'refusals', isCut);
}
