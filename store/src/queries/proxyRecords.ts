/** Proxy links and PROXY headers that touch given connections. */
import type { ProxyHeaderRecord, ProxyLinkRecord, Sourced } from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import {
  proxyHeaderRowSchema,
  proxyLinkRowSchema,
  rowToProxyHeader,
  rowToProxyLink,
} from '../rows/proxyRows.ts';
import { columnsOf, runQuery } from './query.ts';
import { hashesParam, IN_WINDOW, ONCE, type TimeWindow, windowParams } from './recordWindow.ts';

const params = z.strictObject({ ...windowParams, isnPairHashes: hashesParam });
const linksQuery = { name: 'proxyLinkRecords', params, row: proxyLinkRowSchema };
const headersQuery = { name: 'proxyHeaderRecords', params, row: proxyHeaderRowSchema };

const LINKS_SQL = `SELECT ${columnsOf(proxyLinkRowSchema)}
FROM proxy_links_v1
WHERE ${IN_WINDOW}
    AND (subject_isn_pair_hash IN {isnPairHashes:Array(UInt64)}
        OR last_read_isn_pair_hash IN {isnPairHashes:Array(UInt64)}
        OR oldest_isn_pair_hash IN {isnPairHashes:Array(UInt64)})
ORDER BY start_us, node, seq
${ONCE}
`;

const HEADERS_SQL = `SELECT ${columnsOf(proxyHeaderRowSchema)}
FROM proxy_headers_v1
WHERE ${IN_WINDOW}
    AND isn_pair_hash IN {isnPairHashes:Array(UInt64)}
ORDER BY start_us, node, seq
${ONCE}
`;

type WindowOptions = CallOptions & { readonly window: TimeWindow };

/** Links whose subject or answer is one of the connections, in order of start, node and seq. */
export async function proxyLinkRecords(
  store: Store,
  isnPairHashes: readonly string[],
  options: WindowOptions,
): Promise<Sourced<ProxyLinkRecord>[]> {
  const rows = await runQuery(store, linksQuery, callOf(LINKS_SQL, isnPairHashes, options));
  return rows.map(rowToProxyLink);
}

/** Headers that opened one of the connections, in order of start, node and seq. */
export async function proxyHeaderRecords(
  store: Store,
  isnPairHashes: readonly string[],
  options: WindowOptions,
): Promise<Sourced<ProxyHeaderRecord>[]> {
  const rows = await runQuery(store, headersQuery, callOf(HEADERS_SQL, isnPairHashes, options));
  return rows.map(rowToProxyHeader);
}

function callOf(sql: string, isnPairHashes: readonly string[], options: WindowOptions) {
  const { window, ...call } = options;
  return { sql, params: { ...window, isnPairHashes: [...isnPairHashes] }, ...call };
}
