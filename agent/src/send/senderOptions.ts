/** What a sender is made with. */
import type { NodeFacts } from '@hoptrace/domain/wire/nodeFacts.ts';
import type { Losses, NodeAddress } from '@hoptrace/domain/wire/v1.ts';
import type { HealthSource } from '../health/healthWatch.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Outbox } from '../spool/outbox.ts';
import type { SenderLimits } from './senderLimits.ts';

export type SenderGauges = Pick<
  Metrics,
  'queuedRecords' | 'inFlightBatches' | 'spoolBatches' | 'spoolBytes' | 'isConnected'
>;

export interface SenderOptions {
  /** `ws://host:port`, without the path. */
  readonly collectorUrl: string;
  readonly token: string | null;
  readonly cluster: string;
  readonly node: string;
  readonly bootId: string;
  readonly limits: SenderLimits;
  readonly outbox: Outbox;
  readonly addresses: () => readonly NodeAddress[];
  /** The same object as long as nothing changed. */
  readonly facts: () => NodeFacts | null;
  /** Null: health check node ports are not probed. */
  readonly health?: () => HealthSource | null;
  /** Null: requests are left out. */
  readonly exchangesSinceUs: () => number | null;
  /** Losses since the last call. */
  readonly takeLosses: () => Losses;
  /** Losses that were taken and did not arrive. */
  readonly giveBackLosses: (losses: Losses) => void;
  readonly metrics: Metrics;
  /** Where several senders share `metrics`: takes what is one sender's own, instead of them. */
  readonly onGauges?: (gauges: SenderGauges) => void;
  /** Where several senders number the records of one run: this one's begin above it. */
  readonly seqBase?: number;
  readonly log: Log;
}
