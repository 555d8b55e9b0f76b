/** The suite `proxy`: requests through real proxies, and which of them caused what, by what their threads did. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { LegRecord, ProxyLinkRecord, Sourced } from '@hoptrace/domain/wire/v1.ts';
import { inNamespace, isInstalled, run } from '../../command.ts';
import { LabError } from '../../errors.ts';
import { type Lab, openLab } from '../../lab.ts';
import { type LabNamespace, namespaceOf } from '../../names.ts';
import { PODS } from '../../plan.ts';
import { logFileOf, startDaemon } from '../../processes.ts';
import { startAgents } from '../agents.ts';
import { startReceiver } from '../receiver.ts';
import type { Suite, SuiteOptions, SuiteRow } from '../suite.ts';
import { proxyConfig } from './configs.ts';
import { judgeLinks, type LinkResult, type Truth } from './judge.ts';
import { parseAppLog, parseClientReport } from './truth.ts';
import { VARIANTS, type Variant } from './variants.ts';

export const PROXY: Suite = {
  name: 'proxy',
  text: 'requests through nginx and haproxy: which upstream request each caused, precision and recall',
  run: runProxy,
};

const PRECISION_GOAL = 0.9999;
/** Of one set-up: of 2,300 claims, as many as it makes at least, one wrong is 0.9996. */
const SETUP_PRECISION_GOAL = 0.999;
const RECALL_GOAL = 0.99;
const ALL = 'all';
const APP_PORT = 8_090;
const CONNECTIONS = 64;
const PER_CONNECTION = 40;
const MAX_FAILED_SHARE = 0.01;
const SETTLE_TIMEOUT_MS = 15_000;
const POLL_MS = 100;
/** Batches of the agent are 0.2 s apart at most. */
const QUIET_MS = 500;

const APP_PROGRAM = fileURLToPath(new URL('app.mjs', import.meta.url));
const CLIENT_PROGRAM = fileURLToPath(new URL('client.mjs', import.meta.url));

/** The client is beside the app of node2, the proxies beside the ingress of node1, the app beside that of node1. */
interface Stage {
  readonly lab: Lab;
  readonly client: LabNamespace;
  readonly proxy: LabNamespace;
  readonly proxyIp: string;
  readonly app: LabNamespace;
  readonly appIp: string;
  readonly certificate: string;
  readonly legs: Sourced<LegRecord>[];
  readonly links: Sourced<ProxyLinkRecord>[];
}

async function runProxy({ requests, backends, onRow }: SuiteOptions): Promise<SuiteRow[]> {
  const perVariant = Math.ceil(requests / VARIANTS.length);
  // From Pod to Pod: no rule of kube-proxy is in the way.
  const lab = await openLab({ backend: backends[0] ?? 'nftables', delayMs: 0 });
  try {
    const stage = await prepare(lab);
    const receiver = await startReceiver((record) => {
      if (record.kind === 'leg') stage.legs.push(record);
      if (record.kind === 'proxyLink') stage.links.push(record);
    });
    try {
      const agents = await startAgents(lab, ['node1'], receiver);
      const rows: SuiteRow[] = [];
      const say = (row: SuiteRow) => {
        onRow(row);
        rows.push(row);
      };
      const results: LinkResult[] = [];
      for (const variant of VARIANTS) {
        const result = await measure(stage, variant, perVariant);
        results.push(result);
        for (const row of rowsOf(variant.id, [result])) say(row);
      }
      await agents.stop();
      for (const row of rowsOf(ALL, results)) say(row);
      const lost = receiver.lost();
      say({ name: 'proxy: records lost', value: lost, goal: 0, unit: 'records', met: lost === 0 });
      return rows;
    } finally {
      await receiver.close();
    }
  } finally {
    await lab.down();
  }
}

async function prepare(lab: Lab): Promise<Stage> {
  const find = (pod: string) => namespaceOf(lab.namespaces, { role: 'pod', pod });
  const ipOf = (name: string) => PODS.find((each) => each.name === name)?.ip ?? '';
  const app = find('shop/app-node1');
  await startDaemon(lab.folder, {
    name: 'suite-app',
    namespacePath: app.path,
    program: process.execPath,
    args: [APP_PROGRAM, String(APP_PORT)],
    ports: [APP_PORT],
  });
  return {
    ...{ lab, app, appIp: ipOf('app-node1'), certificate: await makeCertificate(lab) },
    ...{ client: find('shop/app-node2'), proxy: find('ingress-nginx/controller-node1') },
    ...{ proxyIp: ipOf('controller-node1'), legs: [], links: [] },
  };
}

async function makeCertificate(lab: Lab): Promise<string> {
  if (!isInstalled('openssl')) {
    throw new LabError('the suite needs openssl', 'On Debian or Ubuntu: apt-get install openssl');
  }
  const [key, certificate] = ['key', 'cert'].map((name) => join(lab.folder, 'conf', `${name}.pem`));
  const both = join(lab.folder, 'conf', 'both.pem');
  const words = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '1',
    '-subj',
    '/CN=shop',
  ];
  await run('openssl', [...words, '-keyout', key ?? '', '-out', certificate ?? '']);
  writeFileSync(both, `${readFileSync(certificate ?? '')}${readFileSync(key ?? '')}`, {
    mode: 0o600,
  });
  return both;
}

