/** What agents say that they lost, as metrics. */
import type { Envelope } from '@hoptrace/domain/wire/v1.ts';
import type { Metrics } from '../metrics.ts';

/** Adds the losses of one envelope. Nodes without losses make no series. */
export function noteLosses(metrics: Metrics, { node, losses }: Envelope): void {
  for (const [what, count] of Object.entries(losses)) {
    if (count > 0) metrics.losses.inc({ node, what }, count);
  }
}
