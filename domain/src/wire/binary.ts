/**
 * The fixed-size form of the records in v1.ts and of a whole batch.
 *
 *   batch   u32 magic "HTB1" | u32 envelope bytes | envelope (JSON, UTF-8) | records
 *   record  u8 kind | u8 version | u16 size in bytes, this head included | fields in the order below
 *
 * A reader steps over a record that it cannot decode by its size, so one bad record costs only itself.
 */
import {
  ascii,
  type Fields,
  type FieldType,
  group,
  hash64,
  oneOf,
  optional,
  optionalHash64,
  optionalTuple,
  optionalU64,
  placeFields,
  readFields,
  sizeOf,
  tuple,
  u8,
  u16,
  u32,
  u64,
  WireValueError,
} from './layout.ts';
import type {
  Envelope,
  ExchangeRecord,
  LegRecord,
  ProxyHeaderRecord,
  ProxyLinkRecord,
  RecordKind,
  RefusalRecord,
  Tap,
  WireRecord,
} from './v1.ts';
import {
  EXCHANGE_PROTOCOLS,
  LEG_ENDS,
  PROXY_LINK_SIDES,
  REFUSAL_EVIDENCE,
  REFUSAL_KINDS,
  SCHEMA_VERSION,
  TAP_DIRECTIONS,
  TAP_ROLES,
} from './v1.ts';

const HEAD_BYTES = 4;
const MAGIC = 0x3142_5448;

const tap: FieldType<Tap> = group<Tap>({
  netns: u32,
  ifindex: u32,
  role: oneOf(TAP_ROLES),
  synDirection: oneOf(TAP_DIRECTIONS),
});
const burst = group({ isnPairHash: hash64, burst: u32 });

const legFields: Fields<Omit<LegRecord, 'kind'>> = {
  seq: u64,
  startUs: u64,
  tap,
  tuple,
  original: optionalTuple,
  reply: optionalTuple,
  clientIsnHash: optionalHash64,
  serverIsnHash: optionalHash64,
  isnPairHash: optionalHash64,
  synTtl: u8,
  synCount: u16,
  synNs: u64,
  synAckNs: optionalU64,
  ackNs: optionalU64,
  firstRequestNs: optionalU64,
  firstResponseNs: optionalU64,
  endNs: optionalU64,
  end: oneOf(LEG_ENDS),
  revision: u8,
  legId: u64,
};
const refusalFields: Fields<Omit<RefusalRecord, 'kind'>> = {
  seq: u64,
  startUs: u64,
  tap,
  tuple,
  clientIsnHash: optionalHash64,
  refusal: oneOf(REFUSAL_KINDS),
  evidence: oneOf(REFUSAL_EVIDENCE),
  afterNs: u64,
  synCount: u16,
  icmpType: u8,
  icmpCode: u8,
  reason: ascii(32),
};
const proxyLinkFields: Fields<Omit<ProxyLinkRecord, 'kind'>> = {
  seq: u64,
  startUs: u64,
  netns: u32,
  pid: u32,
  side: oneOf(PROXY_LINK_SIDES),
  subject: burst,
  lastRead: optional(burst),
  oldest: optional(burst),
  process: ascii(16),
};
const proxyHeaderFields: Fields<Omit<ProxyHeaderRecord, 'kind'>> = {
  seq: u64,
  startUs: u64,
  isnPairHash: hash64,
  version: oneOf([1, 2] as const),
  command: oneOf(['local', 'proxy'] as const),
  claimed: optionalTuple,
};

const exchangeFields: Fields<Omit<ExchangeRecord, 'kind'>> = {
  seq: u64,
  startUs: u64,
  tap,
  isnPairHash: hash64,
  burst: u32,
  requestOffset: u64,
  responseOffset: u64,
  requestFirstNs: optionalU64,
  requestLastNs: optionalU64,
  responseFirstNs: optionalU64,
  responseLastNs: optionalU64,
  requestBytes: u64,
  responseBytes: u64,
  method: ascii(8),
  status: u16,
  requestIdHash: optionalHash64,
  traceIdHash: optionalHash64,
  protocol: oneOf(EXCHANGE_PROTOCOLS),
  firstFlightHash: optionalHash64,
};

interface RecordLayout {
  readonly kind: RecordKind;
  readonly code: number;
  readonly sizeBytes: number;
  write(view: DataView, record: WireRecord): void;
  read(view: DataView): WireRecord;
}

function layoutOf<T extends WireRecord>(
  kind: T['kind'],
  code: number,
  fields: Fields<Omit<T, 'kind'>>,
): RecordLayout {
  const placed = placeFields(fields);
  const sizeBytes = HEAD_BYTES + sizeOf(fields);
  return {
    kind,
    code,
    sizeBytes,
    write: (view, record) => {
      view.setUint8(0, code);
      view.setUint8(1, SCHEMA_VERSION);
      view.setUint16(2, sizeBytes, true);
      const body = record as unknown as Omit<T, 'kind'>;
      for (const field of placed)
        field.type.write(view, HEAD_BYTES + field.offset, body[field.name]);
    },
    read: (view) => ({ kind, ...readFields(placed, view, HEAD_BYTES) }) as unknown as WireRecord,
  };
}

const LAYOUTS: readonly RecordLayout[] = [
  layoutOf<LegRecord>('leg', 1, legFields),
  layoutOf<RefusalRecord>('refusal', 2, refusalFields),
  layoutOf<ProxyLinkRecord>('proxyLink', 3, proxyLinkFields),
  layoutOf<ProxyHeaderRecord>('proxyHeader', 4, proxyHeaderFields),
  layoutOf<ExchangeRecord>('exchange', 5, exchangeFields),
];
const LAYOUT_BY_KIND = new Map(LAYOUTS.map((layout) => [layout.kind, layout]));
const LAYOUT_BY_CODE = new Map(LAYOUTS.map((layout) => [layout.code, layout]));

