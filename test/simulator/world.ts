/** A simulated world: what its agents deliver, and what truly happened. */

import { type LossWindows, noteLosses } from '@hoptrace/domain/loss/lossWindows.ts';
import type { Context } from '@hoptrace/domain/reconstruct/evidence.ts';
import type { NodeAddress, Sourced, WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { AgentClock } from './clock.ts';
import { addressesOf, BALANCER, clusterOf } from './cluster.ts';
import { type Delivered, deliver } from './faults.ts';
import { PortAllocator } from './nat.ts';
import type { WorldPlan } from './plan.ts';
import { Random } from './random.ts';
import { Schedule } from './schedule.ts';
import { type Emission, wallUs } from './stamps.ts';
import { observe } from './taps.ts';
import { Traffic } from './traffic.ts';
import { Truth } from './truth.ts';

export interface World {
  readonly plan: WorldPlan;
  readonly records: readonly Sourced[];
  readonly truth: Truth;
  readonly context: Context;
  /** Connections made per distinct (source, destination, port). */
  readonly portReuse: number;
}

const CLUSTER = 'sim';

interface SimAgent {
  readonly machine: string;
  readonly clock: AgentClock;
  readonly emissions: Emission[];
  legs: number;
}

/** Deterministic: the same plan gives the same world. */
export function simulate(plan: WorldPlan): World {
  const random = new Random(plan.seed ^ 0x5eed);
  const cluster = clusterOf(plan.nodes, plan.family);
  const machines = [
    ...cluster.nodes.map(({ name }) => name),
    ...(plan.isBalancerWatched && plan.balancer !== 'none' ? [BALANCER] : []),
  ];
  const agents = new Map(
    machines.map((machine): [string, SimAgent] => [
      machine,
      {
        machine,
        clock: new AgentClock(random, plan.clock, plan.durationNs),
        emissions: [],
        legs: 0,
      },
    ]),
  );
  const truth = new Truth();
  const schedule = new Schedule();
  const ports = new PortAllocator(random, schedule, plan.ports);
  const told = (machine: string, record: Omit<WireRecord, 'startUs'>, atNs: number) => {
    const agent = agents.get(machine);
    if (agent === undefined) return;
    const stamped = { ...record, startUs: wallUs(agent.clock, atNs) } as WireRecord;
    agent.emissions.push({ record: stamped, atNs, sinceNs: atNs });
  };
  new Traffic({ random, schedule, plan, cluster, truth, ports, tell: told }).plan();
  schedule.run();
  watch(random, plan, truth, agents);
  const senders = [...agents.values()].map(({ machine, emissions, clock }) => ({
    cluster: CLUSTER,
    machine,
    addresses: addressesOf(cluster, machine),
    emissions,
    wallUs: (trueNs: number) => wallUs(clock, trueNs),
  }));
  const delivered = deliver(random, plan.faults, senders, plan.durationNs);
  return {
    plan,
    records: delivered.records,
    truth,
    context: {
      cluster: CLUSTER,
      topology: cluster.topology,
      addressesByNode: addresses(delivered),
      losses: losses(delivered),
    },
    portReuse: ports.counts.allocated / Math.max(1, ports.counts.distinct),
  };
}

/** Every agent sees every connection that crosses its machine. */
function watch(
  random: Random,
  plan: WorldPlan,
  truth: Truth,
  agents: ReadonlyMap<string, SimAgent>,
): void {
  for (const connection of truth.connections.values()) {
    for (const machine of new Set(connection.route.sites.map((site) => site.machine))) {
      const agent = agents.get(machine);
      if (agent === undefined) continue;
      const nextLegId = () => ++agent.legs;
      agent.emissions.push(
        ...observe(random, agent.clock, plan.taps, connection, machine, nextLegId),
      );
    }
  }
}

/** As the collector knows them: from the envelopes that came. */
function addresses(delivered: Delivered): Map<string, readonly NodeAddress[]> {
  return new Map(delivered.envelopes.map((envelope) => [envelope.node, envelope.addresses]));
}

/** From the envelopes that came, each against the one that its agent sent before it. */
function losses({ envelopes }: Delivered): LossWindows {
  const inOrder = [...envelopes].sort((a, b) => a.firstSeq - b.firstSeq);
  const sentAtUs = new Map<string, number>();
  let windows: LossWindows = new Map();
  for (const envelope of inOrder) {
    const sender = `${envelope.node}|${envelope.bootId}`;
    windows = noteLosses(windows, envelope, sentAtUs.get(sender) ?? null);
    sentAtUs.set(sender, envelope.sentAtUs);
  }
  return windows;
}
