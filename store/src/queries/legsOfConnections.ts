/** The legs that share an ISN with given connections: what re-stitching starts from. */
import type { LegRecord, Sourced } from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { legRowSchema, rowToLeg } from '../rows/legRow.ts';
import { columnsOf, runQuery } from './query.ts';
import { hashesParam, IN_WINDOW, type TimeWindow, windowParams } from './recordWindow.ts';

const query = {
  name: 'legsOfConnections',
  params: z.strictObject({
    ...windowParams,
    isnPairHashes: hashesParam,
    clientIsnHashes: hashesParam,
  }),
  row: legRowSchema,
};

const SQL = `SELECT ${columnsOf(legRowSchema)}
FROM legs_v1
WHERE ${IN_WINDOW}
    AND (isn_pair_hash IN {isnPairHashes:Array(UInt64)} OR client_isn_hash IN {clientIsnHashes:Array(UInt64)})
ORDER BY revision DESC, seq DESC
LIMIT 1 BY cluster, node, boot_id, leg_id
`;

export interface ConnectionKeys {
  readonly isnPairHashes?: readonly string[];
  /** For legs that saw no SYN-ACK. */
  readonly clientIsnHashes?: readonly string[];
}

/** The newest revision of each leg, in order of start, node and legId. The window is about startUs. */
export async function legsOfConnections(
  store: Store,
  keys: ConnectionKeys,
  options: CallOptions & { readonly window: TimeWindow },
): Promise<Sourced<LegRecord>[]> {
  const { window, ...call } = options;
  const params = {
    fromUs: window.fromUs,
    toUs: window.toUs,
    isnPairHashes: [...(keys.isnPairHashes ?? [])],
    clientIsnHashes: [...(keys.clientIsnHashes ?? [])],
  };
  const rows = await runQuery(store, query, { sql: SQL, params, ...call });
  return rows.map(rowToLeg).sort(byStart);
}

function byStart(a: Sourced<LegRecord>, b: Sourced<LegRecord>): number {
  if (a.startUs !== b.startUs) return a.startUs - b.startUs;
  if (a.node !== b.node) return a.node < b.node ? -1 : 1;
  return a.legId - b.legId;
}
