/** What agents say of themselves, as metrics. */
import type { Envelope } from '@hoptrace/domain/wire/v1.ts';
import type { Metrics } from '../metrics.ts';

/** Adds the losses of one envelope. Nodes without losses make no series. */
export function noteLosses(metrics: Metrics, { node, losses }: Envelope): void {
  for (const [what, count] of Object.entries(losses)) {
    if (count > 0) metrics.losses.inc({ node, what }, count);
  }
}

/** What a heartbeat tells of the agent's clock, and of how far behind its sending is. */
export function noteClock(metrics: Metrics, envelope: Envelope): void {
  const { node, clock, watermarkUs, sentAtUs } = envelope;
  if (clock !== undefined) metrics.agentClockOffset.set({ node }, clock.offsetUs / 1e6);
  if (watermarkUs !== undefined)
    metrics.agentLag.set({ node }, Math.max(0, sentAtUs - watermarkUs) / 1e6);
}
