/**
 * Frames of an append-only file, shared by the collector's log and the agent's spool.
 *
 *   u32 magic "HTF1" | u32 payload bytes | u32 type | u64 id | f64 time (ms) | u32 payload check | u32 head check | payload
 *
 * The head has a check of its own, so that damage in a payload costs that frame alone and the next one is found by
 * its length. Where a head is damaged, the next whole head is searched for. Both checks begin with the file's salt,
 * a random number that a sender does not know: bytes that he sends can never pass for a frame.
 */
export const FRAME_HEAD_BYTES = 36;
const MAGIC = 0x3146_5448;
const AT = { length: 4, type: 8, id: 12, time: 20, payloadCheck: 28, headCheck: 32 } as const;
const TWO_32 = 0x1_0000_0000;

/** A running 32-bit check, such as a CRC: `start` is the check of the bytes before. */
export type Checksum = (bytes: Uint8Array, start: number) => number;

export interface FrameFile {
  readonly salt: number;
  readonly checksum: Checksum;
}

export interface FrameHead {
  /** 1 to 2^32 - 1, of the file's own choosing. */
  readonly type: number;
  /** A safe integer. */
  readonly id: number;
  readonly timeMs: number;
}

export interface Frame extends FrameHead {
  /** Of the head, in bytes from the begin of the file. */
  readonly offset: number;
  /** A view of the bytes that were scanned. */
  readonly payload: Uint8Array;
}

/** Bytes that hold no whole frame. `id` is known where the frame is there in full length and its payload is damaged. */
export interface Damage {
  readonly offset: number;
  readonly sizeBytes: number;
  readonly id: number | null;
}

/** The head of a frame whose payload is `parts`, one after the other. */
export function encodeFrameHead(
  { type, id, timeMs }: FrameHead,
  parts: readonly Uint8Array[],
  { salt, checksum }: FrameFile,
): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEAD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(
    AT.length,
    parts.reduce((sum, part) => sum + part.length, 0),
    true,
  );
  view.setUint32(AT.type, type, true);
  view.setUint32(AT.id, id % TWO_32, true);
  view.setUint32(AT.id + 4, Math.floor(id / TWO_32), true);
  view.setFloat64(AT.time, timeMs, true);
  const payloadCheck = parts.reduce((check, part) => checksum(part, check), salt);
  view.setUint32(AT.payloadCheck, payloadCheck, true);
  view.setUint32(AT.headCheck, checksum(bytes.subarray(0, AT.headCheck), salt), true);
  return bytes;
}

/**
 * All frames of `bytes` in order, and what lies between them that is none. `bytes` begins with a head (of a file, or
 * of a frame in it); offsets count from there. A last frame that is cut off is damage up to the end. Never throws.
 */
export function* scanFrames(
  bytes: Uint8Array,
  file: FrameFile,
): Generator<{ readonly frame: Frame } | { readonly damage: Damage }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  while (offset < bytes.length) {
    const head = readHead(view, bytes, offset, file);
    const start = offset + FRAME_HEAD_BYTES;
    if (head !== null && start + head.length <= bytes.length) {
      const payload = bytes.subarray(start, start + head.length);
      const { type, id, timeMs, length } = head;
      const isWhole = file.checksum(payload, file.salt) >>> 0 === head.payloadCheck;
      if (isWhole) yield { frame: { type, id, timeMs, offset, payload } };
      else yield { damage: { offset, sizeBytes: FRAME_HEAD_BYTES + length, id } };
      offset = start + length;
      continue;
    }
    const next = findHead(view, bytes, offset + 1, file);
    yield { damage: { offset, sizeBytes: next - offset, id: null } };
    offset = next;
  }
}

interface ReadHead extends FrameHead {
  readonly length: number;
  readonly payloadCheck: number;
}

function readHead(
  view: DataView,
  bytes: Uint8Array,
  offset: number,
  { salt, checksum }: FrameFile,
): ReadHead | null {
  if (offset + FRAME_HEAD_BYTES > bytes.length) return null;
  if (view.getUint32(offset, true) !== MAGIC) return null;
  const check = checksum(bytes.subarray(offset, offset + AT.headCheck), salt) >>> 0;
  if (check !== view.getUint32(offset + AT.headCheck, true)) return null;
  return {
    length: view.getUint32(offset + AT.length, true),
    type: view.getUint32(offset + AT.type, true),
    id: view.getUint32(offset + AT.id + 4, true) * TWO_32 + view.getUint32(offset + AT.id, true),
    timeMs: view.getFloat64(offset + AT.time, true),
    payloadCheck: view.getUint32(offset + AT.payloadCheck, true),
  };
}

/** The next offset with a whole head, or the end. */
function findHead(view: DataView, bytes: Uint8Array, from: number, file: FrameFile): number {
  for (let offset = from; offset + FRAME_HEAD_BYTES <= bytes.length; offset++) {
    if (readHead(view, bytes, offset, file) !== null) return offset;
  }
  return bytes.length;
}
