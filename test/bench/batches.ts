/**
 * Wire batches of any number of requests, made by changing the words of one encoded request:
 * client → NodePort on node1 → ingress Pod on node2 (5 taps), ingress → app Pod on node3 (4 taps).
 */
import {
  type ConnectionSpec,
  clusterOf,
  legsOf,
  linkOf,
} from '@hoptrace/domain/reconstruct/builders.ts';
import type { Exchange, Leg, ProxyLink } from '@hoptrace/domain/reconstruct/evidence.ts';
import { exchangesOf } from '@hoptrace/domain/reconstruct/exchangeBuilders.ts';
import { encodeBatch, recordOffsets } from '@hoptrace/domain/wire/binary.ts';
import type { Envelope, ExchangeRecord } from '@hoptrace/domain/wire/v1.ts';

export const LEGS_PER_REQUEST = 9;

const FRONT = '203.0.113.10:1 > 192.168.50.11:30080';
const MID = '192.168.50.11:2 > 10.244.2.10:80';
const BACK = '10.244.2.10:3 > 10.244.3.20:8080';
/** Offsets within a leg and a link record (binary.ts). */
const LEG = { seq: 4, start: 12, tuple: 30, original: 66, reply: 102, client: 138, legId: 215 };
const LINK = { seq: 4, start: 12, hashes: [29, 41, 53] };
const EXCHANGE = recordOffsets<ExchangeRecord>('exchange');

/** Each holds what those before it hold: two links a request, an exchange a leg. */
export type BatchContent = 'legs' | 'links' | 'exchanges';

export interface SourceBatch {
  readonly node: string;
  readonly bytes: Uint8Array;
  /** Where the records begin. */
  readonly offset: number;
}

export const benchContext = clusterOf([
  { name: 'web', nodePort: 30080, endpoints: ['10.244.1.10:80@node1', '10.244.2.10:80@node2'] },
  { name: 'app', nodePort: 30081, endpoints: ['10.244.3.20:8080@node3'] },
]);

const INBOUND: ConnectionSpec = {
  id: 1,
  taps: [
    { node: 'node1', role: 'uplink', direction: 'rx', tuple: FRONT, nat: [FRONT, MID] },
    { node: 'node1', role: 'other', direction: 'tx', tuple: MID, nat: [FRONT, MID] },
    { node: 'node2', role: 'uplink', direction: 'rx', tuple: MID },
    { node: 'node2', role: 'podVeth', direction: 'tx', tuple: MID },
    { node: 'node2', role: 'pod', direction: 'rx', tuple: MID },
  ],
};
const OUTBOUND: ConnectionSpec = {
  id: 2,
  taps: [
    { node: 'node2', role: 'pod', direction: 'tx', tuple: BACK },
    { node: 'node2', role: 'uplink', direction: 'tx', tuple: BACK },
    { node: 'node3', role: 'uplink', direction: 'rx', tuple: BACK },
    { node: 'node3', role: 'podVeth', direction: 'tx', tuple: BACK },
  ],
};
const REQUEST = { atNs: 900_000, workNs: 400_000 };
const ONWARD = { atNs: 1_000_000, workNs: 200_000 };

/** Side 0 is the client's connection, 1 the one to the app. */
interface Part {
  readonly record: Leg | ProxyLink | Exchange;
  readonly side: number;
}

function template(content: BatchContent): Part[] {
  const parts = (records: readonly Part['record'][], side: number) =>
    records.map((record) => ({ record, side }));
  const legs = [...parts(legsOf(INBOUND), 0), ...parts(legsOf(OUTBOUND), 1)];
  if (content === 'legs') return legs;
  const links = [
    ...parts([linkOf('request', 2, 1, 1)], 1),
    ...parts([linkOf('response', 1, 2, 2)], 0),
  ];
  if (content === 'links') return [...legs, ...links];
  const inbound = parts(exchangesOf(INBOUND, REQUEST), 0);
  return [...legs, ...links, ...inbound, ...parts(exchangesOf(OUTBOUND, ONWARD), 1)];
}

