/**
 * Stands where the collector does and costs next to nothing: takes every batch, says `stored`, counts. Plain
 * JavaScript: it starts without a compiler in the way. Forked by the bench; answers `{ ask: 'totals' }` over IPC.
 */
import { WebSocketServer } from 'ws';

/** Offsets in a leg record: domain/src/wire/binary.ts. */
const KIND_LEG = 1;
const REVISION = 214;
const KINDS = ['unknown', 'legs', 'refusals', 'proxyLinks', 'proxyHeaders'];

const totals = { batches: 0, bytes: 0, legs: 0, firstLegs: 0, refusals: 0, proxyLinks: 0 };
totals.proxyHeaders = 0;
totals.unknown = 0;
const losses = { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords: 0 };

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('connection', (socket) => {
  socket.on('message', (data) => socket.send(JSON.stringify(take(data))));
});
server.on('listening', () => process.send({ port: server.address().port }));
process.on('message', (message) => {
  if (message.ask === 'totals') process.send({ totals, losses });
});
process.on('disconnect', () => process.exit(0));

function take(data) {
  const envelopeBytes = data.readUInt32LE(4);
  const envelope = JSON.parse(data.toString('utf8', 8, 8 + envelopeBytes));
  for (const name of Object.keys(losses)) losses[name] += envelope.losses[name];
  totals.batches++;
  totals.bytes += data.length;
  for (let at = 8 + envelopeBytes; at < data.length; at += data.readUInt16LE(at + 2)) {
    totals[KINDS[data[at]] ?? 'unknown']++;
    if (data[at] === KIND_LEG && data[at + REVISION] === 0) totals.firstLegs++;
  }
  return { type: 'stored', firstSeq: envelope.firstSeq, count: envelope.count };
}
