/**
 * The PROXY protocol header, versions 1 and 2 (haproxy.org/download/2.8/doc/proxy-protocol.txt).
 *
 *   v1   PROXY TCP4 203.0.113.10 203.0.113.2 51234 443\r\n
 *   v2   0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A | 21 | 11 | 00 0C | CB 00 71 0A CB 00 71 02 C8 22 01 BB
 *        signature                            v2,PROXY TCP4 12 B  source, destination, ports (network order)
 *
 * The sender is not to be trusted: every length is checked against the bytes that are there.
 */
import { hexOf, problem } from './problem.ts';
import { type HeaderExtent, type ParsedProxyHeader, refused } from './proxyHeader.ts';
import { parseV1 } from './proxyV1.ts';
import { parseV2, V2_SIGNATURE } from './proxyV2.ts';

/** Never throws, never reads past `bytes`; what follows the header is left alone. */
export function parseProxyProtocol(
  bytes: Uint8Array,
  extent: HeaderExtent = 'whole',
): ParsedProxyHeader {
  const isV2 = V2_SIGNATURE.every((byte, index) => bytes[index] === byte);
  if (isV2) return parseV2(bytes, extent);
  if (startsWithProxy(bytes)) return parseV1(bytes);
  const start = hexOf(bytes.subarray(0, V2_SIGNATURE.length));
  return refused(problem('signature', start, 'Neither "PROXY " nor the signature of version 2.'));
}

function startsWithProxy(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, 6)) === 'PROXY ';
}
