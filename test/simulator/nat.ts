/** Ports: who connects or masquerades needs one that no live connection to the same destination holds. */
import { type Endpoint, endpointKey } from '@hoptrace/domain/model/tuple.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';

export interface PortPlan {
  /** Ports per source address and destination; when all are taken, one more is opened. */
  readonly poolSize: number;
  /** From the end of a connection until its port may be taken again. */
  readonly reuseDelayNs: number;
}

const FIRST_PORT = 1024;

export class PortAllocator {
  /** Connections made, and distinct (source, destination, port) used: their ratio is the reuse. */
  readonly counts = { allocated: 0, distinct: 0 };
  readonly #random: Random;
  readonly #schedule: Schedule;
  readonly #plan: PortPlan;
  readonly #pools = new Map<string, { free: number[]; next: number }>();

  constructor(random: Random, schedule: Schedule, plan: PortPlan) {
    this.#random = random;
    this.#schedule = schedule;
    this.#plan = plan;
  }

  take(ip: string, destination: Endpoint): Endpoint {
    const pool = this.#poolOf(ip, destination);
    this.counts.allocated++;
    const isFull = pool.free.length === 0;
    const isYoung = pool.next < this.#plan.poolSize;
    if (isFull || (isYoung && this.#random.chance(0.5))) {
      this.counts.distinct++;
      return { ip, port: FIRST_PORT + pool.next++ };
    }
    const [port = 0] = pool.free.splice(this.#random.below(pool.free.length), 1);
    return { ip, port };
  }

  /** The connection ends at `atNs`. */
  release(source: Endpoint, destination: Endpoint, atNs: number): void {
    const pool = this.#poolOf(source.ip, destination);
    this.#schedule.at(atNs + this.#plan.reuseDelayNs, () => pool.free.push(source.port));
  }

  #poolOf(ip: string, destination: Endpoint) {
    const key = `${ip}>${endpointKey(destination)}`;
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const pool = { free: [], next: 0 };
    this.#pools.set(key, pool);
    return pool;
  }
}
