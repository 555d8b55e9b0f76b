/**
 * From what the agents saw to paths. Pure: same evidence, same context, same answer, whatever the arrival order.
 * One function a step; each takes values and returns new ones.
 */
import type { Path } from '../rest/path.ts';
import { agree } from './agree.ts';
import { bridge } from './bridge.ts';
import { walkChains } from './chains.ts';
import { clean } from './clean.ts';
import type { Connection } from './connection.ts';
import { linkProxies } from './edges.ts';
import type { Context, Evidence } from './evidence.ts';
import { indexExchanges } from './exchanges.ts';
import { group } from './group.ts';
import { order } from './order.ts';
import { pathOf } from './paths.ts';
import { requestTimer } from './requestTimes.ts';

/** Paths in the order of their ids. Evidence that contradicts itself becomes a warning, never an exception. */
export function reconstruct(evidence: Evidence, given: Context): Path[] {
  const context: Context = { ...given, ownerMemo: new Map() };
  const cleaned = clean(evidence, context.cluster);
  const connections = connectionsOf(cleaned, context);
  const proxies = linkProxies(connections, cleaned, context);
  const chains = walkChains(connections, proxies);
  const timer = requestTimer(cleaned.proxyLinks, indexExchanges(cleaned.exchanges ?? []));
  return chains
    .flatMap((chain) => pathOf(chain, proxies, context, timer) ?? [])
    .sort((a, b) => (a.pathId < b.pathId ? -1 : 1));
}

/** Expects cleaned evidence. */
export function connectionsOf(evidence: Evidence, context: Context): readonly Connection[] {
  return bridge(agree(order(group(evidence)), context));
}
