/**
 * The sender of `bench ingest`, a process of its own so that its CPU does not count.
 *
 *   ingestLoad.ts URL ws|post|ndjson|floor RECORDS_PER_BATCH BATCHES
 */
import { connect } from 'node:net';
import { encodeBatch, recordSizeBytes } from '@hoptrace/domain/wire/binary.ts';
import type { Envelope } from '@hoptrace/domain/wire/v1.ts';
import { WebSocket } from 'ws';
import { legOf } from '../faults/records.ts';

const [, , url = '', road = 'ws', perBatch = '1000', batches = '100'] = process.argv;
const SIZE = Number(perBatch);
const COUNT = Number(batches);
const AT_ONCE = 8;
const LEG_BYTES = recordSizeBytes('leg');
const startUs = Date.now() * 1000;
const legs = Array.from({ length: SIZE }, (_, index) => legOf(index + 1, 'node1', startUs));

function envelopeOf(index: number): Envelope {
  const from = { cluster: 'bench', node: 'node1', bootId: `boot-of-${road}-${SIZE}` };
  const losses = { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords: 0 };
  const firstSeq = 1 + index * SIZE;
  return {
    schemaVersion: 1,
    ...from,
    firstSeq,
    count: SIZE,
    sentAtUs: startUs,
    losses,
    addresses: [],
  } as const;
}

const model = encodeBatch(envelopeOf(0), legs);
const modelRecords = model.subarray(model.length - SIZE * LEG_BYTES);

function batchOf(index: number): Buffer {
  const head = encodeBatch(envelopeOf(index), []);
  // The count stands in the envelope, which encodeBatch sets to the records that it is given.
  const json = new TextEncoder().encode(JSON.stringify(envelopeOf(index)));
  const records = modelRecords.slice();
  const view = new DataView(records.buffer);
  for (let at = 0, seq = 1 + index * SIZE; at < records.length; at += LEG_BYTES, seq++)
    view.setUint32(at + 4, seq, true);
  const prefix = Buffer.from(head.subarray(0, 8));
  prefix.writeUInt32LE(json.length, 4);
  return Buffer.concat([prefix, json, records]);
}

function ndjsonOf(index: number): Buffer {
  const lines = legs.map((leg, at) => JSON.stringify({ ...leg, seq: 1 + index * SIZE + at }));
  return Buffer.from([JSON.stringify(envelopeOf(index)), ...lines].join('\n'));
}

async function byWebSocket(): Promise<void> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/stream?acks=durable`, {
    perMessageDeflate: false,
    // As agents do (agent/src/send/streamRoad.ts).
    generateMask: (mask) => mask.fill(0),
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  let sent = 0;
  let durable = 0;
  await new Promise<void>((resolve, reject) => {
    const fill = () => {
      while (sent < COUNT && sent - durable < AT_ONCE) socket.send(batchOf(sent++));
    };
    socket.on('message', (data) => {
      const { type } = JSON.parse(String(data)) as { type: string };
      if (type === 'refused') reject(new Error(String(data).slice(0, 300)));
      if (type !== 'durable') return;
      durable += 1;
      if (durable === COUNT) resolve();
      else fill();
    });
    fill();
  });
  socket.terminate();
}

/** The bare bytes of a batch, u32 length first; one byte comes back for each. */
async function byTcp(): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let sent = 0;
  let durable = 0;
  await new Promise<void>((resolve, reject) => {
    const fill = () => {
      while (sent < COUNT && sent - durable < AT_ONCE) {
        const bytes = batchOf(sent++);
        const head = Buffer.alloc(4);
        head.writeUInt32LE(bytes.length);
        socket.write(head);
        socket.write(bytes);
      }
    };
    socket.once('error', reject);
    socket.on('data', (answers) => {
      durable += answers.length;
      if (durable === COUNT) resolve();
      else fill();
    });
    socket.once('connect', fill);
  });
  socket.destroy();
}

async function byPost(
  path: string,
  type: string,
  bodyOf: (index: number) => Buffer,
): Promise<void> {
  let next = 0;
  const one = async () => {
    while (next < COUNT) {
      const headers = { 'content-type': type, prefer: 'respond-async' };
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        body: bodyOf(next++),
        headers,
      });
      const text = await response.text();
      if (response.status !== 202) throw new Error(`${response.status}: ${text.slice(0, 300)}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

if (road === 'ws') await byWebSocket();
else if (road === 'floor') await byTcp();
else if (road === 'post') await byPost('/v1/batches', 'application/vnd.hoptrace.batch', batchOf);
else await byPost('/v1/records', 'application/x-ndjson', ndjsonOf);
