/** The type-length-value fields that end a PROXY v2 header: type (1 byte), length (2, big endian), value. */
import { type HeaderProblem, hexOf, problem } from './problem.ts';

export interface ProxyTlv {
  readonly type: number;
  /** The specification's name without PP2_TYPE_; `CUSTOM`, `EXPERIMENTAL`, `FUTURE`, `UNASSIGNED` else. */
  readonly name: string;
  readonly valueHex: string;
  /** Set where the type is SSL. */
  readonly ssl: ProxySsl | null;
}

/** What the sender says about the client's TLS connection. */
export interface ProxySsl {
  readonly isTls: boolean;
  /** The client showed a certificate over this connection, or earlier in the TLS session. */
  readonly hasCertificate: boolean;
  /** It showed one that was verified. */
  readonly isVerified: boolean;
  readonly tlvs: readonly ProxyTlv[];
}

export const TLV_CRC32C = 0x03;
export const TLV_HEAD_BYTES = 3;
const TLV_UNIQUE_ID = 0x05;
const TLV_SSL = 0x20;
/** One byte of flags, four that are zero if a certificate was shown and verified. */
const SSL_HEAD_BYTES = 5;
const UNIQUE_ID_MAX_BYTES = 128;

const NAMES: ReadonlyMap<number, string> = new Map([
  [0x01, 'ALPN'],
  [0x02, 'AUTHORITY'],
  [TLV_CRC32C, 'CRC32C'],
  [0x04, 'NOOP'],
  [TLV_UNIQUE_ID, 'UNIQUE_ID'],
  [TLV_SSL, 'SSL'],
  [0x21, 'SSL_VERSION'],
  [0x22, 'SSL_CN'],
  [0x23, 'SSL_CIPHER'],
  [0x24, 'SSL_SIG_ALG'],
  [0x25, 'SSL_KEY_ALG'],
  [0x30, 'NETNS'],
]);

/** `isWhole` false: the bytes were cut; what is not there whole is left out instead of being a problem. */
export function parseTlvs(bytes: Uint8Array, isWhole: boolean): ProxyTlv[] | HeaderProblem {
  const fields = split(bytes, isWhole);
  if ('field' in fields) return fields;
  const tlvs: ProxyTlv[] = [];
  for (const { type, value } of fields) {
    const tlv = type === TLV_SSL ? parseSsl(value) : plainTlv(type, value);
    const wrong = 'field' in tlv ? tlv : wrongValue(type, value, tlvs);
    if (wrong !== null) return wrong;
    if (!('field' in tlv)) tlvs.push(tlv);
  }
  return tlvs;
}

function wrongValue(type: number, value: Uint8Array, before: readonly ProxyTlv[]) {
  if (type === TLV_CRC32C && value.length !== 4)
    return problem('CRC32C', hexOf(value), 'Must be 4 bytes.');
  if (type === TLV_CRC32C && before.some((each) => each.type === TLV_CRC32C))
    return problem('CRC32C', hexOf(value), 'Must not occur twice.');
  if (type === TLV_UNIQUE_ID && value.length > UNIQUE_ID_MAX_BYTES)
    return problem('UNIQUE_ID', `${value.length} bytes`, `At most ${UNIQUE_ID_MAX_BYTES} bytes.`);
  return null;
}

/** One level deep: SSL within SSL has no meaning and would let a sender nest without end. */
function parseSsl(value: Uint8Array): ProxyTlv | HeaderProblem {
  if (value.length < SSL_HEAD_BYTES)
    return problem('SSL', hexOf(value), `Must be at least ${SSL_HEAD_BYTES} bytes.`);
  const fields = split(value.subarray(SSL_HEAD_BYTES), true);
  if ('field' in fields) return fields;
  const flags = value[0] ?? 0;
  const hasCertificate = (flags & 0x06) !== 0;
  const ssl: ProxySsl = {
    isTls: (flags & 0x01) !== 0,
    hasCertificate,
    isVerified: hasCertificate && value.subarray(1, SSL_HEAD_BYTES).every((byte) => byte === 0),
    tlvs: fields.map((field) => plainTlv(field.type, field.value)),
  };
  return { ...plainTlv(TLV_SSL, value), ssl };
}

function plainTlv(type: number, value: Uint8Array): ProxyTlv {
  return { type, name: nameOf(type), valueHex: hexOf(value), ssl: null };
}

interface Field {
  readonly type: number;
  readonly value: Uint8Array;
}

function split(bytes: Uint8Array, isWhole: boolean): Field[] | HeaderProblem {
  const fields: Field[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const head = bytes.subarray(offset, offset + TLV_HEAD_BYTES);
    const [type = 0, high = 0, low = 0] = head;
    const start = offset + TLV_HEAD_BYTES;
    const end = start + ((high << 8) | low);
    if (head.length < TLV_HEAD_BYTES || end > bytes.length) {
      const text = 'Its length leads past the end of what contains it.';
      return isWhole ? problem('TLV', hexOf(bytes.subarray(offset)), text) : fields;
    }
    fields.push({ type, value: bytes.subarray(start, end) });
    offset = end;
  }
  return fields;
}

function nameOf(type: number): string {
  const known = NAMES.get(type);
  if (known !== undefined) return known;
  if (type >= 0xf8) return 'FUTURE';
  if (type >= 0xf0) return 'EXPERIMENTAL';
  return type >= 0xe0 ? 'CUSTOM' : 'UNASSIGNED';
}
