/**
 * What is played, each with a Service of its own so that none disturbs another. Times are seconds after traffic began.
 * Between two changes of one Service there is more than twice the time in which verdicts are of transition, where
 * what is said away from changes is to be seen, too.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Policy } from '../../plan.ts';
import type { StagePod } from './pods.ts';
import type { Endpoint, Stage } from './stage.ts';

export interface ScenePod {
  readonly name: string;
  readonly node: string;
  /** Last number of its address; two Pods of one node with the same are never there at once. */
  readonly host: number;
  /** There from the beginning. */
  readonly isFirst?: boolean;
}

export interface SceneService {
  readonly name: string;
  readonly nodePort: number;
  readonly policy: Policy;
  /** Pods that it has from the beginning. */
  readonly pods: readonly string[];
  /** Nodes that clients send to. */
  readonly entries: readonly string[];
}

export interface Step {
  readonly atS: number;
  readonly text: string;
  play(stage: Stage, pod: (name: string) => StagePod): unknown;
}

export const PODS: readonly ScenePod[] = [
  { name: 'flip1', node: 'node1', host: 101, isFirst: true },
  { name: 'move1', node: 'node1', host: 102, isFirst: true },
  { name: 'move2', node: 'node2', host: 102 },
  // One address, three Pods of two Services, one after the other.
  { name: 'left1', node: 'node1', host: 103, isFirst: true },
  { name: 'right1', node: 'node1', host: 103 },
  { name: 'left3', node: 'node1', host: 103 },
  { name: 'left2', node: 'node2', host: 103, isFirst: true },
  { name: 'right2', node: 'node2', host: 104, isFirst: true },
  { name: 'roll1', node: 'node1', host: 105, isFirst: true },
  { name: 'roll2', node: 'node1', host: 106 },
  { name: 'wave1', node: 'node1', host: 107, isFirst: true },
  { name: 'wave2', node: 'node2', host: 107, isFirst: true },
  { name: 'wave3', node: 'node1', host: 108 },
  { name: 'wave4', node: 'node2', host: 108 },
];

export const SERVICES: readonly SceneService[] = [
  service('flip', 31001, 'Cluster', ['flip1']),
  service('move', 31002, 'Local', ['move1']),
  service('left', 31003, 'Cluster', ['left1', 'left2']),
  service('right', 31004, 'Cluster', ['right2']),
  service('roll', 31005, 'Local', ['roll1'], ['node1']),
  service('wave', 31006, 'Cluster', ['wave1', 'wave2']),
];

function service(
  ...[name, nodePort, policy, pods, entries = ['node1', 'node2']]: [
    string,
    number,
    Policy,
    string[],
    string[]?,
  ]
): SceneService {
  return { name, nodePort, policy, pods, entries };
}

export const TRAFFIC_S = 33;

/** From when a Pod is scheduled until its node gives it an address. */
const SCHEDULED_MS = 300;

/** In the order of time. */
export const STEPS: readonly Step[] = [
  // (a) The policy flips, and back.
  step(8, 'flip: Cluster → Local', (stage) => stage.setPolicy('flip', 'Local')),
  step(24, 'flip: Local → Cluster', (stage) => stage.setPolicy('flip', 'Cluster')),
  // (b) The endpoint moves to another node.
  step(9, 'move: the Pod on node1 is gone', (stage, pod) => {
    stage.setEndpoints('move', []);
    return stage.endPod(pod('move1'));
  }),
  step(12, 'move: a Pod on node2 serves', async (stage, pod) => {
    await stage.startPod(pod('move2'));
    stage.setEndpoints('move', [{ pod: pod('move2') }]);
  }),
  // (c) An address changes hands: left → right → left. node2 goes on sending to it for a moment. The second time its
  // last holder is told to be gone after the next one has the address, as kubelets do it.
  step(10, 'left → right: the address of left1 is given to right1', (stage, pod) =>
    handOver(stage, {
      ...{ from: 'left', staying: [{ pod: pod('left2') }], last: pod('left1'), toldAfterMs: 0 },
      ...{ to: 'right', next: pod('right1'), others: [{ pod: pod('right2') }] },
    }),
  ),
  step(21, 'right → left: the address of right1 is given to left3', (stage, pod) =>
    handOver(stage, {
      ...{ from: 'right', staying: [{ pod: pod('right2') }], last: pod('right1') },
      ...{ toldAfterMs: 1500, to: 'left', next: pod('left3'), others: [{ pod: pod('left2') }] },
    }),
  ),
  // (d) Rollouts: the only Pod stops before the next one is there, and one after the other.
  step(11, 'roll: the only Pod terminates and still serves', (stage, pod) => {
    stage.terminatePod(pod('roll1'));
    stage.setEndpoints('roll', [{ pod: pod('roll1'), isTerminating: true }]);
  }),
  step(14, 'roll: it is gone', (stage, pod) => {
    stage.setEndpoints('roll', []);
    return stage.endPod(pod('roll1'));
  }),
  step(25, 'roll: the next one serves', async (stage, pod) => {
    await stage.startPod(pod('roll2'));
    stage.setEndpoints('roll', [{ pod: pod('roll2') }]);
  }),
  step(12.5, 'wave: wave3 comes, wave1 terminates and still serves', (stage, pod) =>
    replace(stage, pod('wave3'), pod('wave1'), pod('wave2')),
  ),
  step(16, 'wave: wave1 is gone', (stage, pod) => {
    stage.setEndpoints('wave', [{ pod: pod('wave2') }, { pod: pod('wave3') }]);
    return stage.endPod(pod('wave1'));
  }),
  step(17, 'wave: wave4 comes, wave2 terminates and still serves', (stage, pod) =>
    replace(stage, pod('wave4'), pod('wave2'), pod('wave3')),
  ),
  step(20.5, 'wave: wave2 is gone', (stage, pod) => {
    stage.setEndpoints('wave', [{ pod: pod('wave3') }, { pod: pod('wave4') }]);
    return stage.endPod(pod('wave2'));
  }),
].sort((a, b) => a.atS - b.atS);

function step(atS: number, text: string, play: Step['play']): Step {
  return { atS, text, play };
}

interface HandOver {
  readonly from: string;
  readonly staying: readonly Endpoint[];
  readonly last: StagePod;
  readonly toldAfterMs: number;
  readonly to: string;
  readonly next: StagePod;
  readonly others: readonly Endpoint[];
}

async function handOver(stage: Stage, parts: HandOver): Promise<void> {
  const { from, staying, last, toldAfterMs, to, next, others } = parts;
  stage.announcePod(next);
  await sleep(SCHEDULED_MS);
  stage.terminatePod(last);
  stage.setEndpoints(from, staying);
  await stage.freeAddress(last);
  const started = stage.startPod(next);
  await sleep(toldAfterMs);
  stage.forgetPod(last);
  await started;
  stage.setEndpoints(to, [...others, { pod: next }]);
}

async function replace(
  stage: Stage,
  next: StagePod,
  last: StagePod,
  other: StagePod,
): Promise<void> {
  await stage.startPod(next);
  stage.terminatePod(last);
  stage.setEndpoints('wave', [{ pod: last, isTerminating: true }, { pod: other }, { pod: next }]);
}
