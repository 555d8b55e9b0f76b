/**
 * The suite `kubernetes`: policies flip, endpoints move, addresses change hands and Pods are replaced, all under
 * traffic. The whole product runs beside the lab; its collector watches an API server over HTTP, and the kernel's rules
 * follow with the delays of kube-proxy.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { ApiServer } from '../../../integration/topology/apiServer.ts';
import { pathKey } from '../../check/compare.ts';
import { type Stack, startStack } from '../../check/stack.ts';
import { type Lab, openLab } from '../../lab.ts';
import { CLIENT_IP, SERVICES as LAB_SERVICES, nodeNamed, type ServicePlan } from '../../plan.ts';
import type { Suite, SuiteOptions, SuiteRow } from '../suite.ts';
import { type Judgement, judge } from './judge.ts';
import { type Observer, observe } from './observe.ts';
import { makePods, NAMESPACE, type StagePod } from './pods.ts';
import {
  alertRows,
  ambiguousRow,
  cutRow,
  explanationRows,
  falseAlarms,
  type Gap,
  isOf,
  sceneRows,
} from './rows.ts';
import { PODS, SERVICES, STEPS, TRAFFIC_S } from './scenes.ts';
import { endpointOf, type Stage, setStage } from './stage.ts';
import { startTraffic } from './traffic.ts';
import { truthOf } from './truth.ts';

export const KUBERNETES: Suite = {
  name: 'kubernetes',
  text: 'policies, endpoints, addresses and Pods change under traffic: names, verdicts and alerts are of their time',
  // A minute each, whatever the machine.
  ciBackends: ['nftables'],
  run: runKubernetes,
};

/** As in the suite `alerts`: the end comes while somebody waits. */
const ALERT_RULES = {
  rules: [{ id: 'refused-connections', windowSeconds: 15, keepFiringSeconds: 0 }],
};
/** Connections a second to each NodePort of each node; a few hundred between two changes of a Service. */
const MIN_PER_SECOND = 4;
const MAX_PER_SECOND = 12;
const SETTLE_TIMEOUT_MS = 30_000;
const RESOLVE_TIMEOUT_MS = 120_000;
const POLL_MS = 300;
/** Before the first change. Requests of this time are judged as all, but for how long their explanation took. */
const WARM_MS = 4_000;
const EXPLAINED_MS = 5_000;

/** What refuses clients long enough for somebody to be called, and is over before traffic ends. */
const GAPS: readonly Gap[] = [
  { service: 'flip', node: 'node2', cause: 'noLocalEndpoints' },
  { service: 'roll', node: 'node1', cause: 'noEndpoints' },
];

async function runKubernetes({ requests, backends, onRow }: SuiteOptions): Promise<SuiteRow[]> {
  const targets = SERVICES.flatMap(({ entries }) => entries).length;
  const wanted = requests / backends.length / TRAFFIC_S / targets;
  const perSecond = Math.min(MAX_PER_SECOND, Math.max(MIN_PER_SECOND, wanted));
  const rows: SuiteRow[] = [];
  for (const backend of backends) {
    const lab = await openLab({ backend });
    const api = new ApiServer();
    try {
      const kubernetesUrl = await api.listen();
      for (const row of await measure(lab, api, kubernetesUrl, perSecond)) {
        onRow(row);
        rows.push(row);
      }
    } finally {
      await api.close();
      await lab.down();
    }
  }
  return rows;
}

async function measure(
  lab: Lab,
  api: ApiServer,
  kubernetesUrl: string,
  perSecond: number,
): Promise<SuiteRow[]> {
  const pods = new Map((await makePods(lab, PODS)).map((pod) => [pod.name, pod]));
  const podOf = (name: string): StagePod => {
    const pod = pods.get(name);
    if (pod === undefined) throw new Error(`no Pod "${name}" in the scenes`);
    return pod;
  };
  const stage = setStage({ lab, api, others: LAB_SERVICES }, servicePlans(podOf));
  const first = PODS.filter(({ isFirst }) => isFirst === true);
  await Promise.all(first.map(({ name }) => stage.startPod(podOf(name))));
  await stage.settled();
  const rulesFile = join(lab.folder, 'alert-rules.json');
  writeFileSync(rulesFile, JSON.stringify(ALERT_RULES));
  const namespaces = [...lab.namespaces, ...[...pods.values()].map((pod) => pod.namespace)];
  const stack = await startStack(
    { ...lab, namespaces },
    {
      ...{ recordFolder: null, kubernetesUrl },
      alertEnv: { HOPTRACE_ALERTS_RULES_FILE: rulesFile },
    },
  );
  try {
    await stack.agents();
    return await play({ lab, stage, stack, podOf, perSecond });
  } finally {
    await stack.close();
  }
}

