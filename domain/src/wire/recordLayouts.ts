/** Where each field of each kind of record lies, and how it is written and read. */
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
import { readExchange, readLeg } from './shortReaders.ts';
import { LEG_BYTES_BEFORE_TRAFFIC, trafficField } from './trafficField.ts';
import type {
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

export const HEAD_BYTES = 4;
/** The first field of every record. */
export const SEQ_OFFSET = HEAD_BYTES;

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
  traffic: trafficField,
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
  /** As earlier agents write it, without the last field. */
  readonly earlierSizeBytes?: number;
  /** Of each field, from the begin of the record. */
  readonly offsets: Readonly<Record<string, number>>;
  write(view: DataView, at: number, record: WireRecord): void;
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
    offsets: Object.fromEntries(placed.map(({ name, offset }) => [name, HEAD_BYTES + offset])),
    write: (view, at, record) => {
      writeHead(view, at, code, sizeBytes);
      const body = record as unknown as Omit<T, 'kind'>;
      for (const field of placed)
        field.type.write(view, at + HEAD_BYTES + field.offset, body[field.name]);
    },
    read: (view) => ({ kind, ...readFields(placed, view, HEAD_BYTES) }) as unknown as WireRecord,
  };
}

export function writeHead(view: DataView, at: number, code: number, sizeBytes: number): void {
  view.setUint8(at, code);
  view.setUint8(at + 1, SCHEMA_VERSION);
  view.setUint16(at + 2, sizeBytes, true);
}

/** Tries the short way; what that cannot read, the list of fields names. */
function withShortReader(
  layout: RecordLayout,
  readShort: (view: DataView) => WireRecord,
): RecordLayout {
  return {
    ...layout,
    read: (view) => {
      try {
        return readShort(view);
      } catch (error) {
        if (!(error instanceof WireValueError)) throw error;
        return layout.read(view);
      }
    },
  };
}

export const LAYOUTS: readonly RecordLayout[] = [
  {
    ...withShortReader(layoutOf<LegRecord>('leg', 1, legFields), readLeg),
    earlierSizeBytes: LEG_BYTES_BEFORE_TRAFFIC,
  },
  layoutOf<RefusalRecord>('refusal', 2, refusalFields),
  layoutOf<ProxyLinkRecord>('proxyLink', 3, proxyLinkFields),
  layoutOf<ProxyHeaderRecord>('proxyHeader', 4, proxyHeaderFields),
  withShortReader(layoutOf<ExchangeRecord>('exchange', 5, exchangeFields), readExchange),
];
const LAYOUT_BY_KIND = new Map(LAYOUTS.map((layout) => [layout.kind, layout]));
export const LAYOUT_BY_CODE = new Map(LAYOUTS.map((layout) => [layout.code, layout]));

export function layoutFor(kind: RecordKind): RecordLayout {
  const layout = LAYOUT_BY_KIND.get(kind);
  if (layout === undefined) throw new WireValueError(`no layout for ${kind}`);
  return layout;
}
