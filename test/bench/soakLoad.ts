/**
 * The generator of `bench soak`, a process of its own: requests as five taps see them, as many a second as it is told.
 * Says on stdout when it sent which batch (one JSON line each, with one request to look for), and at the end what was
 * answered `stored`.
 *
 *   soakLoad.ts URL REQUESTS_PER_SECOND SECONDS
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import type { Sourced, WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { WebSocket } from 'ws';
import { CLUSTER, Corpus, NODES } from './corpus/requests.ts';

const [, , url = '', rate = '500', length = '60'] = process.argv;
const REQUESTS_PER_SECOND = Number(rate);
const SECONDS = Number(length);
const EVERY_MS = 200;
/** Another one each time: what was stored under one is not stored again. */
const BOOT_ID = `boot-${process.pid}`;
const DRAIN_MS = 60_000;

interface Lane {
  readonly socket: WebSocket;
  readonly node: string;
  seq: number;
  sent: number;
  stored: number;
  /** When the batches went out that are not answered yet, by their firstSeq. */
  readonly sentMs: Map<number, number>;
}

const lagsMs: number[] = [];

async function openLane(node: string): Promise<Lane> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/stream?acks=durable`, {
    perMessageDeflate: false,
    generateMask: (mask) => mask.fill(0),
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const lane: Lane = { socket, node, seq: 1, sent: 0, stored: 0, sentMs: new Map() };
  socket.on('message', (data) => {
    const answer = JSON.parse(String(data)) as {
      type: string;
      firstSeq: number;
      count: number;
    };
    if (answer.type === 'stored') {
      lane.stored += answer.count;
      lagsMs.push(performance.now() - (lane.sentMs.get(answer.firstSeq) ?? 0));
      lane.sentMs.delete(answer.firstSeq);
    }
    if (answer.type === 'refused') throw new Error(`refused: ${String(data).slice(0, 300)}`);
  });
  return lane;
}

function batchOf(lane: Lane, records: readonly WireRecord[]): Uint8Array {
  const firstSeq = lane.seq;
  lane.seq += records.length;
  lane.sentMs.set(firstSeq, performance.now());
  const losses = { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords: 0 };
  const envelope = {
    ...{ schemaVersion: 1 as const, cluster: CLUSTER, node: lane.node, bootId: BOOT_ID },
    ...{ firstSeq, count: records.length, sentAtUs: Date.now() * 1000, losses, addresses: [] },
  };
  return encodeBatch(
    envelope,
    records.map((record, index) => ({ ...record, seq: firstSeq + index })),
  );
}

type Record_ = Sourced<WireRecord>;

function* requestsOf(perTurn: number): Generator<Record_[][]> {
  for (let turn = 0; ; turn++) {
    const corpus = new Corpus({
      seed: turn + 1,
      startUs: Date.now() * 1000 - EVERY_MS * 1000,
      meanGapUs: (EVERY_MS * 1000) / perTurn,
      first: turn * perTurn,
    });
    yield Array.from({ length: perTurn }, () => {
      const { legs, links } = corpus.next();
      return [...legs, ...links];
    });
  }
}

/** The last request of a batch: when it was over, and by which time its path is found. */
function tellProbe(records: readonly Record_[]): void {
  const last = records.findLast((record) => record.kind === 'leg' && record.tap.role === 'uplink');
  if (last?.kind !== 'leg') return;
  const overMs = Math.min(Date.now(), (last.startUs + (last.endNs ?? 0) / 1000) / 1000);
  process.stdout.write(`${JSON.stringify({ startUs: last.startUs, overMs })}\n`);
}

async function main(): Promise<void> {
  const lanes = await Promise.all(NODES.map(openLane));
  const perTurn = Math.round((REQUESTS_PER_SECOND * EVERY_MS) / 1000);
  const requests = requestsOf(perTurn);
  const startMs = performance.now();
  let legs = 0;
  for (let turn = 0; turn < (SECONDS * 1000) / EVERY_MS; turn++) {
    const records = (requests.next().value as Record_[][]).flat();
    for (const lane of lanes) {
      const mine = records.filter(({ node }) => node === lane.node);
      lane.socket.send(batchOf(lane, mine));
      lane.sent += mine.length;
    }
    legs += records.filter(({ kind }) => kind === 'leg').length;
    tellProbe(records);
    const dueMs = startMs + (turn + 1) * EVERY_MS;
    await sleep(Math.max(0, dueMs - performance.now()));
  }
  const sendSeconds = (performance.now() - startMs) / 1000;
  const isStored = () => lanes.every(({ sent, stored }) => stored >= sent);
  for (const endMs = Date.now() + DRAIN_MS; Date.now() < endMs && !isStored(); ) await sleep(50);
  const sum = (pick: (lane: Lane) => number) =>
    lanes.reduce((total, lane) => total + pick(lane), 0);
  const end = { sent: sum(({ sent }) => sent), stored: sum(({ stored }) => stored), legs };
  lagsMs.sort((a, b) => a - b);
  const lagP99Ms = lagsMs[Math.floor(lagsMs.length * 0.99)] ?? Number.POSITIVE_INFINITY;
  process.stdout.write(`${JSON.stringify({ ...end, sendSeconds, lagP99Ms })}\n`);
  for (const { socket } of lanes) socket.terminate();
}

await main();
