/** proxy_links_v1 and proxy_headers_v1, both ways. */
import {
  type BurstRef,
  PROXY_LINK_SIDES,
  type ProxyHeaderRecord,
  type ProxyLinkRecord,
  type Sourced,
} from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import type { Column } from './rowBinary.ts';
import { SOURCE_COLUMNS, sourceColumns, toSource } from './source.ts';
import { optionalTupleColumns, toTuple } from './tuples.ts';
import { hashColumn, ipColumn, optionalHashColumn } from './values.ts';

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

type ProxyLink = Sourced<ProxyLinkRecord>;

export const PROXY_LINK_COLUMNS: readonly Column<ProxyLink>[] = [
  ...SOURCE_COLUMNS,
  ['netns', (out, { netns }) => out.u32(netns)],
  ['pid', (out, { pid }) => out.u32(pid)],
  ['side', (out, { side }) => out.enum8(PROXY_LINK_SIDES, side, 1)],
  ['subject_isn_pair_hash', (out, { subject }) => out.hash(subject.isnPairHash)],
  ['subject_burst', (out, { subject }) => out.u32(subject.burst)],
  ['last_read_isn_pair_hash', (out, { lastRead }) => out.hash(lastRead?.isnPairHash ?? null)],
  ['last_read_burst', (out, { lastRead }) => out.u32(lastRead?.burst ?? 0)],
  ['oldest_isn_pair_hash', (out, { oldest }) => out.hash(oldest?.isnPairHash ?? null)],
  ['oldest_burst', (out, { oldest }) => out.u32(oldest?.burst ?? 0)],
  ['process', (out, { process }) => out.text(process)],
];

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

type ProxyHeader = Sourced<ProxyHeaderRecord>;
const COMMANDS = ['local', 'proxy'] as const;

export const PROXY_HEADER_COLUMNS: readonly Column<ProxyHeader>[] = [
  ...SOURCE_COLUMNS,
  ['isn_pair_hash', (out, { isnPairHash }) => out.hash(isnPairHash)],
  ['version', (out, { version }) => out.u8(version)],
  ['command', (out, { command }) => out.enum8(COMMANDS, command)],
  ...optionalTupleColumns<ProxyHeader>('claimed', ({ claimed }) => claimed),
];

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