function envelopeOf(node: string): Envelope {
  return {
    schemaVersion: 1,
    cluster: 'test',
    node,
    bootId: 'boot-1',
    firstSeq: 0,
    count: 0,
    sentAtUs: 0,
    losses: { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords: 0 },
    addresses: [],
  };
}

/** Spreads a counter over 32 bits, one to one. */
function scatter(value: number): number {
  let hash = Math.imul(value, 0x9e37_79b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

interface Shape {
  readonly node: string;
  readonly parts: readonly Part[];
  readonly bytes: Uint8Array;
  readonly offset: number;
}

const shapes = new Map<string, readonly Shape[]>();

/** Encoded once a size: what changes from batch to batch is written over a copy. */
function shapesOf(requests: number, content: BatchContent): readonly Shape[] {
  const known = shapes.get(`${requests}/${content}`);
  if (known !== undefined) return known;
  const all = template(content);
  const made = ['node1', 'node2', 'node3'].map((node): Shape => {
    const parts = all.filter(({ record }) => record.node === node);
    const records = Array.from({ length: requests }, () => parts.map(({ record }) => record));
    const bytes = encodeBatch(envelopeOf(node), records.flat());
    return { node, parts, bytes, offset: 8 + new DataView(bytes.buffer).getUint32(4, true) };
  });
  shapes.set(`${requests}/${content}`, made);
  return made;
}

/** One batch a node with the records of `requests` requests, the first being number `from`. */
export function makeBatches(from: number, requests: number, content: BatchContent): SourceBatch[] {
  return shapesOf(requests, content).map(({ node, parts, bytes: model, offset }) => {
    const bytes = model.slice();
    const view = new DataView(bytes.buffer);
    let at = offset;
    for (let request = from; request < from + requests; request++) {
      for (const [index, { record, side }] of parts.entries()) {
        const seq = request * parts.length + index;
        view.setUint32(at + LEG.seq, seq, true);
        if (record.kind === 'leg') patchLeg(view, at, request, side, seq);
        else if (record.kind === 'exchange') patchExchange(view, at, request, side);
        else patchLink(view, at, request, side);
        at += view.getUint16(at + 2, true);
      }
    }
    return { node, bytes, offset };
  });
}

function moveStart(view: DataView, at: number, request: number): void {
  view.setUint32(at, (view.getUint32(at, true) + request * 50) >>> 0, true);
}

function patchExchange(view: DataView, at: number, request: number, side: number): void {
  moveStart(view, at + EXCHANGE.startUs, request);
  for (let word = 0; word < 2; word++)
    view.setUint32(at + EXCHANGE.isnPairHash + word * 4, hashWord(request, side, 4 + word));
}

function patchLeg(view: DataView, at: number, request: number, side: number, seq: number): void {
  moveStart(view, at + LEG.start, request);
  view.setUint32(at + LEG.legId, seq, true);
  for (let word = 0; word < 6; word++)
    view.setUint32(at + LEG.client + word * 4, hashWord(request, side, word));
  for (const tuple of [LEG.tuple, LEG.original, LEG.reply]) {
    for (const port of [tuple + 32, tuple + 34]) {
      const value = view.getUint16(at + port, true);
      // The ports 1, 2 and 3 of the template stand for ephemeral ones.
      if (value >= 1 && value <= 3)
        view.setUint16(at + port, 1024 + (scatter(request * 4 + value) % 64_000), true);
    }
  }
}

/** `side`: of the subject; the bursts that it names are of the other. */
function patchLink(view: DataView, at: number, request: number, subjectSide: number): void {
  for (const [index, hash] of LINK.hashes.entries()) {
    const side = index === 0 ? subjectSide : 1 - subjectSide;
    view.setUint32(at + hash, hashWord(request, side, 4));
    view.setUint32(at + hash + 4, hashWord(request, side, 5));
  }
}

function hashWord(request: number, side: number, word: number): number {
  return word % 2 === 0
    ? scatter(request * 8 + side * 4 + word / 2)
    : (request * 2 + side + 1) >>> 0;
}