function servicePlans(podOf: (name: string) => StagePod): ServicePlan[] {
  return SERVICES.map(({ name, nodePort, policy, pods }) => ({
    ...{ namespace: NAMESPACE, name, portName: 'http', port: 80, nodePort, policy },
    clusterIp: `10.96.1.${nodePort % 100}`,
    endpoints: pods.map((pod) => endpointOf({ pod: podOf(pod) })),
  }));
}

interface Playing {
  readonly lab: Lab;
  readonly stage: Stage;
  readonly stack: Stack;
  readonly podOf: (name: string) => StagePod;
  readonly perSecond: number;
}

async function play({ lab, stage, stack, podOf, perSecond }: Playing): Promise<SuiteRow[]> {
  const observer = observe(stack.apiUrl);
  const startedMs = Date.now();
  const targets = SERVICES.flatMap(({ nodePort, entries }) =>
    entries.map((node) => ({ ip: nodeNamed(node).ip, port: nodePort })),
  );
  const traffic = startTraffic(lab, targets, perSecond);
  const until = (atS: number) => sleep(Math.max(0, startedMs + atS * 1000 - Date.now()));
  const played: unknown[] = [];
  for (const step of STEPS) {
    await until(step.atS);
    played.push(step.play(stage, podOf));
  }
  await until(TRAFFIC_S);
  await Promise.all(played);
  const reports = await traffic.stop();
  // Judging thousands of paths in this process would delay what is still to be explained.
  await sleep(EXPLAINED_MS);
  const truths = reports.map((report) => truthOf(report, CLIENT_IP, stage));
  const judgeNow = async () => judgeAll(truths, await stack.pathsSince(startedMs * 1000));
  const judgements = await settledJudgements(judgeNow);
  await resolved(observer);
  await observer.stop();
  const name = (text: string) => `kubernetes ${lab.backend}: ${text}`;
  return [
    ...sceneRows(name, judgements),
    ambiguousRow(name, judgements),
    cutRow(name, judgements),
    ...explanationRows(name, judgements, {
      explained: observer.explained,
      warmUs: (startedMs + WARM_MS) * 1000,
    }),
    ...GAPS.flatMap((gap) => alertRows(name, gap, judgements, observer)),
    falseAlarms(name, judgements, observer),
  ];
}

function judgeAll(truths: readonly ReturnType<typeof truthOf>[], paths: readonly Path[]) {
  const byKey = new Map<string, Path[]>();
  for (const path of paths) byKey.set(pathKey(path), [...(byKey.get(pathKey(path)) ?? []), path]);
  return truths.map((truth) => judge(truth, byKey.get(`client ${truth.key}`) ?? []));
}

/** Judged once all is right, or when the time is over: waiting cannot hide a mistake. */
async function settledJudgements(judgeNow: () => Promise<Judgement[]>): Promise<Judgement[]> {
  const deadlineMs = Date.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    const judgements = await judgeNow();
    const isRight = judgements.every(
      ({ podProblems, pathProblems, verdictProblems }) =>
        podProblems.length + pathProblems.length + verdictProblems.length === 0,
    );
    if (isRight || Date.now() > deadlineMs) return judgements;
    await sleep(POLL_MS);
  }
}

async function resolved({ fired, firing }: Observer): Promise<void> {
  const deadlineMs = Date.now() + RESOLVE_TIMEOUT_MS;
  const isOver = () =>
    GAPS.every((gap) =>
      [...fired.values()].every((alert) => !isOf(gap, alert) || !firing.has(alert.alertId)),
    );
  while (!isOver() && Date.now() < deadlineMs) await sleep(POLL_MS);
}
