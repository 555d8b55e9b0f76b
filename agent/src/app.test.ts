import type { AddressInfo } from 'node:net';
import { decodeBatch } from '@hoptrace/domain/wire/binary.ts';
import { envelopeSchema, type WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import { WebSocketServer } from 'ws';
import { buildReplayAgents } from './app.ts';
import { readAgentConfig } from './config.ts';
import type { Frame } from './frames/frame.ts';
import type { Recording } from './recording.ts';
import { replaySources } from './source/replaySource.ts';
import { framesOf, helloOf, packetsOf, UPLINK } from './testPackets.ts';

const served = packetsOf({ place: UPLINK, syn: 'rx', tuple: '10.0.0.1:1>10.0.0.2:2' });
const refused = packetsOf({
  place: UPLINK,
  syn: 'rx',
  tuple: '10.0.0.1:2>10.0.0.2:3',
  clientIsn: 5,
});

function recording(node: string): Recording {
  const frames: Frame[] = [
    { kind: 'hello', hello: helloOf() },
    { kind: 'clock', monotonicNs: 0n, realtimeMinusMonotonicNs: 9_000_000_000n },
    ...framesOf([
      ...[served.syn(0), served.synAck(1), served.ack(2), served.response(30)],
      ...[refused.syn(3), refused.refusal(4)],
    ]),
  ];
  const header = { node, cluster: 'recorded', recordedAt: '', how: '' };
  return { header: { hoptraceRecording: 1, ...header }, frames };
}

async function until(isTrue: () => boolean): Promise<void> {
  const endMs = Date.now() + 10_000;
  while (!isTrue()) {
    if (Date.now() > endMs) throw new Error(`still not so: ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('recordings of two nodes arrive at the collector as legs and refusals of now, under one key', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise((resolve) => server.once('listening', resolve));
  const received: (WireRecord & { sender: string })[] = [];
  server.on('connection', (socket) =>
    socket.on('message', (data: Buffer) => {
      const batch = decodeBatch(new Uint8Array(data));
      const { cluster, node, firstSeq, count } = envelopeSchema.parse(batch.envelope);
      for (const record of batch.records)
        received.push({ ...record, sender: `${cluster}/${node}` });
      socket.send(JSON.stringify({ type: 'stored', firstSeq, count }));
    }),
  );
  const { port } = server.address() as AddressInfo;
  const startedUs = Date.now() * 1000;
  const config = readAgentConfig({ HOPTRACE_AGENT_COLLECTOR_URL: `ws://127.0.0.1:${port}` }, 'h');
  const sources = replaySources([recording('node1'), recording('node2')], { loopEveryMs: null });
  const agents = buildReplayAgents(config, sources, { log: () => undefined });
  for (const agent of agents) agent.start();
  await until(() => received.length === 6);
  for (const agent of agents) await agent.close();
  server.close();

  const legs = received.flatMap((each) =>
    each.kind === 'leg' && each.end === 'open' ? [each] : [],
  );
  expect(new Set(legs.map((leg) => leg.sender))).toEqual(
    new Set(['recorded/node1', 'recorded/node2']),
  );
  expect(new Set(legs.map((leg) => leg.isnPairHash)).size).toBe(1);
  const refusals = received.filter((each) => each.kind === 'refusal');
  expect(refusals).toHaveLength(2);
  for (const record of received)
    expect(record.startUs).toBeGreaterThanOrEqual(startedUs - 1_000_000);
  expect(agents[0]?.metrics()).toMatchObject({ storedRecordsTotal: 3, unsentRecordsTotal: 0 });
});
