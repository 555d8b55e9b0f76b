/** What an agent tells of the exchanges on a connection: one record a burst and tap. */
import type { ExchangeRecord } from '@hoptrace/domain/wire/v1.ts';
import type { AgentClock } from './clock.ts';
import { hashesAt, type SimConnection } from './connection.ts';
import type { SimExchange } from './exchange.ts';
import type { Random } from './random.ts';
import type { Site } from './route.ts';
import { type Emission, stampsFrom, type TapPlan } from './stamps.ts';

const TOLD_NS = 50_000_000;

export function exchangeEmissions(
  random: Random,
  clock: AgentClock,
  plan: TapPlan,
  connection: SimConnection,
  site: Site,
  index: number,
): Emission[] {
  return connection.exchanges.flatMap((exchange) => {
    const atNs = exchange.requestNs[index];
    if (atNs === undefined || random.chance(plan.milestoneLoss)) return [];
    const record = recordOf(random, clock, plan, connection, exchange, site, index, atNs);
    const toldNs = (exchange.responseLastNs[index] ?? atNs) + TOLD_NS;
    // Only an agent that saw the handshake knows the connection's sequence numbers.
    return [{ record, atNs: toldNs, sinceNs: connection.synNs[index] ?? atNs }];
  });
}

function recordOf(
  random: Random,
  clock: AgentClock,
  plan: TapPlan,
  connection: SimConnection,
  exchange: SimExchange,
  site: Site,
  index: number,
  atNs: number,
): ExchangeRecord {
  const stamps = stampsFrom(clock, atNs);
  const seen = (times: readonly number[]) => {
    const ns = times[index];
    return ns === undefined || random.chance(plan.milestoneLoss) ? null : stamps.after(ns);
  };
  const isPlain = !connection.isTls;
  return {
    kind: 'exchange',
    seq: 0,
    startUs: stamps.startUs,
    tap: site.tap,
    isnPairHash: hashesAt(connection, index).pairHash,
    burst: exchange.burst,
    requestOffset: exchange.requestOffset,
    responseOffset: exchange.responseOffset,
    requestFirstNs: stamps.startNs,
    requestLastNs: seen(exchange.requestLastNs),
    responseFirstNs: seen(exchange.responseNs),
    responseLastNs: seen(exchange.responseLastNs),
    requestBytes: exchange.requestBytes,
    responseBytes: exchange.responseBytes,
    method: isPlain ? 'GET' : '',
    status: isPlain && exchange.responseNs.length > 0 ? 200 : 0,
    requestIdHash: isPlain ? exchange.requestId : null,
    traceIdHash: null,
    protocol: isPlain ? 'http1' : 'tls',
    firstFlightHash: exchange.burst === 1 ? connection.firstFlightHash : null,
  };
}
