/** What all that happens in a world is made with. */
import type { WireRecord } from '@hoptrace/domain/wire/v1.ts';
import type { SimCluster } from './cluster.ts';
import type { PortAllocator } from './nat.ts';
import type { WorldPlan } from './plan.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';
import type { Truth } from './truth.ts';

export interface TrafficParts {
  readonly random: Random;
  readonly schedule: Schedule;
  readonly plan: WorldPlan;
  readonly cluster: SimCluster;
  readonly truth: Truth;
  readonly ports: PortAllocator;
  /** A record that an agent makes at once; startUs is added. */
  readonly tell: (machine: string, record: Omit<WireRecord, 'startUs'>, atNs: number) => void;
}
