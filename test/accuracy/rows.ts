/** The rows of the result: value, goal, met. A row without a goal informs. */
import type { ResultRow } from '../lab/commands/output.ts';
import { lowerRungRows } from './lowerRungRows.ts';
import { row } from './row.ts';
import type { Tally } from './tally.ts';

export function rowsOf(tally: Tally): ResultRow[] {
  return [
    ...linkRows(tally),
    ...pathRows(tally),
    ...proxyRows(tally),
    ...http2Rows(tally),
    ...roundTripRows(tally),
    ...oneWayRows(tally),
    ...requestTimeRows(tally),
    ...lowerRungRows(tally),
    ...otherRows(tally),
  ];
}

function linkRows(tally: Tally): ResultRow[] {
  return [
    row('cross-node links: precision', tally.share('links right', 'links'), 0.99999, 'share'),
    row(
      'cross-node links: recall where both ends were seen',
      tally.share('links found of pairs', 'links of pairs seen'),
      1,
      'share',
    ),
    row(
      'cross-node links without ISNs: precision',
      tally.share('blind links right', 'blind links'),
      0.9999,
      'share',
    ),
    row(
      'cross-node links without ISNs: recall',
      tally.share('blind links found of pairs', 'links of pairs seen'),
      null,
      'share',
    ),
    row('cross-node links judged', tally.get('links'), null, 'links'),
    row(
      'cross-node links doubted though right',
      tally.get('links doubted though right'),
      null,
      'links',
    ),
    row(
      'connections per port, hostile worlds',
      tally.share('port reuse sum', 'hostile worlds'),
      10,
      'times',
    ),
  ];
}

function pathRows(tally: Tally): ResultRow[] {
  return [
    row('falsely complete paths', tally.get('falsely complete'), 0, 'paths', 'atMost'),
    row('paths simulated', tally.get('true paths'), null, 'paths'),
    row(
      'complete where every tap delivered',
      tally.share('true paths seen whole and completed', 'true paths seen whole'),
      null,
      'share',
    ),
    row('outcomes right or open', 1 - wrongOutcomes(tally) / tally.get('outcomes'), 1, 'share'),
    row('outcomes left open', tally.share('outcomes not claimed', 'outcomes'), null, 'share'),
    row(
      'confidence: expected calibration error',
      tally.calibrationError(),
      0.02,
      'share',
      'atMost',
    ),
  ];
}

function wrongOutcomes(tally: Tally): number {
  return tally.get('outcomes') - tally.get('outcomes right') - tally.get('outcomes not claimed');
}

function proxyRows(tally: Tally): ResultRow[] {
  const classes = ['A', 'B', 'C'].filter((each) => tally.get(`proxy links class ${each}`) > 0);
  return [
    row(
      // The goals are those of each kind of proxy: Go's is another one.
      'proxy links: precision, all proxies',
      tally.share('proxy links right', 'proxy links'),
      null,
      'share',
    ),
    ...['lastRead', 'oldest', 'mixed'].map((model) =>
      row(
        `proxy links: precision, ${model}`,
        tally.share(`proxy links right of ${model}`, `proxy links of ${model}`),
        model === 'mixed' ? 0.99 : 0.9999,
        'share',
      ),
    ),
    ...classes.map((each) =>
      row(
        `proxy links: precision, class ${each}`,
        tally.share(`proxy links right class ${each}`, `proxy links class ${each}`),
        null,
        'share',
      ),
    ),
    row(
      'proxy links: recall where both connections were seen',
      tally.share('true proxy links found', 'true proxy links seen'),
      null,
      'share',
    ),
  ];
}

/** Of worlds in which some clients have several requests at once on a connection. None in a short run: no rows. */
function http2Rows(tally: Tally): ResultRow[] {
  const of = (name: string) => `HTTP/2: ${name}`;
  const share = (part: string, whole: string) => tally.share(of(part), of(whole));
  if (tally.get(of('proxy links')) === 0) return [];
  const precision = (each: 'A' | 'B', goal: number) =>
    row(
      of(`proxy links: precision, class ${each}`),
      share(`proxy links right class ${each}`, `proxy links class ${each}`),
      goal,
      'share',
    );
  return [
    row(of('falsely complete paths'), tally.get(of('falsely complete')), 0, 'paths', 'atMost'),
    row(of('paths simulated'), tally.get(of('true paths')), null, 'paths'),
    precision('A', 0.9999),
    precision('B', 0.99),
    row(
      of('proxy links: recall where both connections were seen'),
      share('true proxy links found', 'true proxy links seen'),
      null,
      'share',
    ),
    row(
      of('complete where every tap delivered'),
      share('true paths seen whole and completed', 'true paths seen whole'),
      null,
      'share',
    ),
  ];
}

function roundTripRows(tally: Tally): ResultRow[] {
  const cover = (method: string) =>
    tally.share(`round trips covered ${method}`, `round trips ${method}`);
  return [
    row(
      'round trips between two taps: bounds cover the truth',
      cover('handshakeDifference'),
      0.99,
      'share',
    ),
    row(
      'round trips to the client: bounds cover the truth',
      cover('handshakeToClient'),
      0.99,
      'share',
    ),
    row(
      'round trips between two taps: error p95',
      tally.quantile('rtt errors', 0.95),
      1000,
      'ns',
      'atMost',
    ),
    row('round trips between two taps: error p50', tally.quantile('rtt errors', 0.5), null, 'ns'),
    row(
      'round trips between two taps: mean width of the bounds',
      tally.share('rtt widths', 'round trips handshakeDifference'),
      null,
      'ns',
    ),
  ];
}

function oneWayRows(tally: Tally): ResultRow[] {
  return [
    row(
      'one-way times between machines: bounds cover the truth',
      tally.share('one-way times covered', 'one-way times'),
      0.99,
      'share',
    ),
    row(
      'one-way times between machines: mean width of the bounds',
      tally.share('one-way widths', 'one-way times'),
      null,
      'ns',
    ),
  ];
}

function requestTimeRows(tally: Tally): ResultRow[] {
  return ['request cost', 'proxy time'].flatMap((what) => [
    row(
      `${what} of the path's own request: bounds cover the truth`,
      tally.share(`${what} request covered`, `${what} request`),
      0.99,
      'share',
    ),
    row(`${what} of the path's own request: judged`, tally.get(`${what} request`), null, 'hops'),
    row(
      `${what} of several requests: range covers the middle one`,
      tally.share(`${what} connection covered`, `${what} connection`),
      0.99,
      'share',
    ),
  ]);
}

function otherRows(tally: Tally): ResultRow[] {
  return [
    row(
      'same answer in any order, with repetitions',
      tally.share('components shuffled with the same answer', 'components shuffled'),
      1,
      'share',
    ),
    row('largest component', tally.get('largest component'), null, 'records'),
  ];
}
