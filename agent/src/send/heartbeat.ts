/** The heartbeat that waits for its answer, and what the collector of this connection was told of the node. */
import type { NodeFacts } from '@hoptrace/domain/wire/nodeFacts.ts';
import type { Envelope, Losses } from '@hoptrace/domain/wire/v1.ts';
import type { HealthSource } from '../health/healthWatch.ts';

interface Pending {
  readonly sentAtUs: number;
  readonly losses: Losses;
  readonly facts: NodeFacts | null;
  readonly ringRefusals: number;
}

export class Heartbeat {
  #pending: Pending | null = null;
  #known: readonly string[] = [];
  #told: NodeFacts | null = null;
  /** Of what was told of health checks; null: nothing. */
  #toldHealth: number | null = null;
  #sentHealth: number | null = null;
  /** Dropped SYNs and ICMP errors that did not fit the ring, as far as a collector was told. */
  #toldRefusals = 0;

  get isPending(): boolean {
    return this.#pending !== null;
  }

  /** When the one was sent that waits for its answer. */
  get sentAtUs(): number | undefined {
    return this.#pending?.sentAtUs;
  }

  /** What the collector says that it knows, beyond what all of them do. */
  learn(knows: readonly string[]): void {
    if (knows.length > 0) this.#known = knows;
  }

  #knows(part: string): boolean {
    return this.#known.includes(part);
  }

  /** The facts, where they are news to a collector that knows what they are. */
  newsOf(facts: NodeFacts | null): NodeFacts | null {
    const told = facts === null || this.#knows('source') ? facts : withoutSource(facts);
    return this.#knows('facts') && told !== this.#told ? told : null;
  }

  /** Whether the node, or some health check of it, is not as the collector was told. */
  hasNews(facts: NodeFacts | null, health: HealthSource | null): boolean {
    if (this.newsOf(facts) !== null) return true;
    if (health === null || !this.#knows('healthChecks')) return false;
    return health.version !== (this.#toldHealth ?? 0);
  }

  /** What may be told beyond an envelope, as far as it is there and the collector knows what it is. */
  moreOf(now: {
    readonly watermarkUs: number;
    readonly clock: Envelope['clock'] | null;
    readonly facts: NodeFacts | null;
    /** Null: requests may be left out. */
    readonly sinceUs: number | null;
    readonly health?: HealthSource | null;
    /** Since the agent began. */
    readonly ringRefusals: number;
  }): Partial<Envelope> {
    const news = this.newsOf(now.facts);
    const { watermarkUs, clock, sinceUs } = now;
    const health = this.#knows('healthChecks') ? (now.health ?? null) : null;
    this.#sentHealth = health?.version ?? null;
    const refusals = now.ringRefusals - this.#toldRefusals;
    // Also where nothing changed: until when it was so is told with each.
    const report = health?.report;
    const isTold = report !== undefined && (report.checks.length > 0 || this.#toldHealth !== null);
    return {
      watermarkUs,
      ...(clock == null ? {} : { clock }),
      ...(news === null ? {} : { facts: news }),
      ...(sinceUs !== null && this.#knows('exchangesSinceUs') ? { exchangesSinceUs: sinceUs } : {}),
      ...(isTold ? { healthChecks: report } : {}),
      ...(refusals > 0 && this.#knows('ringRefusals') ? { ringRefusals: refusals } : {}),
    };
  }

  sent({ sentAtUs, losses, facts, ringRefusals = 0 }: Envelope): void {
    this.#pending = { sentAtUs, losses, facts: facts ?? null, ringRefusals };
  }

  answered(): void {
    this.#told = this.#pending?.facts ?? this.#told;
    this.#toldHealth = this.#sentHealth;
    this.#toldRefusals += this.#pending?.ringRefusals ?? 0;
    this.#pending = null;
  }

  /** The connection is gone: the next collector is told all anew. Answers the losses that nobody may have heard of. */
  lost(): Losses | null {
    const losses = this.#pending?.losses ?? null;
    this.#pending = null;
    this.#told = null;
    this.#toldHealth = null;
    this.#known = [];
    return losses;
  }
}

const stripped = new WeakMap<NodeFacts, NodeFacts>();

/** The same object for the same facts: another one would be news. */
function withoutSource(facts: NodeFacts): NodeFacts {
  const known = stripped.get(facts);
  if (known !== undefined) return known;
  const { source: _, ...rest } = facts;
  const result = facts.source === undefined ? facts : rest;
  stripped.set(facts, result);
  return result;
}
