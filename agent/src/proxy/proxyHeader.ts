/**
 * The PROXY protocol header (haproxy.org/download/2.8/doc/proxy-protocol.txt), of which only addresses are kept.
 *
 *   v1   PROXY TCP4 203.0.113.10 203.0.113.2 51234 443\r\n
 *   v2   0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A | 21 | 11 | 00 0C | CB 00 71 0A CB 00 71 02 C8 22 01 BB
 *        signature                            v2,PROXY TCP4 12 B  source, destination, ports (network order)
 *
 * TLVs of v2 are not read; they need not even have been captured.
 */
import { formatIp, parseIp } from '@hoptrace/domain/model/ip.ts';
import type { Endpoint, Tuple } from '@hoptrace/domain/model/tuple.ts';
import type { ProxyHeaderRecord } from '@hoptrace/domain/wire/v1.ts';

export type ParsedProxyHeader = Pick<ProxyHeaderRecord, 'version' | 'command' | 'claimed'>;

const V1_MAX_BYTES = 107;
const V2_SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const V2_FIXED_BYTES = 16;
const V2_STREAM_INET = 0x11;
const V2_STREAM_INET6 = 0x21;

/**
 * Null when the bytes begin with no whole, valid header. `claimed` is null where the header names no TCP addresses
 * (LOCAL, UNKNOWN, UNSPEC, datagrams, UNIX sockets): then the peer's own address is the client's.
 */
export function parseProxyHeader(bytes: Uint8Array): ParsedProxyHeader | null {
  if (V2_SIGNATURE.every((byte, index) => bytes[index] === byte)) return parseV2(bytes);
  return parseV1(bytes);
}

function parseV1(bytes: Uint8Array): ParsedProxyHeader | null {
  const text = String.fromCharCode(...bytes.subarray(0, V1_MAX_BYTES));
  const end = text.indexOf('\r\n');
  if (end < 0) return null;
  const line = text.slice(0, end);
  if (/^PROXY UNKNOWN( .*)?$/.test(line)) return { version: 1, command: 'proxy', claimed: null };
  const match = /^PROXY TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})$/.exec(line);
  if (match === null) return null;
  const [, family, srcIp = '', dstIp = '', srcPort = '', dstPort = ''] = match;
  const src = v1Endpoint(srcIp, srcPort, family === '6');
  const dst = v1Endpoint(dstIp, dstPort, family === '6');
  if (src === null || dst === null) return null;
  return { version: 1, command: 'proxy', claimed: { src, dst } };
}

function v1Endpoint(ip: string, port: string, isIpv6: boolean): Endpoint | null {
  const bytes = ip.includes(':') === isIpv6 ? parseIp(ip) : null;
  const isPort = /^(0|[1-9]\d*)$/.test(port) && Number(port) <= 0xffff;
  return bytes !== null && isPort ? { ip: formatIp(bytes), port: Number(port) } : null;
}

function parseV2(bytes: Uint8Array): ParsedProxyHeader | null {
  if (bytes.length < V2_FIXED_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const versionAndCommand = view.getUint8(12);
  if (versionAndCommand === 0x20) return { version: 2, command: 'local', claimed: null };
  if (versionAndCommand !== 0x21) return null;
  const addressBytes = v2AddressBytes(view.getUint8(13));
  if (addressBytes === null) return { version: 2, command: 'proxy', claimed: null };
  const needBytes = 2 * addressBytes + 4;
  if (view.getUint16(14) < needBytes || bytes.length < V2_FIXED_BYTES + needBytes) return null;
  return { version: 2, command: 'proxy', claimed: v2Tuple(view, addressBytes) };
}

function v2AddressBytes(family: number): number | null {
  if (family === V2_STREAM_INET) return 4;
  return family === V2_STREAM_INET6 ? 16 : null;
}

function v2Tuple(view: DataView, addressBytes: number): Tuple {
  const ports = V2_FIXED_BYTES + 2 * addressBytes;
  const ip = (index: number) => v2Ip(view, V2_FIXED_BYTES + index * addressBytes, addressBytes);
  return {
    src: { ip: ip(0), port: view.getUint16(ports) },
    dst: { ip: ip(1), port: view.getUint16(ports + 2) },
  };
}

function v2Ip(view: DataView, offset: number, addressBytes: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, addressBytes);
  if (addressBytes === 16) return formatIp(bytes);
  return bytes.join('.');
}
