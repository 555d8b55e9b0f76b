/** What agents say of themselves, as metrics. */
import type { Envelope } from '@hoptrace/domain/wire/v1.ts';
import type { Metrics } from '../metrics.ts';
import { NodeSeries, OTHER_NODES } from './nodeSeries.ts';

/** Beyond the largest cluster that Kubernetes supports (5,000 nodes); as many clocks, lags and losses are told apart. */
const MAX_NODES = 5000;

export class AgentMetrics {
  readonly #metrics: Pick<Metrics, 'losses' | 'agentClockOffset' | 'agentLag'>;
  readonly #nodes: NodeSeries;

  constructor(
    metrics: Pick<Metrics, 'losses' | 'agentClockOffset' | 'agentLag'>,
    maxNodes = MAX_NODES,
  ) {
    this.#metrics = metrics;
    this.#nodes = new NodeSeries(maxNodes);
  }

  /** What one envelope tells of the agent's losses, its clock, and how far behind its sending is. */
  note({ node: name, losses, clock, watermarkUs, sentAtUs }: Envelope): void {
    const node = this.#nodes.labelOf(name);
    // Nodes without losses make no series.
    for (const [what, count] of Object.entries(losses))
      if (count > 0) this.#metrics.losses.inc({ node, what }, count);
    // Counts of several nodes add up; a clock of several nodes is nobody's.
    if (node === OTHER_NODES) return;
    if (clock !== undefined) this.#metrics.agentClockOffset.set({ node }, clock.offsetUs / 1e6);
    if (watermarkUs !== undefined)
      this.#metrics.agentLag.set({ node }, Math.max(0, sentAtUs - watermarkUs) / 1e6);
  }
}
