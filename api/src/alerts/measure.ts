/**
 * What rules ask for, measured no more often than it changes: refusals at every evaluation, roll-ups every few seconds,
 * the usual values of the day before every few minutes.
 */
import { BASELINE_SECONDS, type Observation } from '@hoptrace/domain/alerts/observation.ts';
import type { AlertKind } from '@hoptrace/domain/rest/alerts.ts';
import type { Call } from '../pathStore.ts';
import type { AlertStore } from './alertStore.ts';
import {
  agentLosses,
  forgedHeaders,
  hopLatencies,
  refusals,
  sendings,
  shares,
  silentAgents,
} from './observations.ts';

const SECOND_US = 1_000_000;
const ROLLUP_EVERY_US = 5 * SECOND_US;
const SENDINGS_EVERY_US = 2 * SECOND_US;
const AGENTS_EVERY_US = 5 * SECOND_US;
const BASELINE_EVERY_US = 300 * SECOND_US;
/** Who was not heard of for longer is gone rather than silent. */
const REMEMBERED_SECONDS = 24 * 3600;

interface Kept {
  readonly atUs: number;
  readonly value: unknown;
}

export class Measurer {
  readonly #store: AlertStore;
  readonly #kept = new Map<string, Kept>();

  constructor(store: AlertStore) {
    this.#store = store;
  }

  /** Throws what the store throws. */
  async observe(
    kind: AlertKind,
    windowSeconds: number,
    at: { readonly nowUs: number } & Call,
  ): Promise<readonly Observation[]> {
    switch (kind) {
      case 'refusedConnections': {
        const window = { fromUs: at.nowUs - windowSeconds * SECOND_US, toUs: at.nowUs };
        const all = () => this.#store.refusedAttempts(window, at);
        return refusals(await this.#keep(`refused ${windowSeconds}`, SECOND_US, at.nowUs, all));
      }
      case 'loadBalancerUnhealthyNode': {
        const window = { fromUs: at.nowUs - windowSeconds * SECOND_US, toUs: at.nowUs };
        const all = () => this.#store.sendings(window, at);
        return sendings(
          await this.#keep(`sent ${windowSeconds}`, SENDINGS_EVERY_US, at.nowUs, all),
        );
      }
      case 'agentSilent':
        return silentAgents(await this.#agents(REMEMBERED_SECONDS, at), at.nowUs);
      case 'evidenceLost':
        return agentLosses(await this.#agents(windowSeconds, at));
      case 'forgedHeader':
        return forgedHeaders(await this.#shares(windowSeconds, at));
      case 'extraHopShare':
      case 'clientAddressLost': {
        const now = await this.#shares(windowSeconds, at);
        return shares(kind, now, await this.#usualShares(windowSeconds, at));
      }
      case 'hopLatency': {
        const now = await this.#hops(windowSeconds, at);
        return hopLatencies(now, await this.#usualHops(windowSeconds, at));
      }
    }
  }

  #shares(windowSeconds: number, at: { readonly nowUs: number } & Call) {
    const range = minutesOf(at.nowUs, windowSeconds);
    const ask = () => this.#store.serviceShares(range, at);
    return this.#keep(`shares ${windowSeconds}`, ROLLUP_EVERY_US, at.nowUs, ask);
  }

  #usualShares(windowSeconds: number, at: { readonly nowUs: number } & Call) {
    const range = dayBefore(at.nowUs, windowSeconds);
    const ask = () => this.#store.serviceShares(range, at);
    return this.#keep(`usual shares ${windowSeconds}`, BASELINE_EVERY_US, at.nowUs, ask);
  }

  #hops(windowSeconds: number, at: { readonly nowUs: number } & Call) {
    const range = minutesOf(at.nowUs, windowSeconds);
    const ask = () => this.#store.hopDurations(range, at);
    return this.#keep(`hops ${windowSeconds}`, ROLLUP_EVERY_US, at.nowUs, ask);
  }

  #usualHops(windowSeconds: number, at: { readonly nowUs: number } & Call) {
    const range = dayBefore(at.nowUs, windowSeconds);
    const ask = () => this.#store.hopDurations(range, at);
    return this.#keep(`usual hops ${windowSeconds}`, BASELINE_EVERY_US, at.nowUs, ask);
  }

  #agents(sinceSeconds: number, at: { readonly nowUs: number } & Call) {
    const ask = () => this.#store.agentsSince(at.nowUs - sinceSeconds * SECOND_US, at);
    return this.#keep(`agents ${sinceSeconds}`, AGENTS_EVERY_US, at.nowUs, ask);
  }

  async #keep<T>(name: string, everyUs: number, nowUs: number, ask: () => Promise<T>): Promise<T> {
    const kept = this.#kept.get(name);
    if (kept !== undefined && nowUs - kept.atUs < everyUs) return kept.value as T;
    const value = await ask();
    this.#kept.set(name, { atUs: nowUs, value });
    return value;
  }
}

/** The minutes that the window touches: the oldest as a whole, the newest as far as it is counted. */
function minutesOf(nowUs: number, windowSeconds: number) {
  const nowS = Math.floor(nowUs / SECOND_US);
  const fromS = Math.floor((nowS - windowSeconds) / 60) * 60;
  return { fromS, toS: Math.floor(nowS / 60) * 60 + 60 };
}

function dayBefore(nowUs: number, windowSeconds: number) {
  const { fromS: toS } = minutesOf(nowUs, windowSeconds);
  return { fromS: Math.max(0, toS - BASELINE_SECONDS), toS };
}
