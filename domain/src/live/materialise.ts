/** From a typed row back to the record it came from: the same object that decodeBatch would have made. */
import type { Tuple } from '../model/tuple.ts';
import type { Leg } from '../reconstruct/evidence.ts';
import { decodeRecord } from '../wire/binary.ts';
import { LEG_CLOSERS, LEG_ENDS, type Traffic } from '../wire/v1.ts';
import { FLAG, NO_BYTES, ROW, ROW_WORDS, stampNs } from './legRow.ts';
import type { LiveTable } from './liveTable.ts';
import { C, CONNECTION_WORDS } from './pools.ts';

const HEX16 = Array.from({ length: 0x1_0000 }, (_, value) => value.toString(16).padStart(4, '0'));
/** Texts of addresses are made once; beyond this many they are forgotten together. */
const MAX_ADDRESS_TEXTS = 65_536;

export class Materialiser {
  readonly #table: LiveTable;
  readonly #texts = new Map<number, string>();
  /** Of the connection in hand. */
  #pair = '';
  #client = '';
  #server = '';

  constructor(table: LiveTable) {
    this.#table = table;
  }

  /** Appends the legs of one connection. */
  legsOf(connection: number, into: Leg[]): void {
    const { pools, rows } = this.#table;
    const at = connection * CONNECTION_WORDS;
    this.#pair = hexAt(pools.words, at + C.pair);
    this.#client = hexAt(pools.words, at + C.client);
    this.#server = hexAt(pools.words, at + C.server);
    let row = (pools.words[at + C.head] as number) - 1;
    while (row >= 0) {
      into.push(this.#leg(row));
      row = (rows[row * ROW_WORDS + ROW.next] as number) - 1;
    }
  }

  #leg(row: number): Leg {
    const base = row * ROW_WORDS;
    const { rows, taps } = this.#table;
    const tap = rows[base + ROW.tap] as number;
    const { source, tap: tapOfLeg } = taps.list[tap] as (typeof taps.list)[number];
    const flags = rows[base + ROW.flags] as number;
    if ((flags & FLAG.needsBytes) !== 0) return this.#fromBytes(row, source);
    const counts = rows[base + ROW.counts] as number;
    return {
      kind: 'leg',
      seq: (rows[base + ROW.seq] as number) + (taps.seqBase[tap] as number),
      startUs: (rows[base + ROW.start] as number) + (taps.startBase[tap] as number),
      tap: tapOfLeg,
      tuple: this.#tuple(base + ROW.tuple),
      original: (flags & FLAG.noOriginal) !== 0 ? null : this.#tuple(base + ROW.original),
      reply: (flags & FLAG.noReply) !== 0 ? null : this.#tuple(base + ROW.reply),
      clientIsnHash: (flags & FLAG.noClient) !== 0 ? null : this.#client,
      serverIsnHash: (flags & FLAG.noServer) !== 0 ? null : this.#server,
      isnPairHash: (flags & FLAG.noPair) !== 0 ? null : this.#pair,
      synTtl: counts & 0xff,
      synCount: counts >>> 16,
      synNs: stampNs(rows, base, 0),
      synAckNs: stampOf(rows, base, flags, 1),
      ackNs: stampOf(rows, base, flags, 2),
      firstRequestNs: stampOf(rows, base, flags, 3),
      firstResponseNs: stampOf(rows, base, flags, 4),
      endNs: stampOf(rows, base, flags, 5),
      end: LEG_ENDS[(flags >>> FLAG.endShift) & 3] ?? 'open',
      revision: (counts >>> 8) & 0xff,
      legId: (rows[base + ROW.legId] as number) + (taps.legIdBase[tap] as number),
      traffic: trafficOf(rows, base + ROW.traffic, flags),
      cluster: source.cluster,
      node: source.node,
      bootId: source.bootId,
    };
  }

  #fromBytes(row: number, source: { cluster: string; node: string; bootId: string }): Leg {
    const bytes = this.#table.bytesOfRow.get(row) as Uint8Array;
    const decoded = decodeRecord(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 'leg');
    // Legality was checked when the row was filled.
    if (!('record' in decoded) || decoded.record.kind !== 'leg')
      throw new Error('row without a leg');
    const { cluster, node, bootId } = source;
    return { ...decoded.record, cluster, node, bootId };
  }

  #tuple(at: number): Tuple {
    const { rows } = this.#table;
    const ports = rows[at + 2] as number;
    return {
      src: { ip: this.#text(rows[at] as number), port: ports & 0xffff },
      dst: { ip: this.#text(rows[at + 1] as number), port: ports >>> 16 },
    };
  }

  #text(address: number): string {
    const known = this.#texts.get(address);
    if (known !== undefined) return known;
    if (this.#texts.size >= MAX_ADDRESS_TEXTS) this.#texts.clear();
    const text = `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
    this.#texts.set(address, text);
    return text;
  }
}

/** No closures in here: tsx names each one it makes, which costs more than what they do. */
function stampOf(rows: Uint32Array, base: number, flags: number, index: number): number | null {
  return (flags & (1 << (index - 1))) !== 0 ? null : stampNs(rows, base, index);
}

function trafficOf(rows: Uint32Array, at: number, flags: number): Traffic | undefined {
  const clientBytes = rows[at] as number;
  if (clientBytes === NO_BYTES) return undefined;
  const serverBytes = rows[at + 1] as number;
  const retransmits = rows[at + 2] as number;
  return {
    clientBytes,
    serverBytes: serverBytes === NO_BYTES ? null : serverBytes,
    clientRetransmits: retransmits >>> 16,
    serverRetransmits: retransmits & 0xffff,
    closedBy: LEG_CLOSERS[(flags >>> FLAG.closerShift) & 3] ?? 'nobody',
  };
}

function hexAt(words: Uint32Array, at: number): string {
  const [high, low] = [words[at] as number, words[at + 1] as number];
  return `${HEX16[high >>> 16]}${HEX16[high & 0xffff]}${HEX16[low >>> 16]}${HEX16[low & 0xffff]}`;
}
