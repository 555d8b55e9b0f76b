/** Stands where the collector does: takes every batch of the agents, says `stored`, and hands the records on. */
import { once } from 'node:events';
import { decodeBatch } from '@hoptrace/domain/wire/binary.ts';
import { envelopeSchema, type Sourced, type WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { WebSocketServer } from 'ws';
import { LabError } from '../errors.ts';

export interface Receiver {
  /** `ws://…`, for HOPTRACE_AGENT_COLLECTOR_URL. */
  readonly url: string;
  /** Nodes of which a leg came. */
  readonly heardOf: ReadonlySet<string>;
  /** Records that the agents counted as lost. */
  readonly lost: () => number;
  close(): Promise<void>;
}

export type TakeRecord = (record: Sourced, arrivedAtUs: number) => void;

/** CLOCK_REALTIME in microseconds. */
export function nowUs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

/** Listens on a loopback port that the kernel chose. A batch that does not decode ends the suite: it is a defect. */
export async function startReceiver(take: TakeRecord): Promise<Receiver> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  const heardOf = new Set<string>();
  let lost = 0;
  server.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      const arrivedAtUs = nowUs();
      const { envelope, records } = opened(data);
      const { cluster, node, bootId, firstSeq, count, losses } = envelope;
      lost += Object.values(losses).reduce((sum, each) => sum + each, 0);
      for (const record of records) {
        if (record.kind === 'leg') heardOf.add(node);
        take({ ...record, cluster, node, bootId }, arrivedAtUs);
      }
      socket.send(JSON.stringify({ type: 'stored', firstSeq, count }));
    });
  });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `ws://127.0.0.1:${address.port}`,
    heardOf,
    lost: () => lost,
    close: async () => {
      for (const socket of server.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function opened(data: Buffer): {
  envelope: ReturnType<typeof envelopeSchema.parse>;
  records: readonly WireRecord[];
} {
  const { envelope, records, problems } = decodeBatch(data);
  const [problem] = problems;
  if (problem !== undefined) {
    throw new LabError(
      `an agent sent what does not decode: ${problem.field}: ${problem.text}`,
      problem.remedy,
    );
  }
  return { envelope: envelopeSchema.parse(envelope), records };
}
