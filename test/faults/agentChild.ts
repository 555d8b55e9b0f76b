/**
 * The sending half of an agent as a process of its own: real sender, real spool, made-up legs. Says on stdout, one
 * line each, `ready`, then which batches are in its spool: from then on they may not be lost, whatever is killed.
 *
 *   agentChild.ts NODE SPOOL_DIR COLLECTOR_URL[,COLLECTOR_URL…] BASE_MS REQUESTS_PER_SECOND
 *
 * Request n happens BASE_MS + n / REQUESTS_PER_SECOND seconds, for both nodes alike; one that this process was not
 * there for is not seen.
 */
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LossLedger, newMetrics } from '@hoptrace/agent/metrics.ts';
import { Fleet, type MemberOptions } from '@hoptrace/agent/send/fleet.ts';
import { Sender } from '@hoptrace/agent/send/sender.ts';
import { SENDER_LIMITS } from '@hoptrace/agent/send/senderLimits.ts';
import { DiskSpool } from '@hoptrace/agent/spool/diskSpool.ts';
import type { CutBatch } from '@hoptrace/agent/spool/outbox.ts';
import { CLUSTER, legOf, type NodeName } from './records.ts';

const EVERY_MS = 20;
const DRAIN_MS = 120_000;
/** Of several collectors: shorter than one stays away here now and then. */
const TAKEOVER_MS = 1500;
const [, , node = 'node1', directory = '', collectorUrl = '', base = '0', rate = '250'] =
  process.argv;

class TellingSpool extends DiskSpool {
  override add(cut: CutBatch) {
    const batch = super.add(cut);
    writeSync(1, `${cut.bootId} ${cut.firstSeq} ${cut.count}\n`);
    return batch;
  }
}

const metrics = newMetrics();
const losses = new LossLedger(metrics);
const urls = collectorUrl.split(',');
const bootId = randomBytes(8).toString('hex');
const outboxes: TellingSpool[] = [];

function senderOf(url: string, own: Partial<MemberOptions> = {}): Sender {
  const outbox = new TellingSpool({
    directory: urls.length === 1 ? directory : join(directory, encodeURIComponent(url)),
    ...{ metrics, maxBytes: 1e9, maxAgeMs: 3_600_000, fsync: 'interval' },
    onDrop: ({ firstSeq }) => writeSync(1, `dropped ${firstSeq}\n`),
  });
  outboxes.push(outbox);
  return new Sender({
    ...{ collectorUrl: url, token: null, cluster: CLUSTER, node, outbox, metrics, bootId, ...own },
    limits: { ...SENDER_LIMITS, minBackoffMs: 50, maxBackoffMs: 400, ackTimeoutMs: 5000 },
    addresses: () => [{ ip: node === 'node1' ? '192.168.50.11' : '192.168.50.12', ifname: 'eth0' }],
    facts: () => null,
    exchangesSinceUs: () => null,
    takeLosses: () => losses.take(),
    giveBackLosses: (lost) => losses.giveBack(lost),
    log: () => {},
  });
}

const sender =
  urls.length === 1
    ? senderOf(collectorUrl)
    : new Fleet({
        ...{ urls, key: 'connection', cluster: CLUSTER, takeoverMs: TAKEOVER_MS, metrics },
        makeSender: senderOf,
        log: () => {},
      });
sender.start();
const baseMs = Number(base);
const requestsNow = () => Math.floor(((Date.now() - baseMs) * Number(rate)) / 1000);
let next = requestsNow() + 1;
let isEnding = false;
const timer = setInterval(() => {
  for (; next <= requestsNow(); next++) {
    const startUs = baseMs * 1000 + Math.round((next * 1e6) / Number(rate));
    sender.push(legOf(next, node as NodeName, startUs));
  }
}, EVERY_MS);
/**
 * Sends what is in the spool, then ends. An agent that is told to stop while it has no connection leaves its spool to
 * the next one; here is no next one.
 */
process.on('SIGTERM', () => {
  if (isEnding) return;
  isEnding = true;
  clearInterval(timer);
  void drained()
    .then(() => sender.close(1_000))
    .then(() => process.exit(0));
});
writeSync(1, 'ready\n');

async function drained(): Promise<void> {
  const endMs = Date.now() + DRAIN_MS;
  const kept = () => outboxes.reduce((sum, { batches }) => sum + batches.size, 0);
  while (Date.now() < endMs && (metrics.queuedRecords > 0 || kept() > 0)) await sleep(EVERY_MS);
}
