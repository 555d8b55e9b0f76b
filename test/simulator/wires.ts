/** How long packets take between machines and inside them: a base time of each pair, and queueing on top. */
import type { Random } from './random.ts';
import type { Route, Site } from './route.ts';

const LOCAL_NS = 4_000;
/** conntrack and NAT set-up, paid by the first packet of a connection. */
const SET_UP_NS = 6_000;
const QUEUE_NS = 5_000;

export class Wires {
  readonly #random: Random;
  readonly #baseNs = new Map<string, number>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** When a packet of the client passes each tap. */
  forward(route: Route, atNs: number, isFirst: boolean): number[] {
    let nowNs = atNs;
    return route.sites.map((site, index) => {
      nowNs += this.#stepNs(route, index) + (isFirst ? this.#setUpNs(site) : 0);
      return nowNs;
    });
  }

  /** The same for a packet of the server, and when it reaches the client. */
  backward(route: Route, atNs: number): { atNs: number[]; sourceNs: number } {
    let nowNs = atNs;
    const passed: number[] = [];
    for (let index = route.sites.length - 1; index >= 0; index--) {
      passed[index] = nowNs;
      nowNs += this.#stepNs(route, index);
    }
    return { atNs: passed, sourceNs: nowNs };
  }

  #stepNs(route: Route, index: number): number {
    const site = route.sites[index];
    const before = index === 0 ? route.stops[0] : route.sites[index - 1];
    if (site === undefined || before === undefined) return 0;
    const isInside = before.machine === site.machine;
    const baseNs = isInside ? LOCAL_NS : this.#wireNs(before.machine, site.machine, route);
    return Math.round(baseNs + this.#random.exponential(isInside ? 500 : QUEUE_NS));
  }

  #setUpNs(site: Site): number {
    return site.tap.role === 'pod' ? 0 : Math.round(this.#random.exponential(SET_UP_NS));
  }

  /** Nodes are 20 to 300 µs apart; clients of the internet 0.2 to 40 ms, by their address. */
  #wireNs(from: string, to: string, route: Route): number {
    const ends = [from, to].map((machine) =>
      machine === 'client' ? (route.stops[0]?.ip ?? '') : machine,
    );
    const key = ends.sort().join('|');
    const known = this.#baseNs.get(key);
    if (known !== undefined) return known;
    const isClient = from === 'client' || to === 'client';
    const baseNs = isClient
      ? 200_000 * 200 ** this.#random.unit()
      : this.#random.between(20_000, 300_000);
    this.#baseNs.set(key, baseNs);
    return baseNs;
  }
}
