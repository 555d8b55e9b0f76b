/**
 * The key of the connection that a record tells of, 64 bits, the same on every node that saw the connection. NAT
 * rewrites addresses and ports between nodes; the keyed hash of both initial sequence numbers stays, and that of the
 * client's alone where no SYN-ACK was seen. A refusal has the client's, as have the legs of such an attempt.
 */
import { recordOffsets } from '@hoptrace/domain/wire/binary.ts';
import type {
  ExchangeRecord,
  LegRecord,
  ProxyHeaderRecord,
  ProxyLinkRecord,
  RecordKind,
  RefusalRecord,
} from '@hoptrace/domain/wire/v1.ts';

const LEG = recordOffsets<LegRecord>('leg');
const REFUSAL = recordOffsets<RefusalRecord>('refusal');
const PROXY_LINK = recordOffsets<ProxyLinkRecord>('proxyLink');
const PROXY_HEADER = recordOffsets<ProxyHeaderRecord>('proxyHeader');
const EXCHANGE = recordOffsets<ExchangeRecord>('exchange');

/** Where the hashes of a record are, the best first. A proxy link tells of two connections; its subject counts. */
const HASHES: Readonly<Record<RecordKind, readonly number[]>> = {
  leg: [LEG.isnPairHash, LEG.clientIsnHash],
  refusal: [REFUSAL.clientIsnHash],
  proxyLink: [PROXY_LINK.subject],
  proxyHeader: [PROXY_HEADER.isnPairHash],
  exchange: [EXCHANGE.isnPairHash],
};

/** Byte offset of the key in the record; -1: it has none, and any collector will do. */
export function keyOffset(kind: RecordKind, view: DataView): number {
  for (const at of HASHES[kind])
    if (view.getUint32(at) !== 0 || view.getUint32(at + 4) !== 0) return at;
  return -1;
}
