/** Rows of the proxy edges that need no thread programs. */
import type { ResultRow } from '../lab/commands/output.ts';
import { bucketOf, LOADS } from './lowerRungs.ts';
import { row } from './row.ts';
import type { Tally } from './tally.ts';

export function lowerRungRows(tally: Tally): ResultRow[] {
  return [
    ...edgeRows(tally),
    row(
      'times: precision of what is claimed (class C)',
      tally.share('timing claimed right', 'timing claimed'),
      0.99,
      'share',
    ),
    row(
      'times: share of upstream requests claimed',
      tally.share('timing claimed', 'timing upstream exchanges'),
      null,
      'share',
    ),
    row(
      'times: calibration error within the limit',
      tally.calibrationErrorOf('timing'),
      0.02,
      'share',
      'atMost',
    ),
    ...liveRoadRows(tally),
    ...LOADS.flatMap((load) =>
      (['uniform', 'equal'] as const).flatMap((sizes) => bucketRows(tally, sizes, bucketOf(load))),
    ),
  ];
}

function liveRoadRows(tally: Tally): ResultRow[] {
  if (tally.get('live claims') === 0) return [];
  const counted = (what: string, name: string, unit: string) =>
    row(`timing on the live road: ${what}`, tally.get(name), null, unit);
  return [
    row(
      'timing on the live road: precision of what is claimed',
      tally.share('live claims right', 'live claims'),
      0.999,
      'share',
    ),
    counted('claimed', 'live claims', 'links'),
    row(
      'timing on the live road: share of true links claimed, nothing lost',
      tally.share('live claims right', 'live links to be found'),
      null,
      'share',
    ),
    row(
      'timing on the live road: falsely complete paths',
      tally.get('live falsely complete'),
      0,
      'paths',
      'atMost',
    ),
    row(
      'timing on the live road: claimed where records were lost',
      tally.get('live claims under losses'),
      0,
      'links',
      'atMost',
    ),
    counted('windows compared', 'live windows judged', 'windows'),
    counted('worlds', 'live worlds', 'worlds'),
  ];
}

function edgeRows(tally: Tally): ResultRow[] {
  const precision = (name: string, what: string, goal: number) =>
    tally.get(`edges ${name}`) === 0
      ? []
      : [
          row(
            `${what}: precision of edges`,
            tally.share(`edges right ${name}`, `edges ${name}`),
            goal,
            'share',
          ),
        ];
  return [
    ...precision('requestId unique', 'request ids, all unique', 0.9999),
    ...precision('requestId fixed', 'request ids, some sent by many', 0.9999),
    row('request ids: edges judged', tally.get('edges requestId'), null, 'edges'),
    ...precision('firstFlight', 'first flights', 0.9999),
    row('first flights: edges judged', tally.get('edges firstFlight'), null, 'edges'),
    ...precision('byteCounters', 'byte counters', 0.99),
    row('byte counters: edges judged', tally.get('edges byteCounters'), null, 'edges'),
  ];
}

/** Informs: what the limit on the load is drawn from. */
function bucketRows(tally: Tally, sizes: string, bucket: string): ResultRow[] {
  const name = `timing ${sizes} ${bucket}`;
  if (tally.get(`${name} upstream exchanges`) === 0) return [];
  const label = `times, ${bucket} at once, sizes ${sizes}`;
  return [
    row(`${label}: calibration error`, tally.calibrationErrorOf(name), null, 'share'),
    row(
      `${label}: precision claimed`,
      tally.share(`${name} claimed right`, `${name} claimed`),
      null,
      'share',
    ),
    row(
      `${label}: share claimed`,
      tally.share(`${name} claimed`, `${name} upstream exchanges`),
      null,
      'share',
    ),
    row(`${label}: requests`, tally.get(`${name} upstream exchanges`), null, 'requests'),
  ];
}
