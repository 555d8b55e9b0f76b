/**
 * The suite `page`: the web page in Chromium beside live traffic. The policy of a Service flips and clients are refused;
 * the page is to show it by itself, and whoever is called is to find the cause within four clicks from the alert. The
 * whole product runs: agents on three nodes, collector with its watch of an API server, ClickHouse, API, page.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBuiltPage } from '../../../e2e/builtPage.ts';
import { launchBrowser, NO_CHROMIUM } from '../../../e2e/chromium.ts';
import { ApiServer } from '../../../integration/topology/apiServer.ts';
import { startStack } from '../../check/stack.ts';
import { LabError } from '../../errors.ts';
import { type Lab, openLab } from '../../lab.ts';
import { SERVICES as LAB_SERVICES, nodeNamed, type ServicePlan } from '../../plan.ts';
import { makePods } from '../kubernetes/pods.ts';
import { endpointOf, type Stage, setStage } from '../kubernetes/stage.ts';
import { startTraffic } from '../kubernetes/traffic.ts';
import type { Suite, SuiteOptions, SuiteRow } from '../suite.ts';
import { SERVICE, Viewer } from './viewer.ts';

export const PAGE: Suite = {
  name: 'page',
  text: 'the web page in Chromium beside live traffic: a policy that flips is on it within 5 s, the cause in 4 clicks',
  // Half a minute each, whatever the machine; the rules' form is nothing that the page knows of.
  ciBackends: ['nftables'],
  run: runPage,
};

const NODE_PORT = 31_001;
/** Of the Service's only Pod, and of the entry that loses its way to it. */
const [WITH_POD, WITHOUT_POD] = ['node1', 'node2'];
const PER_SECOND = 8;
const FLIP_GOAL_S = 5;
const ALERT_GOAL_S = 10;
const MAX_CLICKS = 4;
const SAID_CHARACTERS = 300;
/** As in the suite `alerts`: the end comes while somebody waits. */
const ALERT_RULES = {
  rules: [{ id: 'refused-connections', windowSeconds: 15, keepFiringSeconds: 0 }],
};
const SEEN_BEFORE_MS = 3_000;
const PICTURES = new URL('../../../e2e/output/', import.meta.url).pathname;

async function runPage({ backends, onRow }: SuiteOptions): Promise<SuiteRow[]> {
  const browser = await launchBrowser();
  if (browser === null) throw new LabError(NO_CHROMIUM, 'Install it, or leave the suite out.');
  const page = await startBuiltPage();
  const rows: SuiteRow[] = [];
  try {
    for (const backend of backends) {
      const lab = await openLab({ backend });
      const api = new ApiServer();
      try {
        for (const row of await measure(lab, api, page.folder, browser)) {
          onRow(row);
          rows.push(row);
        }
      } finally {
        await api.close();
        await lab.down();
      }
    }
  } finally {
    await page.close();
    await browser.close();
  }
  return rows;
}

type Browser = NonNullable<Awaited<ReturnType<typeof launchBrowser>>>;

async function measure(
  lab: Lab,
  api: ApiServer,
  webRoot: string,
  browser: Browser,
): Promise<SuiteRow[]> {
  const kubernetesUrl = await api.listen();
  const [pod] = await makePods(lab, [{ name: 'flip1', node: WITH_POD, host: 101 }]);
  if (pod === undefined) throw new Error('no Pod was made');
  const [namespace = '', name = ''] = SERVICE.split('/');
  const service: ServicePlan = {
    ...{ namespace, name, portName: 'http', port: 80, nodePort: NODE_PORT, policy: 'Cluster' },
    ...{ clusterIp: '10.96.1.1', endpoints: [endpointOf({ pod })] },
  };
  const stage = setStage({ lab, api, others: LAB_SERVICES }, [service]);
  await stage.startPod(pod);
  await stage.settled();
  const rulesFile = join(lab.folder, 'alert-rules.json');
  writeFileSync(rulesFile, JSON.stringify(ALERT_RULES));
  const stack = await startStack(
    { ...lab, namespaces: [...lab.namespaces, pod.namespace] },
    {
      ...{ recordFolder: null, kubernetesUrl, webRoot },
      alertEnv: { HOPTRACE_ALERTS_RULES_FILE: rulesFile },
    },
  );
  const entries = [WITH_POD, WITHOUT_POD].map((each) => nodeNamed(each).ip);
  const targets = entries.map((ip) => ({ ip, port: NODE_PORT }));
  try {
    await stack.agents();
    const traffic = startTraffic(lab, targets, PER_SECOND);
    try {
      mkdirSync(PICTURES, { recursive: true });
      const viewer = await Viewer.open(
        browser,
        stack.apiUrl,
        join(PICTURES, `live-${lab.backend}`),
      );
      const name = (text: string) => `page ${lab.backend}: ${text}`;
      return await watch({ viewer, stage, name }).catch(async (error: unknown) => {
        await viewer.picture('failed');
        process.stderr.write(
          `the browser complains: ${viewer.complaints.join('\n') || 'of nothing'}\n`,
        );
        throw error;
      });
    } finally {
      await traffic.stop();
    }
  } finally {
    await stack.close();
  }
}

