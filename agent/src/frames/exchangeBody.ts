/** Exchange frames, both ways. Offsets are those of struct hop_exchange in agent/bpf/hop.h. */
import type { ExchangeFrame } from './frame.ts';
import { DEVICE_KINDS, TAP_DIRECTIONS } from './layout.ts';

const AT = {
  legId: 0,
  at: 8,
  request: 16,
  requestLast: 24,
  response: 32,
  responseLast: 40,
  requestOffset: 48,
  requestBytes: 56,
  responseOffset: 64,
  responseBytes: 72,
  netns: 80,
  ifindex: 84,
  clientIsn: 88,
  serverIsn: 92,
  burst: 96,
  leftOut: 100,
  direction: 104,
  deviceKind: 105,
  flags: 106,
} as const;

const IS_EARLY = 1;
const TWO_32 = 0x1_0000_0000;
/** High words of stamps below 2^60 ns; see bodies.ts. */
const STAMP_HIGH_MAX = 0x1000_0000;
/** High words of numbers below 2^52, exact as numbers: more than any connection carries or lasts. */
const NUMBER_HIGH_MAX = 0x10_0000;

const COUNTS = [AT.requestOffset, AT.requestBytes, AT.responseOffset, AT.responseBytes] as const;
const STAMPS = [AT.at, AT.requestLast, AT.response, AT.responseLast] as const;

/** Null where a field holds a value that hop.h does not define. Never throws. */
export function parseExchange(view: DataView): ExchangeFrame | null {
  const direction = TAP_DIRECTIONS[view.getUint8(AT.direction) - 1];
  const deviceKind = DEVICE_KINDS[view.getUint8(AT.deviceKind)];
  const burst = view.getUint32(AT.burst, true);
  if (direction === undefined || deviceKind === undefined || burst === 0) return null;
  if (high(view, AT.legId) > 0xffff || COUNTS.some((at) => high(view, at) >= NUMBER_HIGH_MAX))
    return null;
  const isInRange = (at: number) =>
    high(view, at) < STAMP_HIGH_MAX && Math.abs(sinceStart(view, at)) < 2 ** 52;
  if (high(view, AT.request) >= STAMP_HIGH_MAX || !STAMPS.every(isInRange)) return null;
  return {
    kind: 'exchange',
    legId: count(view, AT.legId),
    tsNs: view.getBigUint64(AT.at, true),
    startNs: view.getBigUint64(AT.request, true),
    requestLastNs: positive(view, AT.requestLast),
    responseNs: positive(view, AT.response),
    responseLastNs: positive(view, AT.responseLast),
    requestOffset: count(view, AT.requestOffset),
    requestBytes: count(view, AT.requestBytes),
    responseOffset: count(view, AT.responseOffset),
    responseBytes: count(view, AT.responseBytes),
    netns: view.getUint32(AT.netns, true),
    ifindex: view.getUint32(AT.ifindex, true),
    deviceKind,
    direction,
    clientIsn: view.getUint32(AT.clientIsn, true),
    serverIsn: view.getUint32(AT.serverIsn, true),
    burst,
    leftOut: view.getUint32(AT.leftOut, true),
    isEarly: (view.getUint8(AT.flags) & IS_EARLY) !== 0,
  };
}

export function writeExchange(view: DataView, frame: ExchangeFrame): void {
  const stamp = (ns: number) => frame.startNs + BigInt(ns);
  const words = [
    [AT.legId, BigInt(frame.legId)],
    [AT.at, frame.tsNs],
    [AT.request, frame.startNs],
    [AT.requestLast, stamp(frame.requestLastNs)],
    [AT.response, stamp(frame.responseNs)],
    [AT.responseLast, stamp(frame.responseLastNs)],
    [AT.requestOffset, BigInt(frame.requestOffset)],
    [AT.requestBytes, BigInt(frame.requestBytes)],
    [AT.responseOffset, BigInt(frame.responseOffset)],
    [AT.responseBytes, BigInt(frame.responseBytes)],
  ] as const;
  for (const [at, value] of words) view.setBigUint64(at, value, true);
  view.setUint32(AT.netns, frame.netns, true);
  view.setUint32(AT.ifindex, frame.ifindex, true);
  view.setUint32(AT.clientIsn, frame.clientIsn, true);
  view.setUint32(AT.serverIsn, frame.serverIsn, true);
  view.setUint32(AT.burst, frame.burst, true);
  view.setUint32(AT.leftOut, frame.leftOut, true);
  view.setUint8(AT.direction, TAP_DIRECTIONS.indexOf(frame.direction) + 1);
  view.setUint8(AT.deviceKind, DEVICE_KINDS.indexOf(frame.deviceKind));
  view.setUint8(AT.flags, frame.isEarly ? IS_EARLY : 0);
}

function high(view: DataView, at: number): number {
  return view.getUint32(at + 4, true);
}

function count(view: DataView, at: number): number {
  return high(view, at) * TWO_32 + view.getUint32(at, true);
}

/** Without BigInt, which would cost an allocation for each stamp. */
function sinceStart(view: DataView, at: number): number {
  const highs = high(view, at) - high(view, AT.request);
  return highs * TWO_32 + (view.getUint32(at, true) - view.getUint32(AT.request, true));
}

/** Stamps of two CPUs may be a little out of order. */
function positive(view: DataView, at: number): number {
  return Math.max(0, sinceStart(view, at));
}
