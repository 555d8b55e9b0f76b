/**
 * Version 2: 16 fixed bytes, then `length` bytes: addresses, ports, TLVs.
 *
 *   offset  0 signature (12) · 12 version, command · 13 family, transport · 14 length (big endian) · 16 addresses
 */
import { formatIp } from '../model/ip.ts';
import type { Tuple } from '../model/tuple.ts';
import { crc32c } from './crc32c.ts';
import { type HeaderProblem, hexOf, problem } from './problem.ts';
import {
  type HeaderExtent,
  type ParsedProxyHeader,
  type ProxyFamily,
  type ProxyProtocolHeader,
  refused,
} from './proxyHeader.ts';
import { parseTlvs, TLV_CRC32C, TLV_HEAD_BYTES } from './proxyTlvs.ts';

export const V2_SIGNATURE = [
  0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
] as const;
const FIXED_BYTES = 16;

interface Protocol {
  readonly family: ProxyFamily;
  readonly isTcp: boolean;
  /** Both addresses and, where there are any, both ports. */
  readonly addressBytes: number;
}

/** All that the specification knows; a receiver must reject others. */
const PROTOCOLS: ReadonlyMap<number, Protocol> = new Map([
  [0x00, { family: 'unspec', isTcp: false, addressBytes: 0 }],
  [0x11, { family: 'inet', isTcp: true, addressBytes: 12 }],
  [0x12, { family: 'inet', isTcp: false, addressBytes: 12 }],
  [0x21, { family: 'inet6', isTcp: true, addressBytes: 36 }],
  [0x22, { family: 'inet6', isTcp: false, addressBytes: 36 }],
  [0x31, { family: 'unix', isTcp: false, addressBytes: 216 }],
  [0x32, { family: 'unix', isTcp: false, addressBytes: 216 }],
]);

const IGNORED = { family: 'unspec', claimed: null, tlvs: [] } as const;

/** `bytes` begin with the signature. */
export function parseV2(bytes: Uint8Array, extent: HeaderExtent): ParsedProxyHeader {
  if (bytes.length < FIXED_BYTES)
    return refused(problem('header', hexOf(bytes), `Shorter than ${FIXED_BYTES} bytes.`));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const versionAndCommand = view.getUint8(12);
  if (versionAndCommand >> 4 !== 2)
    return refused(problem('version', `${versionAndCommand >> 4}`, 'Must be 2.'));
  const command = versionAndCommand & 0x0f;
  if (command > 1)
    return refused(problem('command', `${command}`, 'Must be 0 (LOCAL) or 1 (PROXY).'));
  const headerBytes = FIXED_BYTES + view.getUint16(14);
  const isWhole = headerBytes <= bytes.length;
  if (!isWhole && extent === 'whole')
    return refused(
      problem('length', `${headerBytes - FIXED_BYTES}`, `Only ${bytes.length} bytes are there.`),
    );
  const head = { version: 2, headerBytes, isWhole } as const;
  // LOCAL: the rest, family included, must be skipped.
  if (command === 0) return { ok: true, header: { ...head, command: 'local', ...IGNORED } };
  const code = view.getUint8(13);
  const protocol = PROTOCOLS.get(code);
  if (protocol === undefined)
    return refused(
      problem('family', `0x${code.toString(16).padStart(2, '0')}`, 'No such family and transport.'),
    );
  if (protocol.family === 'unspec')
    return { ok: true, header: { ...head, command: 'proxy', ...IGNORED } };
  return parseProxied(bytes.subarray(0, headerBytes), protocol, { ...head, command: 'proxy' });
}

type Head = Pick<ProxyProtocolHeader, 'version' | 'command' | 'headerBytes' | 'isWhole'>;

function parseProxied(header: Uint8Array, protocol: Protocol, head: Head): ParsedProxyHeader {
  const { family, isTcp, addressBytes } = protocol;
  const tlvStart = FIXED_BYTES + addressBytes;
  if (head.headerBytes < tlvStart)
    return refused(
      problem(
        'length',
        `${head.headerBytes - FIXED_BYTES}`,
        `Addresses of this family need ${addressBytes} bytes.`,
      ),
    );
  if (isTcp && header.length < tlvStart)
    return refused(
      problem('addresses', hexOf(header.subarray(FIXED_BYTES)), 'The capture ends within them.'),
    );
  const claimed = isTcp ? claimedTuple(header, family === 'inet6' ? 16 : 4) : null;
  const parsed = parseTlvs(header.subarray(tlvStart), head.isWhole);
  if ('field' in parsed) return refused(parsed);
  const wrong = head.isWhole ? wrongChecksum(header, tlvStart) : null;
  if (wrong !== null) return refused(wrong);
  return { ok: true, header: { ...head, family, claimed, tlvs: parsed } };
}

function claimedTuple(header: Uint8Array, ipBytes: 4 | 16): Tuple {
  const ipAt = (offset: number) => {
    const bytes = header.subarray(offset, offset + ipBytes);
    return ipBytes === 4 ? bytes.join('.') : formatIp(bytes);
  };
  const portAt = (offset: number) => ((header[offset] ?? 0) << 8) | (header[offset + 1] ?? 0);
  const ports = FIXED_BYTES + 2 * ipBytes;
  return {
    src: { ip: ipAt(FIXED_BYTES), port: portAt(ports) },
    dst: { ip: ipAt(FIXED_BYTES + ipBytes), port: portAt(ports + 2) },
  };
}

/** The checksum covers the whole header, its own four bytes taken as zero. TLVs are known to be well formed. */
function wrongChecksum(header: Uint8Array, tlvStart: number): HeaderProblem | null {
  for (let offset = tlvStart; offset < header.length; ) {
    const value = offset + TLV_HEAD_BYTES;
    const length = ((header[offset + 1] ?? 0) << 8) | (header[offset + 2] ?? 0);
    if (header[offset] === TLV_CRC32C) {
      const zeroed = header.slice().fill(0, value, value + 4);
      const wanted = crc32c(zeroed).toString(16).padStart(8, '0');
      const found = hexOf(header.subarray(value, value + 4));
      return found === wanted
        ? null
        : problem('CRC32C', found, `The header's checksum is ${wanted}: it was damaged or forged.`);
    }
    offset = value + length;
  }
  return null;
}
