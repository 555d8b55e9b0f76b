/**
 * The fixed-size form of the records in v1.ts and of a whole batch.
 *
 *   batch   u32 magic "HTB1" | u32 envelope bytes | envelope (JSON, UTF-8) | records
 *   record  u8 kind | u8 version | u16 size in bytes, this head included | fields in the order below
 *
 * A reader steps over a record that it cannot decode by its size, so one bad record costs only itself.
 */
import { u64, WireValueError } from './layout.ts';
import {
  HEAD_BYTES,
  LAYOUT_BY_CODE,
  LAYOUTS,
  layoutFor,
  SEQ_OFFSET,
  writeHead,
} from './recordLayouts.ts';
import type { Envelope, RecordKind, WireRecord } from './v1.ts';
import { SCHEMA_VERSION } from './v1.ts';

const MAGIC = 0x3142_5448;

/** Size on the wire of one record of this kind, in bytes. */
export function recordSizeBytes(kind: RecordKind): number {
  return layoutFor(kind).sizeBytes;
}

/** Writes one record, which must satisfy its schema, and answers its size in bytes. */
export function writeRecord(view: DataView, at: number, record: WireRecord): number {
  const layout = layoutFor(record.kind);
  layout.write(view, at, record);
  return layout.sizeBytes;
}

/** For a writer that has the fields as bytes already: where each begins in the record, head included. */
export function recordOffsets<T extends WireRecord>(
  kind: T['kind'],
): Readonly<Record<Exclude<keyof T, 'kind'>, number>> {
  return layoutFor(kind).offsets as Readonly<Record<Exclude<keyof T, 'kind'>, number>>;
}

export function writeRecordHead(view: DataView, at: number, kind: RecordKind): void {
  const { code, sizeBytes } = layoutFor(kind);
  writeHead(view, at, code, sizeBytes);
}

/** Gives the written records of `bytes` their seq, one after the other from `firstSeq` on. */
export function numberRecords(view: DataView, from: number, end: number, firstSeq: number): void {
  let seq = firstSeq;
  for (let at = from; at < end; at += view.getUint16(at + 2, true))
    u64.write(view, at + SEQ_OFFSET, seq++);
}

/** Encodes a batch. `envelope.count` is set to the number of records. Records must satisfy their schema. */
export function encodeBatch(envelope: Envelope, records: readonly WireRecord[]): Uint8Array {
  const total = records.reduce((sum, { kind }) => sum + recordSizeBytes(kind), 0);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const record of records) at += writeRecord(view, at, record);
  return joinBatch({ ...envelope, count: records.length }, [bytes]);
}

/** A batch of records that are written already: `parts` one after the other, `envelope.count` in all. */
export function joinBatch(envelope: Envelope, parts: readonly Uint8Array[]): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(envelope));
  const bytes = new Uint8Array(
    8 + json.length + parts.reduce((sum, { length }) => sum + length, 0),
  );
  const head = new DataView(bytes.buffer);
  head.setUint32(0, MAGIC, true);
  head.setUint32(4, json.length, true);
  bytes.set(json, 8);
  let offset = 8 + json.length;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
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
  if (view.byteLength !== layout.sizeBytes && view.byteLength !== layout.earlierSizeBytes) {
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
