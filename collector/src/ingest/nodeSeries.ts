/** Nodes that metrics name. Whoever sends chooses his name: those beyond the bound share one series. */
export const OTHER_NODES = 'other';

export class NodeSeries {
  readonly #maxNodes: number;
  readonly #nodes = new Set<string>();

  constructor(maxNodes: number) {
    this.#maxNodes = maxNodes;
  }

  /** The node's own name as long as there is room, else OTHER_NODES. */
  labelOf(node: string): string {
    if (this.#nodes.has(node)) return node;
    if (this.#nodes.size >= this.#maxNodes) return OTHER_NODES;
    this.#nodes.add(node);
    return node;
  }
}
