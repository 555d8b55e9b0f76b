/** What of a captured PROXY header goes on the wire: addresses only. */
import { parseProxyProtocol } from '@hoptrace/domain/ledger/proxyProtocol.ts';
import type { ProxyHeaderRecord } from '@hoptrace/domain/wire/v1.ts';

export type ParsedProxyHeader = Pick<ProxyHeaderRecord, 'version' | 'command' | 'claimed'>;

/**
 * Null when the bytes begin with no valid header. TLVs may be cut: the kernel keeps HOP_PROXY_BYTES. `claimed` is
 * null where no TCP addresses are named (LOCAL, UNKNOWN, UNSPEC, datagrams, UNIX sockets): then the peer's own
 * address is the client's.
 */
export function parseProxyHeader(bytes: Uint8Array): ParsedProxyHeader | null {
  const parsed = parseProxyProtocol(bytes, 'prefix');
  if (!parsed.ok) return null;
  const { version, command, claimed } = parsed.header;
  return { version, command, claimed };
}
