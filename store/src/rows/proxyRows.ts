/** proxy_links_v1 and proxy_headers_v1, both ways. */
import {
  type BurstRef,
  PROXY_LINK_SIDES,
  type ProxyHeaderRecord,
  type ProxyLinkRecord,
  type Sourced,
} from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import { sourceColumns, sourceValues, toSource } from './source.ts';
import { optionalTupleValues, toTuple } from './tuples.ts';
import { hashColumn, hashValue, ipColumn, optionalHashColumn } from './values.ts';

export const PROXY_LINKS_TABLE = 'proxy_links_v1';
export const PROXY_HEADERS_TABLE = 'proxy_headers_v1';

export const proxyLinkRowSchema = z.object({
  ...sourceColumns,
  netns: z.number(),
  pid: z.number(),
  side: z.enum(PROXY_LINK_SIDES),
  subject_isn_pair_hash: hashColumn,
  subject_burst: z.number(),
  last_read_isn_pair_hash: optionalHashColumn,
  last_read_burst: z.number(),
  oldest_isn_pair_hash: optionalHashColumn,
  oldest_burst: z.number(),
  process: z.string(),
});

export function proxyLinkToRow(link: Sourced<ProxyLinkRecord>): object {
  return {
    ...sourceValues(link),
    netns: link.netns,
    pid: link.pid,
    side: link.side,
    subject_isn_pair_hash: hashValue(link.subject.isnPairHash),
    subject_burst: link.subject.burst,
    last_read_isn_pair_hash: hashValue(link.lastRead?.isnPairHash ?? null),
    last_read_burst: link.lastRead?.burst ?? 0,
    oldest_isn_pair_hash: hashValue(link.oldest?.isnPairHash ?? null),
    oldest_burst: link.oldest?.burst ?? 0,
    process: link.process,
  };
}

const toBurst = (isnPairHash: string | null, burst: number): BurstRef | null =>
  isnPairHash === null ? null : { isnPairHash, burst };

export function rowToProxyLink(row: z.infer<typeof proxyLinkRowSchema>): Sourced<ProxyLinkRecord> {
  return {
    kind: 'proxyLink',
    ...toSource(row),
    netns: row.netns,
    pid: row.pid,
    side: row.side,
    subject: { isnPairHash: row.subject_isn_pair_hash, burst: row.subject_burst },
    lastRead: toBurst(row.last_read_isn_pair_hash, row.last_read_burst),
    oldest: toBurst(row.oldest_isn_pair_hash, row.oldest_burst),
    process: row.process,
  };
}

export const proxyHeaderRowSchema = z.object({
  ...sourceColumns,
  isn_pair_hash: hashColumn,
  version: z.literal([1, 2]),
  command: z.enum(['local', 'proxy']),
  has_claimed: z.boolean(),
  claimed_src_ip: ipColumn,
  claimed_src_port: z.number(),
  claimed_dst_ip: ipColumn,
  claimed_dst_port: z.number(),
});

export function proxyHeaderToRow(header: Sourced<ProxyHeaderRecord>): object {
  return {
    ...sourceValues(header),
    isn_pair_hash: hashValue(header.isnPairHash),
    version: header.version,
    command: header.command,
    ...optionalTupleValues('claimed', header.claimed),
  };
}

export function rowToProxyHeader(
  row: z.infer<typeof proxyHeaderRowSchema>,
): Sourced<ProxyHeaderRecord> {
  const claimed = toTuple({
    src_ip: row.claimed_src_ip,
    src_port: row.claimed_src_port,
    dst_ip: row.claimed_dst_ip,
    dst_port: row.claimed_dst_port,
  });
  return {
    kind: 'proxyHeader',
    ...toSource(row),
    isnPairHash: row.isn_pair_hash,
    version: row.version,
    command: row.command,
    claimed: row.has_claimed ? claimed : null,
  };
}
