/** A sender without an agent: batches over one WebSocket, both acknowledgements, no spool. */
import { encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import { WebSocket } from 'ws';
import { CLUSTER, legOf } from './records.ts';

export const BOOT_ID = 'boot-of-this-sender';
const MAX_UNANSWERED = 4;

export interface RawSender {
  /** Sends batches of `size` legs from seq `from` on until `isOver(next seq)`; answers the next seq. */
  send(from: number, size: number, isOver: (seq: number) => boolean): Promise<number>;
  /** firstSeq and count of what the log has; each once. */
  readonly durable: ReadonlyMap<number, number>;
  readonly storedRecords: () => number;
  close(): void;
}

export async function openSender(url: string): Promise<RawSender> {
  const socket = new WebSocket(`${url}/v1/stream?acks=durable`, { perMessageDeflate: false });
  const durable = new Map<number, number>();
  let sent = 0;
  let storedRecords = 0;
  let credit = 0;
  let wake = () => {};
  socket.on('message', (data) => {
    const answer = JSON.parse(String(data)) as {
      type: string;
      firstSeq: number;
      count: number;
      bytes: number;
    };
    if (answer.type === 'credit') credit = answer.bytes;
    if (answer.type === 'durable') durable.set(answer.firstSeq, answer.count);
    if (answer.type === 'stored') storedRecords += answer.count;
    wake();
  });
  socket.on('error', () => {});
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return {
    durable,
    storedRecords: () => storedRecords,
    async send(from, size, isOver) {
      let seq = from;
      while (!isOver(seq)) {
        if (sent - durable.size >= MAX_UNANSWERED || credit === 0) {
          const timer = setTimeout(() => wake(), 50);
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          clearTimeout(timer);
          continue;
        }
        socket.send(batchOf(seq, size));
        sent += 1;
        seq += size;
      }
      return seq;
    },
    close: () => socket.terminate(),
  };
}

function batchOf(firstSeq: number, count: number): Uint8Array {
  const startUs = Date.now() * 1000;
  const records = Array.from({ length: count }, (_, index) => ({
    ...legOf(firstSeq + index, 'node1', startUs),
    seq: firstSeq + index,
  }));
  const from = { cluster: CLUSTER, node: 'node1', bootId: BOOT_ID };
  const losses = { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords: 0 };
  const envelope = {
    schemaVersion: 1,
    ...from,
    firstSeq,
    count,
    sentAtUs: startUs,
    losses,
  } as const;
  return encodeBatch(
    { ...envelope, addresses: [{ ip: '192.168.50.11', ifname: 'eth0' }] },
    records,
  );
}
