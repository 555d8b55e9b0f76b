/** What truly happened in a world: connections, who caused whom, and the paths that follow. */
import { formatEndpoint } from '@hoptrace/domain/model/tuple.ts';
import type { Outcome } from '@hoptrace/domain/rest/path.ts';
import type { SimConnection } from './connection.ts';

export interface TruthHop {
  readonly connectionId: number;
  readonly from: string;
  readonly to: string;
  readonly crossesNode: boolean;
}

export interface TruthPath {
  /** Connections in the order in which one caused the next. */
  readonly chain: readonly number[];
  readonly hops: readonly TruthHop[];
  readonly outcome: Outcome;
}

export class Truth {
  readonly connections = new Map<number, SimConnection>();
  readonly #causes = new Map<number, Set<number>>();
  readonly #caused = new Set<number>();
  readonly #bursts = new Set<string>();

  add(connection: SimConnection): SimConnection {
    this.connections.set(connection.id, connection);
    return connection;
  }

  /** A request of `inbound` went on over `outbound`. */
  link(inbound: number, outbound: number): void {
    const known = this.#causes.get(inbound) ?? new Set();
    this.#causes.set(inbound, known.add(outbound));
    this.#caused.add(outbound);
  }

  /** Request `inbound[1]` of one connection went on as request `outbound[1]` of the other; numbers from 1. */
  linkBursts(inbound: readonly [number, number], outbound: readonly [number, number]): void {
    this.#bursts.add(`${inbound.join('#')}>${outbound.join('#')}`);
  }

  areBurstsLinked(
    inbound: readonly [number, number],
    outbound: readonly [number, number],
  ): boolean {
    return this.#bursts.has(`${inbound.join('#')}>${outbound.join('#')}`);
  }

  isLinked(inbound: number, outbound: number): boolean {
    return this.#causes.get(inbound)?.has(outbound) ?? false;
  }

  get linkCount(): number {
    return [...this.#causes.values()].reduce((sum, each) => sum + each.size, 0);
  }

  /** From every connection that nothing caused to the far ends. */
  paths(): TruthPath[] {
    return [...this.connections.keys()]
      .filter((id) => !this.#caused.has(id))
      .flatMap((id) => this.#extend([id]))
      .map((chain) => this.#pathOf(chain));
  }

  #extend(chain: readonly number[]): (readonly number[])[] {
    const onward = [...(this.#causes.get(chain.at(-1) ?? -1) ?? [])];
    return onward.length === 0 ? [chain] : onward.flatMap((id) => this.#extend([...chain, id]));
  }

  #pathOf(chain: readonly number[]): TruthPath {
    const connections = chain.flatMap((id) => this.connections.get(id) ?? []);
    return { chain, hops: connections.flatMap(hopsOf), outcome: this.outcomeOf(chain) };
  }

  /** Of a part of a path, too: a client that got its 502 was served, if one does not look behind the proxy. */
  outcomeOf(chain: readonly number[]): Outcome {
    const connections = chain.flatMap((id) => this.connections.get(id) ?? []);
    const refusal = connections.find((each) => each.refusal !== null)?.refusal ?? null;
    const isServed = (connections[0]?.responseNs.length ?? 0) > 0;
    return refusal?.refusal ?? (isServed ? 'served' : 'unknown');
  }
}

function hopsOf({ id, route }: SimConnection): TruthHop[] {
  return route.stops.slice(1).map((to, index) => {
    const from = route.stops[index] ?? to;
    return {
      connectionId: id,
      from: formatEndpoint(from),
      to: formatEndpoint(to),
      crossesNode: from.machine !== to.machine,
    };
  });
}
