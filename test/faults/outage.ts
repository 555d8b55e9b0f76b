/** ClickHouse away for a while under load: what the collector's memory does, and how fast the backlog drains. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResultRow } from '../lab/commands/output.ts';
import { countRows } from './oracle.ts';
import { type Rig, rssMiB, startRig, until } from './rig.ts';
import { BOOT_ID, openSender, type RawSender } from './sender.ts';

/** Each leg is a connection of its own, hence a path: the dearest traffic that there is. */
const BATCH = 100;
const EVERY_MS = 200;
const LIVE_PER_SECOND = (BATCH * 1000) / EVERY_MS;
const WARM_MS = 8000;
const AWAY_MS = 30_000;

export async function outage(): Promise<{ rows: ResultRow[]; details: object }> {
  const rig = await startRig();
  try {
    const sender = await openSender(rig.collectorUrl);
    const live = new LiveTraffic(rig, sender);
    await live.run(WARM_MS);
    await until(async () => sender.storedRecords() >= live.sent, 30_000);
    const rssBefore = rssMiB(rig.collector.pid());
    live.peakMiB = 0;
    await rig.clickhouse.kill();
    await live.run(AWAY_MS);
    const growth = live.peakMiB - rssBefore;
    const backlog = live.sent - sender.storedRecords();
    await rig.clickhouse.start();
    const startMs = performance.now();
    await until(async () => sender.storedRecords() >= live.sent, 120_000);
    const drainPerSecond = backlog / ((performance.now() - startMs) / 1000);
    const { rows, distinct } = await countRows(rig.store, BOOT_ID);
    const acknowledged = live.sent;
    const lost = acknowledged - distinct;
    const duplicateRows = rows - distinct;
    sender.close();
    const drain = drainPerSecond / LIVE_PER_SECOND;
    const at = (
      name: string,
      value: number,
      goal: number,
      unit: string,
      isMet: boolean,
    ): ResultRow => ({
      ...{ name, value: Math.round(value * 10) / 10, goal, unit, met: isMet },
    });
    return {
      rows: [
        at('outage: acknowledged records lost', lost, 0, 'records', lost === 0),
        at('outage: duplicate rows', duplicateRows, 0, 'rows', duplicateRows === 0),
        at('outage: growth of resident memory', growth, 64, 'MiB', growth <= 64),
        at(
          `outage: drain against ${LIVE_PER_SECOND} live connections/s`,
          drain,
          4,
          'times',
          drain >= 4,
        ),
      ],
      details: {
        outage: { seconds: AWAY_MS / 1000, livePerSecond: LIVE_PER_SECOND, backlog, acknowledged },
        drainPerSecond: Math.round(drainPerSecond),
        rssBeforeMiB: Math.round(rssBefore),
      },
    };
  } finally {
    await rig.close();
  }
}

/** One batch every EVERY_MS, as agents send it, whatever ClickHouse does. */
class LiveTraffic {
  readonly #rig: Rig;
  readonly #sender: RawSender;
  sent = 0;
  peakMiB = 0;

  constructor(rig: Rig, sender: RawSender) {
    this.#rig = rig;
    this.#sender = sender;
  }

  async run(forMs: number): Promise<void> {
    for (const endMs = Date.now() + forMs; Date.now() < endMs; await sleep(EVERY_MS)) {
      const from = this.sent + 1;
      this.sent = (await this.#sender.send(from, BATCH, (seq) => seq > from)) - 1;
      this.peakMiB = Math.max(this.peakMiB, rssMiB(this.#rig.collector.pid()));
    }
  }
}
