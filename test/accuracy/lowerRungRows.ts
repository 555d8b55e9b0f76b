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
    ...LOADS.flatMap((load) =>
      (['uniform', 'equal'] as const).flatMap((sizes) => bucketRows(tally, sizes, bucketOf(load))),
    ),
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
