/** Holds every acknowledged record, and compares with what ClickHouse has. */
import type { Store } from '@hoptrace/store/client.ts';
import { CLUSTER } from './records.ts';

export interface Verdict {
  readonly acknowledged: number;
  /** Acknowledged and in no row. */
  readonly lost: number;
  /** Rows beyond the first of one (node, bootId, seq). */
  readonly duplicateRows: number;
  /** Paths beyond one for each connection, newest versions only. */
  readonly duplicatePaths: number;
  /** Connections with rows and without a path of their own. */
  readonly missingPaths: number;
  /** Paths that lack what one of the two nodes saw, although both rows are there. */
  readonly halfPaths: number;
  /** Minutes of which a roll-up counts more than the newest versions of the paths do, or less. */
  readonly overcountedMinutes: number;
  readonly undercountedMinutes: number;
}

export class Oracle {
  readonly #acknowledged = new Set<string>();

  acknowledge(node: string, bootId: string, firstSeq: number, count: number): void {
    for (let seq = firstSeq; seq < firstSeq + count; seq++)
      this.#acknowledged.add(`${node}/${bootId}/${seq}`);
  }

  /** Has this node acknowledged anything yet? */
  has(node: string): boolean {
    for (const id of this.#acknowledged) if (id.startsWith(`${node}/`)) return true;
    return false;
  }

  get size(): number {
    return this.#acknowledged.size;
  }

  async missing(store: Store): Promise<string[]> {
    const present = await rowsOf(
      store,
      'SELECT DISTINCT node, boot_id, seq FROM legs_v1 WHERE cluster = {cluster:String}',
    );
    const stored = new Set(present.map((row) => `${row.node}/${row.boot_id}/${row.seq}`));
    return [...this.#acknowledged].filter((id) => !stored.has(id));
  }

  async judge(store: Store): Promise<Verdict> {
    const lost = await this.missing(store);
    const count = async (sql: string) => Number((await rowsOf(store, sql))[0]?.n ?? 0);
    const legs = 'FROM legs_v1 WHERE cluster = {cluster:String}';
    const paths = 'FROM paths_v1 FINAL WHERE cluster = {cluster:String} AND is_deleted = 0';
    const connections = await count(`SELECT uniqExact(isn_pair_hash) AS n ${legs}`);
    const pathCount = await count(`SELECT count() AS n ${paths}`);
    return {
      acknowledged: this.size,
      lost: lost.length,
      duplicateRows: await count(`SELECT count() - uniqExact(node, boot_id, seq) AS n ${legs}`),
      duplicatePaths: Math.max(0, pathCount - connections),
      missingPaths: Math.max(0, connections - pathCount),
      halfPaths: await count(
        `SELECT count() AS n FROM
           (SELECT anyIf(src_ip, node = 'node1') AS ip, anyIf(src_port, node = 'node1') AS port ${legs}
            GROUP BY isn_pair_hash HAVING uniqExact(node) = 2) AS l
         INNER JOIN (SELECT assumeNotNull(client_ip) AS ip, assumeNotNull(client_port) AS port, nodes ${paths}) AS p
         ON l.ip = p.ip AND l.port = p.port WHERE NOT hasAll(p.nodes, ['node1', 'node2'])`,
      ),
      ...(await comparedRollups(store)),
    };
  }
}

/** Requests and hops of each minute, as rolled up and as the paths say. */
async function comparedRollups(
  store: Store,
): Promise<Pick<Verdict, 'overcountedMinutes' | 'undercountedMinutes'>> {
  const winners =
    '(SELECT start_s, argMax(run, (generation, run)) FROM minute_runs_v1 GROUP BY start_s)';
  const rolledUp = (table: string, count: string) =>
    `SELECT start_s, sum(${count}) AS rolled, 0 AS counted FROM ${table} WHERE (start_s, run) IN ${winners} GROUP BY start_s`;
  const counted = (count: string) =>
    `SELECT toUInt32(intDiv(started_at_us, 60000000) * 60) AS start_s, 0 AS rolled, sum(${count}) AS counted FROM paths_v1 FINAL GROUP BY start_s`;
  const [row] = await rowsOf(
    store,
    `SELECT countIf(rolled > counted) AS over, countIf(rolled < counted) AS under FROM
     (
         SELECT what, start_s, sum(rolled) AS rolled, sum(counted) AS counted FROM
         (
             SELECT 'requests' AS what, * FROM (${rolledUp('service_minutes_v1', 'requests')} UNION ALL ${counted('1')})
             UNION ALL
             SELECT 'hops' AS what, * FROM (${rolledUp('hop_minutes_v1', 'hops')} UNION ALL ${counted('length(hop_kinds)')})
         )
         GROUP BY what, start_s
     )`,
  );
  return { overcountedMinutes: Number(row?.over), undercountedMinutes: Number(row?.under) };
}

/** Rows of one sender and their distinct seqs: what a small engine can count of a long run. */
export async function countRows(
  store: Store,
  bootId: string,
): Promise<{ rows: number; distinct: number }> {
  const [row] = await store.select({
    name: 'faults',
    sql: 'SELECT count() AS rows, uniqExact(seq) AS distinct FROM legs_v1 WHERE cluster = {cluster:String} AND boot_id = {bootId:String}',
    params: { cluster: CLUSTER, bootId },
  });
  const { rows, distinct } = row as { rows: string; distinct: string };
  return { rows: Number(rows), distinct: Number(distinct) };
}

async function rowsOf(store: Store, sql: string): Promise<Record<string, string>[]> {
  const rows = await store.select({ name: 'faults', sql, params: { cluster: CLUSTER } });
  return rows as Record<string, string>[];
}
