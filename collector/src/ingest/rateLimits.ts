/**
 * How much one node, and one tenant, may send: records and bytes a second, and nodes a tenant. Who sends more is made
 * to wait (credits withheld, 429): nothing is lost here.
 */
import { AppError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import { NodeSeries, OTHER_NODES } from './nodeSeries.ts';
import type { NodeName } from './receipt.ts';
import { TokenBucket } from './tokenBucket.ts';

/** Seconds' worth that may come at once: what an agent kept while this collector was started anew. */
const BURST_S = 10;
/** Nodes of all tenants that are remembered; who was silent longest begins anew, with a full bucket. */
const MAX_NODES = 20_000;
/** A node that was silent for so long does not count against its tenant's quota. */
const NODE_GONE_MS = 3_600_000;
/** Series of metrics; the nodes beyond are `other`. */
const MAX_NODE_SERIES = 200;
const REPORTED_NODES = 10;

/** Per second; 0: no limit. */
export interface Rates {
  readonly nodeRecords: number;
  readonly nodeBytes: number;
  readonly tenantRecords: number;
  readonly tenantBytes: number;
  readonly tenantNodes: number;
}

export interface Sender extends NodeName {
  readonly tenant: string;
}

export interface Load {
  readonly records: number;
  readonly bytes: number;
}

/** What there is to say about the time since the last report. */
export interface LimitReport {
  readonly nodes: readonly { readonly node: string; readonly waits: number }[];
  readonly moreNodes: number;
  readonly tenants: readonly { readonly tenant: string; readonly waits: number }[];
}

interface Buckets {
  readonly records: TokenBucket | null;
  readonly bytes: TokenBucket | null;
}

export class RateLimits {
  readonly #rates: Rates;
  readonly #metrics: Metrics;
  readonly #nodes = new Map<string, Buckets>();
  readonly #tenants = new Map<string, Buckets & { readonly nodes: Map<string, number> }>();
  readonly #series = new NodeSeries(MAX_NODE_SERIES);
  readonly #waitsByNode = new Map<string, number>();
  readonly #waitsByTenant = new Map<string, number>();

  constructor(rates: Rates, metrics: Metrics) {
    this.#rates = rates;
    this.#metrics = metrics;
  }

  /** How long this sender has to wait before anything of his is taken, in milliseconds; 0: not at all. Counts waits. */
  waitMs(sender: Sender, nowMs: number): number {
    const nodeMs = longest(this.#node(sender, nowMs), nowMs);
    const tenantMs = longest(this.#tenant(sender, nowMs), nowMs);
    if (nodeMs === 0 && tenantMs === 0) return 0;
    const scope = nodeMs >= tenantMs ? 'node' : 'tenant';
    const name = `${sender.cluster}/${sender.node}`;
    this.#metrics.limitedBatches.inc({ scope, node: this.#series.labelOf(name) });
    const [waits, key] =
      scope === 'node' ? [this.#waitsByNode, name] : [this.#waitsByTenant, sender.tenant];
    waits.set(key, (waits.get(key) ?? 0) + 1);
    return Math.ceil(Math.max(nodeMs, tenantMs));
  }

  /** To be called once for what was taken. */
  take(sender: Sender, { records, bytes }: Load, nowMs: number): void {
    for (const each of [this.#node(sender, nowMs), this.#tenant(sender, nowMs)]) {
      each.records?.take(records, nowMs);
      each.bytes?.take(bytes, nowMs);
    }
  }

  /** Throws HOP_QUOTA_EXCEEDED for a node beyond those that its tenant may have. */
  admit(sender: Sender, nowMs: number): void {
    const { tenantNodes } = this.#rates;
    if (tenantNodes === 0) return;
    const { nodes } = this.#tenant(sender, nowMs);
    const name = `${sender.cluster}\n${sender.node}`;
    if (!nodes.has(name) && nodes.size >= tenantNodes) {
      for (const [each, seenMs] of nodes) if (nowMs - seenMs > NODE_GONE_MS) nodes.delete(each);
      if (nodes.size >= tenantNodes) throw this.#beyondQuota(sender);
    }
    nodes.set(name, nowMs);
  }

  /** Null where nobody had to wait since the last report. */
  takeReport(): LimitReport | null {
    if (this.#waitsByNode.size + this.#waitsByTenant.size === 0) return null;
    const most = [...this.#waitsByNode].sort((a, b) => b[1] - a[1]);
    const report: LimitReport = {
      nodes: most.slice(0, REPORTED_NODES).map(([node, waits]) => ({ node, waits })),
      moreNodes: Math.max(0, most.length - REPORTED_NODES),
      tenants: [...this.#waitsByTenant].map(([tenant, waits]) => ({ tenant, waits })),
    };
    this.#waitsByNode.clear();
    this.#waitsByTenant.clear();
    return report;
  }

  #beyondQuota({ tenant, cluster, node }: Sender): AppError {
    const { tenantNodes } = this.#rates;
    this.#metrics.limitedBatches.inc({ scope: 'quota', node: OTHER_NODES });
    this.#waitsByTenant.set(tenant, (this.#waitsByTenant.get(tenant) ?? 0) + 1);
    return new AppError('HOP_QUOTA_EXCEEDED', `${cluster}/${node} is one node too many`, {
      retryAfterSeconds: 60,
      problems: [
        {
          field: 'node',
          text: `tenant ${tenant} has ${tenantNodes} nodes already, which is its quota`,
          remedy: 'raise HOPTRACE_COLLECTOR_TENANT_NODES, or give the cluster a tenant of its own',
        },
      ],
    });
  }

  #node({ tenant, cluster, node }: Sender, nowMs: number): Buckets {
    const key = `${tenant}\n${cluster}\n${node}`;
    const { nodeRecords, nodeBytes } = this.#rates;
    const known = this.#nodes.get(key) ?? bucketsOf(nodeRecords, nodeBytes, nowMs);
    // Put at the end on each use, so that the first is the one that was silent longest.
    this.#nodes.delete(key);
    this.#nodes.set(key, known);
    if (this.#nodes.size > MAX_NODES) {
      const [oldest] = this.#nodes.keys();
      if (oldest !== undefined) this.#nodes.delete(oldest);
    }
    return known;
  }

  /** Tenants are written down in the token file: there are as many as there are lines. */
  #tenant({ tenant }: Sender, nowMs: number) {
    const { tenantRecords, tenantBytes } = this.#rates;
    const known = this.#tenants.get(tenant) ?? {
      ...bucketsOf(tenantRecords, tenantBytes, nowMs),
      nodes: new Map<string, number>(),
    };
    this.#tenants.set(tenant, known);
    return known;
  }
}

/** As the answer to a POST. */
export function rateLimited(waitMs: number): AppError {
  const detail = `the node or its tenant sends more than its limit; nothing of the batch was kept, send it again in ${(waitMs / 1000).toFixed(1)} s`;
  return new AppError('HOP_RATE_LIMITED', detail, {
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
  });
}

function bucketsOf(recordsPerS: number, bytesPerS: number, nowMs: number): Buckets {
  const bucket = (perS: number) => (perS === 0 ? null : new TokenBucket(perS, BURST_S, nowMs));
  return { records: bucket(recordsPerS), bytes: bucket(bytesPerS) };
}

function longest({ records, bytes }: Buckets, nowMs: number): number {
  return Math.max(records?.waitMs(nowMs) ?? 0, bytes?.waitMs(nowMs) ?? 0);
}
