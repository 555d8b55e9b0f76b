/**
 * What agents heard at the health check node ports of their nodes, as states with times, beside those of the topology.
 * A state is known from its first probe to its last (`earliestToUs`): silence of an agent is not taken for health.
 */
import { HEALTH_CHECK_KIND } from '@hoptrace/domain/health/observed.ts';
import {
  type HealthCheck,
  type HealthSighting,
  healthCheckObjectSchema,
} from '@hoptrace/domain/wire/healthChecks.ts';
import type { Envelope } from '@hoptrace/domain/wire/v1.ts';
import type { RowSink } from './agentFacts.ts';
import type { StoredTopology } from './topologyStore.ts';

/** Checks of all nodes; one that was silent longest gives way. */
const MAX_CHECKS = 20_000;
const MAX_STATES = 32;
/** How old the end of a state that goes on may be in the store. */
const REFRESH_US = 10_000_000;
/** An agent whose clock is further ahead is not believed. */
const MAX_AHEAD_US = 3_600_000_000;

interface State {
  readonly fromUs: number;
  readonly earliestUs: number;
  readonly object: string;
  toUs: number;
  earliestToUs: number;
}

interface Check {
  readonly states: State[];
  storedUs: number;
}

export class HealthBook {
  /** By cluster, node, namespace and service. */
  readonly #checks = new Map<string, Check>();
  readonly #sink: RowSink;

  constructor(sink: RowSink) {
    this.#sink = sink;
  }

  /** Notes an envelope; `atUs`: the collector's clock. */
  note({ cluster, node, healthChecks }: Envelope, atUs: number): void {
    if (healthChecks === undefined) return;
    const told = new Set<string>();
    for (const check of healthChecks.checks) {
      const place = { cluster, node, namespace: check.namespace, service: check.service };
      told.add(keyOf(place));
      this.#take(place, check, atUs);
    }
    const prefix = `${cluster}\n${node}\n`;
    for (const [key, check] of this.#checks)
      if (key.startsWith(prefix) && !told.has(key)) this.#end(key, check, atUs);
  }

  /** A state of before, as it was stored, in the order of time; false where it cannot be read. */
  restore({ cluster, namespace, fromUs, earliestUs, toUs, ...row }: StoredTopology): boolean {
    const object = objectOf(row.object);
    if (object === null) return false;
    const key = keyOf({ cluster, node: object.node, namespace, service: object.service });
    const check = this.#checkOf(key);
    const { earliestToUs } = row;
    check.states.push({ fromUs, earliestUs, toUs, earliestToUs, object: row.object });
    return true;
  }

  #take(place: Place, check: HealthCheck, atUs: number): void {
    const known = this.#checkOf(keyOf(place));
    for (const [index, sighting] of check.sightings.entries()) {
      const last = known.states.at(-1);
      if (sighting.fromUs > atUs + MAX_AHEAD_US) continue;
      if (last !== undefined && sighting.fromUs <= last.fromUs) continue;
      const before = check.sightings[index - 1];
      // Sightings that follow each other: the last probe that said the one before is the end of what is known of it.
      if (last !== undefined && last.toUs === Number.POSITIVE_INFINITY) {
        last.toUs = sighting.fromUs;
        if (before?.fromUs === last.fromUs)
          last.earliestToUs = Math.max(last.earliestToUs, sighting.earliestUs);
        this.#store(place, last);
      }
      const opened = stateOf(place, check, sighting);
      known.states.push(opened);
      known.states.splice(0, known.states.length - MAX_STATES);
      known.storedUs = atUs;
      this.#store(place, opened);
    }
    const last = known.states.at(-1);
    if (last === undefined || last.fromUs !== check.sightings.at(-1)?.fromUs) return;
    last.earliestToUs = Math.max(last.earliestToUs, check.checkedUs);
    if (atUs - known.storedUs < REFRESH_US) return;
    known.storedUs = atUs;
    this.#store(place, last);
  }

  /** The port is gone, and with it whoever could say anything. */
  #end(key: string, check: Check, atUs: number): void {
    const last = check.states.at(-1);
    this.#checks.delete(key);
    if (last === undefined || last.toUs !== Number.POSITIVE_INFINITY) return;
    last.toUs = Math.max(atUs, last.earliestToUs);
    const [cluster = '', node = '', namespace = '', service = ''] = key.split('\n');
    this.#store({ cluster, node, namespace, service }, last);
  }

  #checkOf(key: string): Check {
    const known = this.#checks.get(key);
    const check = known ?? { states: [], storedUs: Number.NEGATIVE_INFINITY };
    // The order of the map is that of being heard.
    this.#checks.delete(key);
    this.#checks.set(key, check);
    const [oldest] = this.#checks.keys();
    if (this.#checks.size > MAX_CHECKS && oldest !== undefined) this.#checks.delete(oldest);
    return check;
  }

  #store({ cluster, node, namespace, service }: Place, state: State): void {
    this.#sink(state, () => ({
      ...{ cluster, kind: HEALTH_CHECK_KIND, namespace, name: `${service}@${node}` },
      ...{ fromUs: state.fromUs, earliestUs: state.earliestUs },
      ...{ toUs: state.toUs, earliestToUs: state.earliestToUs },
      ...{ source: 'agent', revision: '', object: state.object },
    }));
  }
}

interface Place {
  readonly cluster: string;
  readonly node: string;
  readonly namespace: string;
  readonly service: string;
}

const keyOf = ({ cluster, node, namespace, service }: Place) =>
  [cluster, node, namespace, service].join('\n');

function stateOf(
  { node, service }: Place,
  { port }: HealthCheck,
  { fromUs, earliestUs, ...said }: HealthSighting,
): State {
  return {
    fromUs,
    // The first probe of all says nothing about before.
    earliestUs: earliestUs === fromUs ? Number.NEGATIVE_INFINITY : earliestUs,
    toUs: Number.POSITIVE_INFINITY,
    earliestToUs: fromUs,
    object: JSON.stringify({ service, node, port, ...said }),
  };
}

function objectOf(text: string) {
  try {
    return healthCheckObjectSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
