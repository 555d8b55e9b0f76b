/** Paths: a higher version of a pathId replaces a lower one; a withdrawn path leaves all lists. */
import type { Hop, Path } from '@hoptrace/domain/rest/path.ts';
import type { CallOptions, Store } from '../client.ts';
import { StoreError } from '../errors.ts';
import { pathTimeUs } from '../pathKey.ts';
import { insertInChunks } from './chunks.ts';

export const PATHS_TABLE = 'paths_v1';

/** Which path to withdraw. `version` must be above every version that was stored. */
export interface PathWithdrawal {
  readonly pathId: string;
  readonly version: number;
  readonly cluster: string;
}

/**
 * Resolves when the paths are in the table. The same token with the same paths is stored once.
 * Throws HOP_STORE_PATH_ID when an id does not carry the path's startedAtUs.
 */
export async function insertPaths(
  store: Store,
  paths: readonly Path[],
  dedupToken: string,
  options: CallOptions = {},
): Promise<void> {
  const rows = paths.map((path) => {
    const document = JSON.stringify(path);
    return { row: { ...columnsOf(path), document }, sizeBytes: Buffer.byteLength(document) };
  });
  await insertInChunks(store, PATHS_TABLE, rows, { ...options, dedupToken });
}

/** For a path that turned out to be part of another one. */
export async function withdrawPaths(
  store: Store,
  withdrawals: readonly PathWithdrawal[],
  dedupToken: string,
  options: CallOptions = {},
): Promise<void> {
  const rows = withdrawals.map((each) => ({ row: withdrawalToRow(each), sizeBytes: 0 }));
  await insertInChunks(store, PATHS_TABLE, rows, { ...options, dedupToken });
}

/** What filters need; the document holds the rest. */
function columnsOf(path: Path): object {
  return {
    path_id: path.pathId,
    version: path.version,
    is_deleted: 0,
    cluster: path.cluster,
    started_at_us: checkedTimeUs(path),
    service_namespace: path.service?.namespace ?? '',
    service_name: path.service?.name ?? '',
    service_port: path.service?.port ?? '',
    client_ip: path.client.ip,
    client_port: path.client.port,
    client_source: path.client.source,
    nodes: nodesOf(path),
    outcome: path.outcome,
    hop_count: path.hops.length,
    crossings: path.crossings,
    extra_hops: path.extraHops,
    class: path.class,
    confidence: path.confidence,
    completeness: path.completeness,
    weight: path.weight ?? 1,
    refusal_kind: path.refusal?.kind ?? 'none',
    refusal_node: path.refusal?.node ?? '',
    refusal_cause: path.refusal?.cause ?? '',
    refusal_hops: path.refusal === null ? '' : JSON.stringify(path.hops),
    refusal_text: path.refusal?.text ?? '',
    refusal_remedy: path.refusal?.remedy ?? '',
    warning_codes: [...new Set(path.warnings.map((warning) => warning.code))],
    ...measuresOf(path),
  };
}

/** What roll-ups count. Migration 0010 says the same of documents that were stored without. */
function measuresOf({ hops, sourceVerdict }: Path): object {
  const parties = hops.flatMap((hop) => [hop.from, hop.to]);
  return {
    entry_node: hops.find((hop) => hop.to.node !== null)?.to.node ?? '',
    ingress: parties.find((party) => party.role === 'ingress')?.name ?? '',
    source_scenario: sourceVerdict?.scenario ?? '',
    response_ns: responseNsOf(hops),
    hop_kinds: hops.map((hop) => hop.kind),
    hop_from_roles: hops.map((hop) => hop.from.role),
    hop_to_roles: hops.map((hop) => hop.to.role),
    hop_from_nodes: hops.map((hop) => hop.from.node ?? ''),
    hop_to_nodes: hops.map((hop) => hop.to.node ?? ''),
    hop_extra: hops.map((hop) => hop.extra === true),
    // A value from one tap is only a bound, with the far end's own time in it.
    hop_rtt_ns: hops.map(({ rtt }) => (rtt?.method === 'handshakeDifference' ? rtt.valueNs : null)),
    hop_request_cost_ns: hops.map((hop) => hop.requestCost?.valueNs ?? null),
    hop_proxy_time_ns: hops.map((hop) => hop.proxyTime?.valueNs ?? null),
  };
}

function responseNsOf(hops: readonly Hop[]): number | null {
  for (const { times } of hops)
    if (times.firstRequestNs !== null && times.firstResponseNs !== null)
      return times.firstResponseNs - times.firstRequestNs;
  return null;
}

function withdrawalToRow(withdrawal: PathWithdrawal): object {
  return {
    path_id: withdrawal.pathId,
    version: withdrawal.version,
    is_deleted: 1,
    cluster: withdrawal.cluster,
    started_at_us: pathTimeUs(withdrawal.pathId),
    client_source: 'unknown',
    outcome: 'unknown',
    class: 'M',
    refusal_kind: 'none',
  };
}

/** Machines in the order of the path, each once. The refusing node counts: it may be on no hop. */
function nodesOf(path: Path): string[] {
  const parties = path.hops.flatMap((hop) => [hop.from.node, hop.to.node]);
  const known = [...parties, path.refusal?.node ?? null].filter((node) => node !== null);
  return [...new Set(known)];
}

function checkedTimeUs(path: Path): number {
  const timeUs = pathTimeUs(path.pathId);
  if (timeUs === path.startedAtUs) return timeUs;
  throw new StoreError(
    'HOP_STORE_PATH_ID',
    `pathId ${path.pathId} carries the time ${timeUs}, but startedAtUs is ${path.startedAtUs}`,
    { field: 'startedAtUs', remedy: 'Make the id from startedAtUs; look-ups by id rely on it.' },
  );
}
