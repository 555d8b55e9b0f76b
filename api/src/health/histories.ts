/** States of Services, slices and health checks as the store has them, to histories that can be judged. */
import type { HealthHistory } from '@hoptrace/domain/health/nodeHealth.ts';
import { HEALTH_CHECK_KIND } from '@hoptrace/domain/health/observed.ts';
import type { Version } from '@hoptrace/domain/health/stretches.ts';
import {
  type HealthCheckObject,
  healthCheckObjectSchema,
} from '@hoptrace/domain/wire/healthChecks.ts';
import {
  type EndpointSliceObject,
  endpointSliceSchema,
  type ServiceObject,
  serviceSchema,
} from '@hoptrace/domain/wire/kubernetes.ts';
import type { StoredVersion } from '@hoptrace/store/rows/topologyRow.ts';

interface OwnHistory {
  readonly services: Version<ServiceObject>[];
  readonly slices: Version<EndpointSliceObject>[];
  readonly checks: Version<HealthCheckObject>[];
}

/** What is told without a cluster holds for each that has no topology of its own. */
const ANY_CLUSTER = '';
const NONE: OwnHistory = { services: [], slices: [], checks: [] };

export interface KnownService {
  readonly cluster: string;
  readonly namespace: string;
  readonly service: string;
}

export class Histories {
  readonly #own = new Map<string, OwnHistory>();
  readonly #clusters = new Map<string, Set<string>>();

  /** Rows that this version does not know are passed over. */
  constructor(rows: readonly StoredVersion[]) {
    for (const row of rows) this.#add(row);
  }

  of(cluster: string, name: string): HealthHistory {
    const own = this.#own.get(keyOf(cluster, name)) ?? NONE;
    const any = this.#own.get(keyOf(ANY_CLUSTER, name)) ?? NONE;
    const told = own.services.length > 0 ? own : any;
    return { services: told.services, slices: told.slices, checks: own.checks };
  }

  /** Those that are told of, in order; one of no cluster for each cluster whose agents speak of it. */
  get all(): KnownService[] {
    const found = [...this.#clusters].flatMap(([name, clusters]) => {
      const [namespace = '', service = ''] = name.split('/');
      const named = [...clusters].filter((cluster) => cluster !== ANY_CLUSTER);
      const all = named.length === 0 ? [ANY_CLUSTER] : named;
      return all.map((cluster) => ({ cluster, namespace, service }));
    });
    const key = (each: KnownService) => keyOf(each.cluster, `${each.namespace}/${each.service}`);
    return found.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  #add(row: StoredVersion): void {
    const { fromUs, earliestUs, toUs, earliestToUs } = row;
    const times = { fromUs, earliestUs, toUs, earliestToUs };
    const json: unknown = JSON.parse(row.object);
    if (row.kind === 'Service') {
      const object = serviceSchema.safeParse(json).data;
      if (object !== undefined) this.#of(row, row.name).services.push({ ...times, object });
    } else if (row.kind === 'EndpointSlice') {
      const object = endpointSliceSchema.safeParse(json).data;
      const name = object?.metadata.labels['kubernetes.io/service-name'];
      if (object !== undefined && name !== undefined)
        this.#of(row, name).slices.push({ ...times, object });
    } else if (row.kind === HEALTH_CHECK_KIND) {
      const object = healthCheckObjectSchema.safeParse(json).data;
      if (object !== undefined) this.#of(row, object.service).checks.push({ ...times, object });
    }
  }

  #of({ cluster, namespace }: StoredVersion, service: string): OwnHistory {
    const name = `${namespace}/${service}`;
    const clusters = this.#clusters.get(name) ?? new Set();
    this.#clusters.set(name, clusters.add(cluster));
    const key = keyOf(cluster, name);
    const known = this.#own.get(key) ?? { services: [], slices: [], checks: [] };
    this.#own.set(key, known);
    return known;
  }
}

const keyOf = (cluster: string, name: string) => `${cluster}\n${name}`;
