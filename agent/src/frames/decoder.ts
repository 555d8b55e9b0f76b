/**
 * Cuts the loader's byte stream into frames, whatever pieces it arrives in. Never throws on data.
 *
 *   u32 size (head included) | u8 kind | u8 version | u16 zero | body
 *
 * A frame whose size is right but whose content is not costs only itself (`badFrames`). A head that cannot be a
 * head means that the position is lost; nothing in the stream marks a frame's beginning, so the decoder stops for
 * good (`failure`) and the source must start the loader anew.
 */
import {
  parseClock,
  parseLeg,
  parseLink,
  parsePacket,
  parseProxyHeader,
  parseStats,
} from './bodies.ts';
import { parseConntrack, parseConntrackStats } from './conntrackBody.ts';
import { parseExchange } from './exchangeBody.ts';
import type { Frame, RawFrame } from './frame.ts';
import { parseHello } from './hello.ts';
import { BODY_BYTES, FRAME_KINDS, type FrameKind, HEAD_BYTES, LAYOUT_VERSION } from './layout.ts';
import { parseFlight, parseHead } from './payloadBodies.ts';

/** A hello with thousands of interfaces and all drop reasons stays far below. */
const MAX_HELLO_BYTES = 4 * 1024 * 1024;

const KIND_BY_CODE = new Map<number, FrameKind>(
  Object.entries(FRAME_KINDS).map(([kind, code]) => [code, kind as FrameKind]),
);

/** `raw` is the whole frame, head included, as a view of the input: copy it to keep it. */
export interface DecodedFrame {
  readonly frame: Frame;
  readonly raw: Uint8Array;
}

export class FrameDecoder {
  badFrames = 0;
  /** Why decoding stopped for good; null while all is well. */
  failure: string | null = null;
  #rest: Uint8Array = new Uint8Array(0);

  /** Takes the next piece of the stream and returns the frames that it completed, in order. */
  push(chunk: Uint8Array): DecodedFrame[] {
    const frames: DecodedFrame[] = [];
    this.#cut(chunk, (bytes, start, end) => {
      const raw = bytes.subarray(start, end);
      const frame = this.#parse(raw);
      if (frame !== null) frames.push({ frame, raw });
      return frame !== null;
    });
    return frames;
  }

  /** The same, but legs and links, which are most of them, as they lie there: parseRaw() looks into them. */
  read(chunk: Uint8Array): (Frame | RawFrame)[] {
    const frames: (Frame | RawFrame)[] = [];
    this.#cut(chunk, (bytes, start, end) => {
      const kind = KIND_BY_CODE.get(bytes[start + 4] ?? 0);
      if (kind === 'leg' || kind === 'link') {
        const at = bytes.byteOffset + start + HEAD_BYTES;
        const body = new DataView(bytes.buffer, at, end - start - HEAD_BYTES);
        frames.push({ kind: 'raw', of: kind, body });
        return true;
      }
      const frame = this.#parse(bytes.subarray(start, end));
      if (frame !== null) frames.push(frame);
      return frame !== null;
    });
    return frames;
  }

  /** `take` gets each whole frame and answers whether it is a good one. */
  #cut(chunk: Uint8Array, take: (bytes: Uint8Array, start: number, end: number) => boolean): void {
    if (this.failure !== null) return;
    const bytes = this.#rest.length === 0 ? chunk : concat(this.#rest, chunk);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let offset = 0;
    while (bytes.length - offset >= HEAD_BYTES) {
      const sizeBytes = view.getUint32(offset, true);
      this.failure = headProblem(view, offset, sizeBytes);
      if (this.failure !== null) break;
      if (bytes.length - offset < sizeBytes) break;
      const isGood = take(bytes, offset, offset + sizeBytes);
      if (this.failure !== null) break;
      if (!isGood) this.badFrames++;
      offset += sizeBytes;
    }
    this.#rest = this.failure === null ? bytes.slice(offset) : new Uint8Array(0);
  }

  #parse(raw: Uint8Array): Frame | null {
    const body = new DataView(raw.buffer, raw.byteOffset + HEAD_BYTES, raw.length - HEAD_BYTES);
    switch (KIND_BY_CODE.get(raw[4] ?? 0)) {
      case 'hello':
        return this.#parseHello(raw.subarray(HEAD_BYTES));
      case 'clock':
        return parseClock(body);
      case 'stats':
        return parseStats(body);
      case 'leg':
        return parseLeg(body);
      case 'exchange':
        return parseExchange(body);
      case 'flight':
        return parseFlight(body);
      case 'head':
        return parseHead(body);
      case 'packet':
        return parsePacket(body);
      case 'conntrack':
        return parseConntrack(body);
      case 'conntrackStats':
        return parseConntrackStats(body);
      case 'link':
        return parseLink(body);
      case 'proxyHeader':
        return parseProxyHeader(body);
      default:
        return null;
    }
  }

  #parseHello(body: Uint8Array): Frame | null {
    const result = parseHello(body);
    if ('hello' in result) return { kind: 'hello', hello: result.hello };
    this.failure = result.problem;
    return null;
  }
}

/** Null where a field holds a value that hop.h does not define. */
export function parseRaw({ of, body }: RawFrame): Frame | null {
  return of === 'leg' ? parseLeg(body) : parseLink(body);
}

function headProblem(view: DataView, offset: number, sizeBytes: number): string | null {
  const code = view.getUint8(offset + 4);
  const version = view.getUint8(offset + 5);
  const kind = KIND_BY_CODE.get(code);
  const at = `frame {size ${sizeBytes}, kind ${code}, version ${version}}`;
  if (kind === undefined)
    return `${at}: unknown kind; known are 1 to ${KIND_BY_CODE.size}. The stream is out of step`;
  if (version !== LAYOUT_VERSION) {
    return `${at}: this agent reads layout version ${LAYOUT_VERSION}; build loader and agent from the same checkout`;
  }
  if (view.getUint16(offset + 6, true) !== 0)
    return `${at}: reserved bytes are not zero. The stream is out of step`;
  if (kind === 'hello') {
    const isInRange = sizeBytes > HEAD_BYTES && sizeBytes <= MAX_HELLO_BYTES;
    return isInRange ? null : `${at}: a hello has 9 to ${MAX_HELLO_BYTES} bytes`;
  }
  const expectedBytes = HEAD_BYTES + BODY_BYTES[kind];
  if (sizeBytes === expectedBytes) return null;
  return `${at}: a ${kind} frame has ${expectedBytes} bytes; build loader and agent from the same checkout`;
}

function concat(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}