interface PageRow extends SuiteRow {
  /** By the page. */
  readonly said?: string;
}

interface Watch {
  readonly viewer: Viewer;
  readonly stage: Stage;
  readonly name: (text: string) => string;
}

async function watch({ viewer, stage, name }: Watch): Promise<SuiteRow[]> {
  const seconds = (text: string, value: number, goal: number | null): SuiteRow => ({
    ...{ name: name(text), value: Math.round(value * 100) / 100, goal, unit: 's' },
    ...{ met: goal === null || value <= goal, isTimed: true },
  });
  const right = (text: string, value: boolean, said: string): PageRow => ({
    ...{ name: name(text), value: Number(value), goal: 1, unit: 'of 1', met: value },
    said: said.slice(0, SAID_CHARACTERS),
  });
  await viewer.openService();
  await viewer.finding('cross machines');
  const extra = await viewer.findings();
  await sleep(SEEN_BEFORE_MS);

  const flippedMs = Date.now();
  stage.setPolicy('flip', 'Local');
  const flip = await viewer.change(/Cluster.*Local/);
  const flipS = (flip.atMs - flippedMs) / 1000;
  await viewer.finding('refused (');
  const refusedS = (Date.now() - firstRefusedMs(stage)) / 1000;
  await viewer.alerted();
  const alertS = (Date.now() - firstRefusedMs(stage)) / 1000;
  await viewer.picture('service');

  await viewer.openAlerts();
  const clicks = await viewer.fromAlertToCause();
  const path = await viewer.pathText();

  await viewer.openService();
  const backMs = Date.now();
  stage.setPolicy('flip', 'Cluster');
  const back = await viewer.change(/Local.*Cluster/);
  const backS = (back.atMs - backMs) / 1000;
  await stage.settled();
  await viewer.quiet();
  await viewer.picture('resolved');
  const head = await viewer.headText();
  return [
    right(
      'extra hops are told before the flip, by whom',
      extra.includes(`${WITHOUT_POD} → flip1`),
      extra,
    ),
    seconds('Cluster → Local is on the page', flipS, FLIP_GOAL_S),
    right('the change is told by name', flip.text.includes('externalTrafficPolicy'), flip.text),
    seconds('refused connections are on the page, after the first', refusedS, FLIP_GOAL_S),
    seconds('the page says that an alert fires, after the first', alertS, ALERT_GOAL_S),
    right(
      'the cause is four clicks from the alert, or nearer',
      clicks <= MAX_CLICKS,
      `${clicks} clicks`,
    ),
    right('the cause names the policy', path.includes('externalTrafficPolicy: Local'), path),
    right('the cause names the node without a Pod', path.includes(WITHOUT_POD), path),
    right('the path says what to do', path.includes('What to do:'), path),
    seconds('Local → Cluster is on the page', backS, FLIP_GOAL_S),
    right('nothing fires any more when it is over', !/\d/.test(head), head),
    right(
      'the browser has nothing to complain of',
      viewer.complaints.length === 0,
      viewer.complaints.join('\n'),
    ),
  ];
}

/** When the node without a Pod had its new rules. */
function firstRefusedMs({ programmed }: Stage): number {
  const entry = programmed.findLast(
    ({ node, services }) =>
      node === WITHOUT_POD && services.some(({ policy }) => policy === 'Local'),
  );
  return (entry?.doneUs ?? Number.NaN) / 1000;
}