/** Size on the wire of one record of this kind, in bytes. */
export function recordSizeBytes(kind: RecordKind): number {
  return layoutFor(kind).sizeBytes;
}

function layoutFor(kind: RecordKind): RecordLayout {
  const layout = LAYOUT_BY_KIND.get(kind);
  if (layout === undefined) throw new WireValueError(`no layout for ${kind}`);
  return layout;
}

/** Encodes a batch. `envelope.count` is set to the number of records. Records must satisfy their schema. */
export function encodeBatch(envelope: Envelope, records: readonly WireRecord[]): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify({ ...envelope, count: records.length }));
  const layouts = records.map((record) => layoutFor(record.kind));
  const total = 8 + json.length + layouts.reduce((sum, layout) => sum + layout.sizeBytes, 0);
  const bytes = new Uint8Array(total);
  const head = new DataView(bytes.buffer);
  head.setUint32(0, MAGIC, true);
  head.setUint32(4, json.length, true);
  bytes.set(json, 8);
  let offset = 8 + json.length;
  for (const [index, record] of records.entries()) {
    const layout = layouts[index] as RecordLayout;
    layout.write(new DataView(bytes.buffer, offset, layout.sizeBytes), record);
    offset += layout.sizeBytes;
  }
  return bytes;
}

/** One record (or the rest of a batch) that was refused. `field` is a path such as `records[3].tuple`. */
export interface WireProblem {
  readonly field: string;
  readonly text: string;
  readonly remedy: string;
}

export interface SplitBatch {
  /** The envelope as parsed JSON, not yet validated; undefined where even that failed. */
  readonly envelope: unknown;
  readonly records: WireRecord[];
  readonly problems: WireProblem[];
}

/**
 * Takes a batch apart. Never throws on data: what cannot be decoded is a problem, its good neighbours are kept.
 * The caller validates the envelope (v1.envelopeSchema) and may re-check records by recordSchema.
 */
export function decodeBatch(bytes: Uint8Array): SplitBatch {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8 || view.getUint32(0, true) !== MAGIC) {
    return failed(
      'magic',
      'the batch does not begin with "HTB1"',
      'send batches made by encodeBatch of schema version 1',
    );
  }
  const jsonBytes = view.getUint32(4, true);
  if (8 + jsonBytes > bytes.length) {
    return failed(
      'envelope',
      `${jsonBytes} bytes announced, ${bytes.length - 8} present`,
      'send the batch whole',
    );
  }
  const envelope = parseJson(bytes.subarray(8, 8 + jsonBytes));
  if (envelope === undefined)
    return failed('envelope', 'is not JSON', 'encode the envelope as UTF-8 JSON');
  const { records, problems } = decodeRecords(view, 8 + jsonBytes);
  return { envelope, records, problems };
}

function failed(field: string, text: string, remedy: string): SplitBatch {
  return { envelope: undefined, records: [], problems: [{ field, text, remedy }] };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function decodeRecords(view: DataView, start: number): Pick<SplitBatch, 'records' | 'problems'> {
  const records: WireRecord[] = [];
  const problems: WireProblem[] = [];
  let offset = start;
  for (let index = 0; offset < view.byteLength; index++) {
    const field = `records[${index}]`;
    const rest = view.byteLength - offset;
    const sizeBytes = rest >= HEAD_BYTES ? view.getUint16(offset + 2, true) : 0;
    if (sizeBytes < HEAD_BYTES || sizeBytes > rest) {
      problems.push({
        field: `${field}.size`,
        text: `${sizeBytes} bytes announced, ${rest} left`,
        remedy: 'the rest of the batch cannot be read; resend it from this record on',
      });
      break;
    }
    const result = decodeRecord(
      new DataView(view.buffer, view.byteOffset + offset, sizeBytes),
      field,
    );
    if ('record' in result) records.push(result.record);
    else problems.push(result.problem);
    offset += sizeBytes;
  }
  return { records, problems };
}

/** Takes one record apart. `field` names it in a problem; `view` spans exactly the record. */
export function decodeRecord(
  view: DataView,
  field: string,
): { record: WireRecord } | { problem: WireProblem } {
  const layout = LAYOUT_BY_CODE.get(view.getUint8(0));
  const problem = (name: string, text: string, remedy: string) => ({
    problem: { field: `${field}.${name}`, text, remedy },
  });
  if (layout === undefined) {
    const known = LAYOUTS.map((each) => `${each.code} ${each.kind}`).join(', ');
    return problem('kind', `${view.getUint8(0)} is unknown`, `known kinds: ${known}`);
  }
  if (view.getUint8(1) !== SCHEMA_VERSION) {
    return problem(
      'version',
      `${view.getUint8(1)} is unknown`,
      `this collector reads version ${SCHEMA_VERSION}`,
    );
  }
  if (view.byteLength !== layout.sizeBytes) {
    return problem(
      'size',
      `${view.byteLength} bytes`,
      `a ${layout.kind} has ${layout.sizeBytes} bytes`,
    );
  }
  try {
    return { record: layout.read(view) };
  } catch (error) {
    if (!(error instanceof WireValueError)) throw error;
    const [name = '', ...text] = error.message.split(': ');
    return problem(
      name,
      text.join(': '),
      `see legal values of ${layout.kind}.${name} in wire/v1.ts`,
    );
  }
}
