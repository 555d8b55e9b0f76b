/** Frames about payload, both ways. Offsets are those of struct hop_flight and struct hop_head in agent/bpf/hop.h. */
import type { FlightFrame, HeadFrame } from './frame.ts';

const AT = { ts: 0, netns: 8, seq: 12, ack: 16, capturedBytes: 20 } as const;
const RANDOM_AT = 24;
const RANDOM_BYTES = 32;
const HEAD_AT = 24;
const HEAD_MAX_BYTES = 512;
/** High words of stamps below 2^60 ns; see bodies.ts. */
const STAMP_HIGH_MAX = 0x1000_0000;

export function parseFlight(view: DataView): FlightFrame | null {
  const place = placeAt(view);
  return place === null
    ? null
    : { kind: 'flight', ...place, random: bytesAt(view, RANDOM_AT, RANDOM_BYTES) };
}

/** Null where more is said to be captured than there is room for. */
export function parseHead(view: DataView): HeadFrame | null {
  const place = placeAt(view);
  const capturedBytes = view.getUint16(AT.capturedBytes, true);
  if (place === null || capturedBytes > HEAD_MAX_BYTES) return null;
  return { kind: 'head', ...place, bytes: bytesAt(view, HEAD_AT, capturedBytes) };
}

export function writeFlight(view: DataView, frame: FlightFrame): void {
  writePlace(view, frame);
  writeBytes(view, RANDOM_AT, frame.random);
}

export function writeHead(view: DataView, frame: HeadFrame): void {
  writePlace(view, frame);
  view.setUint16(AT.capturedBytes, frame.bytes.length, true);
  writeBytes(view, HEAD_AT, frame.bytes);
}

function placeAt(view: DataView) {
  if (view.getUint32(AT.ts + 4, true) >= STAMP_HIGH_MAX) return null;
  return {
    tsNs: view.getBigUint64(AT.ts, true),
    netns: view.getUint32(AT.netns, true),
    seq: view.getUint32(AT.seq, true),
    ack: view.getUint32(AT.ack, true),
  };
}

function writePlace(view: DataView, frame: FlightFrame | HeadFrame): void {
  view.setBigUint64(AT.ts, frame.tsNs, true);
  view.setUint32(AT.netns, frame.netns, true);
  view.setUint32(AT.seq, frame.seq, true);
  view.setUint32(AT.ack, frame.ack, true);
}

function bytesAt(view: DataView, offset: number, count: number): Uint8Array {
  const start = view.byteOffset + offset;
  return new Uint8Array(view.buffer.slice(start, start + count));
}

function writeBytes(view: DataView, offset: number, bytes: Uint8Array): void {
  new Uint8Array(view.buffer, view.byteOffset + offset, bytes.length).set(bytes);
}
