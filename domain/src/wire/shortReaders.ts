/**
 * Legs and exchanges, which nearly all records are, written out: an object that is filled field by field costs five
 * times as much. binary.test.ts holds both against the lists of fields, by which they are written.
 */
import {
  ascii,
  hash64,
  oneOf,
  optionalHash64,
  optionalTuple,
  optionalU64,
  tuple,
  u64,
} from './layout.ts';
import { LEG_BYTES_BEFORE_TRAFFIC, trafficField } from './trafficField.ts';
import {
  EXCHANGE_PROTOCOLS,
  type ExchangeRecord,
  LEG_ENDS,
  type LegRecord,
  TAP_DIRECTIONS,
  TAP_ROLES,
  type Tap,
} from './v1.ts';

const role = oneOf(TAP_ROLES);
const direction = oneOf(TAP_DIRECTIONS);
const end = oneOf(LEG_ENDS);
const protocol = oneOf(EXCHANGE_PROTOCOLS);
const method = ascii(8);

function readTap(view: DataView, at: number): Tap {
  return {
    netns: view.getUint32(at, true),
    ifindex: view.getUint32(at + 4, true),
    role: role.read(view, at + 8),
    synDirection: direction.read(view, at + 9),
  };
}

/** Throws a WireValueError where some field holds no legal value. */
export function readLeg(view: DataView): LegRecord {
  return {
    kind: 'leg',
    seq: u64.read(view, 4),
    startUs: u64.read(view, 12),
    tap: readTap(view, 20),
    tuple: tuple.read(view, 30),
    original: optionalTuple.read(view, 66),
    reply: optionalTuple.read(view, 102),
    clientIsnHash: optionalHash64.read(view, 138),
    serverIsnHash: optionalHash64.read(view, 146),
    isnPairHash: optionalHash64.read(view, 154),
    synTtl: view.getUint8(162),
    synCount: view.getUint16(163, true),
    synNs: u64.read(view, 165),
    synAckNs: optionalU64.read(view, 173),
    ackNs: optionalU64.read(view, 181),
    firstRequestNs: optionalU64.read(view, 189),
    firstResponseNs: optionalU64.read(view, 197),
    endNs: optionalU64.read(view, 205),
    end: end.read(view, 213),
    revision: view.getUint8(214),
    legId: u64.read(view, 215),
    traffic: trafficField.read(view, LEG_BYTES_BEFORE_TRAFFIC),
  };
}

/** Throws a WireValueError where some field holds no legal value. */
export function readExchange(view: DataView): ExchangeRecord {
  return {
    kind: 'exchange',
    seq: u64.read(view, 4),
    startUs: u64.read(view, 12),
    tap: readTap(view, 20),
    isnPairHash: hash64.read(view, 30),
    burst: view.getUint32(38, true),
    requestOffset: u64.read(view, 42),
    responseOffset: u64.read(view, 50),
    requestFirstNs: optionalU64.read(view, 58),
    requestLastNs: optionalU64.read(view, 66),
    responseFirstNs: optionalU64.read(view, 74),
    responseLastNs: optionalU64.read(view, 82),
    requestBytes: u64.read(view, 90),
    responseBytes: u64.read(view, 98),
    method: method.read(view, 106),
    status: view.getUint16(114, true),
    requestIdHash: optionalHash64.read(view, 116),
    traceIdHash: optionalHash64.read(view, 124),
    protocol: protocol.read(view, 132),
    firstFlightHash: optionalHash64.read(view, 133),
  };
}