async function measure(stage: Stage, variant: Variant, requests: number): Promise<LinkResult> {
  const { legs, links } = stage;
  legs.length = 0;
  links.length = 0;
  await startProxy(stage, variant);
  const client = parseClientReport(await runClient(stage, variant, requests));
  const failed = client.filter(({ path, status }) => status !== (path === '/app' ? 200 : 404));
  // A proxy may hang up on a body that it did not want, and on the request that follows.
  if (failed.length > client.length * MAX_FAILED_SHARE) {
    throw new LabError(
      `${variant.id}: ${failed.length} of ${client.length} requests failed, the first with ${failed[0]?.status}`,
      `See ${stage.lab.folder}/logs.`,
    );
  }
  const wanted = client.filter(({ path, status }) => path === '/app' && status === 200).length;
  const truth: Truth = { client, app: await appRequests(stage, variant, wanted) };
  const ports = { proxy: variant.port, app: APP_PORT };
  return judgeWhenQuiet(
    () => judgeLinks({ legs, links }, truth, ports),
    () => legs.length + links.length,
  );
}

/** Waits while records still come. Waiting cannot hide a mistake: a wrong claim stays one. */
async function judgeWhenQuiet(
  judge: () => LinkResult,
  received: () => number,
): Promise<LinkResult> {
  const deadlineMs = Date.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    const before = received();
    await sleep(QUIET_MS);
    if (received() === before || Date.now() > deadlineMs) return judge();
  }
}

async function startProxy({ lab, proxy, appIp, certificate }: Stage, variant: Variant) {
  const config = join(lab.folder, 'conf', `${variant.id}.conf`);
  writeFileSync(
    config,
    proxyConfig(variant, { folder: lab.folder, app: `${appIp}:${APP_PORT}`, certificate }),
  );
  const isNginx = variant.program === 'nginx';
  await startDaemon(lab.folder, {
    name: variant.id,
    namespacePath: proxy.path,
    program: variant.program,
    args: isNginx ? ['-p', lab.folder, '-e', 'stderr', '-c', config] : ['-db', '-f', config],
    ports: [variant.port],
  });
}

function runClient(stage: Stage, variant: Variant, requests: number): Promise<string> {
  const { isTls, port, missing, posts, id } = variant;
  const input = JSON.stringify({
    ...{ ip: stage.proxyIp, port, isTls, missing, posts, requests },
    ...{ prefix: id, connections: CONNECTIONS, perConnection: PER_CONNECTION, seed: port },
  });
  const args = inNamespace(stage.client.path, process.execPath, CLIENT_PROGRAM);
  return run('nsenter', args, { input, timeoutMs: 120_000 });
}

/** Waits until the app has logged all of them; it writes its log in portions. */
async function appRequests({ lab }: Stage, { id, nginx }: Variant, wanted: number) {
  const deadlineMs = Date.now() + SETTLE_TIMEOUT_MS;
  const total = nginx?.hasAuthRequest === true ? 2 * wanted : wanted;
  for (;;) {
    const text = readFileSync(logFileOf(lab.folder, 'suite-app'), 'utf8');
    const mine = parseAppLog(text).filter(
      (each) => each.id.startsWith(`${id}-`) && isOwn(each.id, id),
    );
    if (mine.length >= total) return mine;
    if (Date.now() > deadlineMs) {
      throw new LabError(
        `${id}: the app logged ${mine.length} of ${total} requests`,
        `See ${lab.folder}/logs.`,
      );
    }
    await sleep(POLL_MS);
  }
}

/** \`haproxy-mix-17\` is of haproxy-mix, \`haproxy-mix-tls-17\` is not. */
function isOwn(requestId: string, variantId: string): boolean {
  return requestId.replace(/-\d+$/, '') === variantId;
}

export interface LinkRow extends SuiteRow {
  readonly truths: number;
  readonly claims: number;
  readonly right: number;
  readonly proven: number;
  readonly wrong: readonly string[];
  readonly missing: readonly string[];
}

function rowsOf(name: string, results: readonly LinkResult[]): LinkRow[] {
  const sum = (count: (result: LinkResult) => number) =>
    results.reduce((total, each) => total + count(each), 0);
  const counts = {
    truths: sum(({ truths }) => truths),
    claims: sum(({ claims }) => claims),
    right: sum(({ right }) => right),
    proven: sum(({ proven }) => proven),
  };
  const row = (what: string, value: number, goal: number) => ({
    ...{ name: `proxy ${name}: ${what}`, value, goal, met: value >= goal, ...counts },
    unit: `of ${what === 'precision' ? counts.claims : counts.truths} upstream requests`,
    wrong: results.flatMap(({ wrong }) => wrong),
    missing: results.flatMap(({ missing }) => missing),
  });
  return [
    row(
      'precision',
      counts.right / counts.claims,
      name === ALL ? PRECISION_GOAL : SETUP_PRECISION_GOAL,
    ),
    row('recall', counts.right / counts.truths, RECALL_GOAL),
  ];
}
