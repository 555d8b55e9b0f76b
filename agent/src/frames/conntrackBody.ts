/** Frames about conntrack, both ways. Offsets are those of struct hop_conntrack and struct hop_conntrack_stats. */
import { parseIp } from '@hoptrace/domain/model/ip.ts';
import type { Tuple } from '@hoptrace/domain/model/tuple.ts';
import type { ConntrackFrame, ConntrackStatsFrame } from './frame.ts';
import { tupleAt } from './tupleAt.ts';

/** In the order of enum hop_conntrack_event, which counts from 1. */
export const CONNTRACK_EVENTS = ['old', 'new', 'update', 'destroy'] as const;

const AT = {
  ...{ ts: 0, event: 8, start: 16, stop: 24, originalBytes: 32, replyBytes: 40 },
  ...{ originalPackets: 48, replyPackets: 56, netns: 64, id: 68, status: 72 },
  ...{ what: 76, family: 77, tcpState: 78, flags: 79, original: 80, reply: 116 },
} as const;
const COUNTED = 1;
/** enum tcp_conntrack ends with TCP_CONNTRACK_SYN_SENT2. */
const TCP_STATE_MAX = 9;
/** High words of stamps below 2^60 ns; see bodies.ts. Wall-clock ones may be twice as large: the year 2043. */
const MONOTONIC_HIGH_MAX = 0x1000_0000;
const REALTIME_HIGH_MAX = 0x2000_0000;
/** Exact as a number. */
const COUNTER_HIGH_MAX = 0x20_0000;

/** Null where a field holds a value that hop.h does not define. */
export function parseConntrack(view: DataView): ConntrackFrame | null {
  const event = CONNTRACK_EVENTS[view.getUint8(AT.what) - 1];
  const family = view.getUint8(AT.family);
  const tcpState = view.getUint8(AT.tcpState);
  if (event === undefined || (family !== 4 && family !== 6) || tcpState > TCP_STATE_MAX)
    return null;
  if (view.getUint32(AT.ts + 4, true) >= MONOTONIC_HIGH_MAX) return null;
  const stamps = [AT.event, AT.start, AT.stop];
  if (stamps.some((at) => view.getUint32(at + 4, true) >= REALTIME_HIGH_MAX)) return null;
  const isCounted = (view.getUint8(AT.flags) & COUNTED) !== 0;
  const counters = [AT.originalBytes, AT.replyBytes, AT.originalPackets, AT.replyPackets];
  if (counters.some((at) => view.getUint32(at + 4, true) >= COUNTER_HIGH_MAX)) return null;
  const count = (at: number) => (isCounted ? Number(view.getBigUint64(at, true)) : null);
  return {
    kind: 'conntrack',
    event,
    tsNs: view.getBigUint64(AT.ts, true),
    eventRealtimeNs: realtimeAt(view, AT.event),
    startRealtimeNs: realtimeAt(view, AT.start),
    stopRealtimeNs: realtimeAt(view, AT.stop),
    originalBytes: count(AT.originalBytes),
    replyBytes: count(AT.replyBytes),
    originalPackets: count(AT.originalPackets),
    replyPackets: count(AT.replyPackets),
    netns: view.getUint32(AT.netns, true),
    id: view.getUint32(AT.id, true),
    status: view.getUint32(AT.status, true),
    family,
    tcpState,
    original: tupleAt(view, AT.original),
    reply: tupleAt(view, AT.reply),
  };
}

export function writeConntrack(view: DataView, frame: ConntrackFrame): void {
  const isCounted = frame.originalBytes !== null;
  view.setBigUint64(AT.ts, frame.tsNs, true);
  view.setBigUint64(AT.event, frame.eventRealtimeNs ?? 0n, true);
  view.setBigUint64(AT.start, frame.startRealtimeNs ?? 0n, true);
  view.setBigUint64(AT.stop, frame.stopRealtimeNs ?? 0n, true);
  view.setBigUint64(AT.originalBytes, BigInt(frame.originalBytes ?? 0), true);
  view.setBigUint64(AT.replyBytes, BigInt(frame.replyBytes ?? 0), true);
  view.setBigUint64(AT.originalPackets, BigInt(frame.originalPackets ?? 0), true);
  view.setBigUint64(AT.replyPackets, BigInt(frame.replyPackets ?? 0), true);
  view.setUint32(AT.netns, frame.netns, true);
  view.setUint32(AT.id, frame.id, true);
  view.setUint32(AT.status, frame.status, true);
  view.setUint8(AT.what, CONNTRACK_EVENTS.indexOf(frame.event) + 1);
  view.setUint8(AT.family, frame.family);
  view.setUint8(AT.tcpState, frame.tcpState);
  view.setUint8(AT.flags, isCounted ? COUNTED : 0);
  writeTuple(view, AT.original, frame.original);
  writeTuple(view, AT.reply, frame.reply);
}

export function parseConntrackStats(view: DataView): ConntrackStatsFrame {
  const count = (at: number) => Number(view.getBigUint64(at, true));
  return {
    kind: 'conntrackStats',
    eventsRead: count(0),
    overruns: count(8),
    oldFound: count(16),
    unreadable: count(24),
    namespaces: view.getUint32(32, true),
  };
}

export function writeConntrackStats(view: DataView, frame: ConntrackStatsFrame): void {
  const counts = [frame.eventsRead, frame.overruns, frame.oldFound, frame.unreadable];
  for (const [index, count] of counts.entries()) view.setBigUint64(index * 8, BigInt(count), true);
  view.setUint32(32, frame.namespaces, true);
}

function realtimeAt(view: DataView, at: number): bigint | null {
  const ns = view.getBigUint64(at, true);
  return ns === 0n ? null : ns;
}

function writeTuple(view: DataView, offset: number, tuple: Tuple): void {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, 36);
  bytes.set(parseIp(tuple.src.ip) ?? [], 0);
  bytes.set(parseIp(tuple.dst.ip) ?? [], 16);
  view.setUint16(offset + 32, tuple.src.port, true);
  view.setUint16(offset + 34, tuple.dst.port, true);
}
