/** Body bytes to typed frames. Offsets are those of agent/bpf/hop.h. None of these throws on data. */
import { formatIp } from '@hoptrace/domain/model/ip.ts';
import type { Tuple } from '@hoptrace/domain/model/tuple.ts';
import type {
  BurstFrame,
  ClockFrame,
  LinkFrame,
  PacketFrame,
  ProxyHeaderFrame,
  StatsFrame,
} from './frame.ts';
import { CT_PRESENT, DEVICE_KINDS, PACKET_TYPES } from './layout.ts';

const PROXY_BYTES_OFFSET = 60;
const PROXY_BYTES_MAX = 108;

/** Null where a field holds a value that hop.h does not define. */
export function parsePacket(view: DataView): PacketFrame | null {
  const type = PACKET_TYPES[view.getUint8(32) - 1];
  const deviceKind = DEVICE_KINDS[view.getUint8(37)];
  const family = view.getUint8(35);
  if (type === undefined || deviceKind === undefined) return null;
  if (family !== 4 && family !== 6) return null;
  const hasConntrack = (view.getUint32(28, true) & CT_PRESENT) !== 0;
  return {
    kind: 'packet',
    tsNs: view.getBigUint64(0, true),
    netns: view.getUint32(8, true),
    ifindex: view.getUint32(12, true),
    ifname: printable(view, 40, 16),
    deviceKind,
    type,
    milestones: view.getUint8(34),
    tcpFlags: view.getUint8(33),
    seq: view.getUint32(16, true),
    ack: view.getUint32(20, true),
    reason: view.getUint32(24, true),
    family,
    ttl: view.getUint8(36),
    payloadBytes: view.getUint16(38, true),
    tuple: tupleAt(view, 56),
    original: hasConntrack ? tupleAt(view, 92) : null,
    reply: hasConntrack ? tupleAt(view, 128) : null,
  };
}

export function parseLink(view: DataView): LinkFrame | null {
  const side = view.getUint32(20, true);
  const subject = burstAt(view, 24);
  if (subject === null || (side !== 1 && side !== 2)) return null;
  return {
    kind: 'link',
    tsNs: view.getBigUint64(0, true),
    netns: view.getUint32(8, true),
    pid: view.getUint32(12, true),
    side: side === 1 ? 'request' : 'response',
    subject,
    lastRead: burstAt(view, 48),
    oldest: burstAt(view, 72),
    process: printable(view, 96, 16),
  };
}

export function parseProxyHeader(view: DataView): ProxyHeaderFrame | null {
  const capturedBytes = view.getUint16(20, true);
  if (capturedBytes > PROXY_BYTES_MAX) return null;
  const start = view.byteOffset + PROXY_BYTES_OFFSET;
  return {
    kind: 'proxyHeader',
    tsNs: view.getBigUint64(0, true),
    netns: view.getUint32(8, true),
    seq: view.getUint32(12, true),
    ack: view.getUint32(16, true),
    tuple: tupleAt(view, 24),
    bytes: new Uint8Array(view.buffer.slice(start, start + capturedBytes)),
  };
}

export function parseClock(view: DataView): ClockFrame {
  return {
    kind: 'clock',
    monotonicNs: view.getBigUint64(0, true),
    realtimeMinusMonotonicNs: view.getBigInt64(8, true),
  };
}

export function parseStats(view: DataView): StatsFrame {
  const count = (offset: number) => Number(view.getBigUint64(offset, true));
  return {
    kind: 'stats',
    packetsSeen: count(0),
    eventsEmitted: count(8),
    ringLost: count(16),
    mapFull: count(24),
  };
}

function burstAt(view: DataView, offset: number): BurstFrame | null {
  const cookie = view.getBigUint64(offset, true);
  if (cookie === 0n) return null;
  return {
    cookie,
    isnLocal: view.getUint32(offset + 8, true),
    isnRemote: view.getUint32(offset + 12, true),
    burst: view.getUint32(offset + 16, true),
    isAccepted: view.getUint32(offset + 20, true) === 1,
  };
}

function tupleAt(view: DataView, offset: number): Tuple {
  const ip = (at: number) => formatIp(new Uint8Array(view.buffer, view.byteOffset + at, 16));
  return {
    src: { ip: ip(offset), port: view.getUint16(offset + 32, true) },
    dst: { ip: ip(offset + 16), port: view.getUint16(offset + 34, true) },
  };
}

/** A C string; bytes that are no printable ASCII become '?', so that nothing odd reaches logs or records. */
function printable(view: DataView, offset: number, maxBytes: number): string {
  let text = '';
  for (let index = 0; index < maxBytes; index++) {
    const code = view.getUint8(offset + index);
    if (code === 0) break;
    text += code >= 0x20 && code <= 0x7e ? String.fromCharCode(code) : '?';
  }
  return text;
}
