/**
 * From a refused connection in the store to whoever is on call, with the real Prometheus and Alertmanager of Debian:
 *
 *   paths ─► ClickHouse ─► alerts of the API ─┬─► Alertmanager ─► receiver      (hoptrace's own rules)
 *                                             ├─► webhook (signed)
 *                                             └─► /metrics ─► Prometheus, deploy/prometheus ─► Alertmanager
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildAlerts } from '@hoptrace/api/alerts/alerts.ts';
import { readAlertConfig } from '@hoptrace/api/alerts/config.ts';
import type { AlertEngine } from '@hoptrace/api/alerts/engine.ts';
import { signatureOf } from '@hoptrace/api/alerts/webhookSink.ts';
import { buildApi } from '@hoptrace/api/app.ts';
import { clickhouseStore } from '@hoptrace/api/clickhouseStore.ts';
import { readConfig } from '@hoptrace/api/config.ts';
import { createMetrics } from '@hoptrace/api/metrics.ts';
import { receiver } from '@hoptrace/api/testing/alerts.ts';
import { alertListSchema } from '@hoptrace/domain/rest/alerts.ts';
import { insertPaths } from '@hoptrace/store/inserts/insertPaths.ts';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { freePort, startTestStore, type TestStore } from '../integration/embedded.ts';
import { refusedPath } from '../integration/storeSamples.ts';

const SECRET = '0123456789abcdef';
const RULES = path.resolve('deploy/prometheus/hoptrace.rules.yml');
const ALERTMANAGER = '/usr/bin/prometheus-alertmanager';
const isThere = existsSync('/usr/bin/prometheus') && existsSync(ALERTMANAGER);
/** With CI=true their absence fails; elsewhere it is a skip that the last line of `npm test` counts. */
const isWanted = isThere || process.env.CI === 'true';
const suite = isWanted ? describe : describe.skip;
/** Of the whole way; the rules look every second or two. */
const LONG_MS = 180_000;
jest.setTimeout(LONG_MS + 60_000);

async function until<T>(what: string, ask: () => Promise<T | undefined> | T | undefined) {
  const deadline = Date.now() + LONG_MS;
  for (;;) {
    const answer = await Promise.resolve(ask()).catch(() => undefined);
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`did not come: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

(isWanted ? test : test.skip)('the rules for Prometheus do what their own tests say', () => {
  const run = spawnSync('promtool', ['test', 'rules', RULES.replace('.yml', '.test.yml')], {
    encoding: 'utf8',
  });
  expect([run.status, run.stdout, run.stderr]).toEqual([0, expect.stringContaining('SUCCESS'), '']);
});

suite('from a refusal to whoever is on call', () => {
  const children: ChildProcess[] = [];
  let folder: string;
  let fixture: TestStore;
  let app: FastifyInstance;
  let alerts: AlertEngine | null = null;
  let onCall: Awaited<ReturnType<typeof receiver>>;
  let hook: Awaited<ReturnType<typeof receiver>>;
  const nowUs = () => Date.now() * 1000;

  function run(command: string, args: readonly string[]): void {
    children.push(spawn(command, args, { stdio: 'ignore', cwd: folder }));
  }
  const isReady = (port: number) => async () =>
    (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok || undefined;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'hoptrace-alerts-'));
    [fixture, onCall, hook] = [await startTestStore(), await receiver(), await receiver()];
    const [apiPort, prometheusPort, managerPort] = [
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    await writeFile(path.join(folder, 'alertmanager.yml'), managerConfig(onCall.url));
    await writeFile(
      path.join(folder, 'prometheus.yml'),
      prometheusConfig({ apiPort, managerPort, rules: RULES }),
    );
    run(ALERTMANAGER, [
      '--config.file=alertmanager.yml',
      '--storage.path=manager',
      `--web.listen-address=127.0.0.1:${managerPort}`,
      '--cluster.listen-address=',
    ]);
    run('/usr/bin/prometheus', [
      '--config.file=prometheus.yml',
      '--storage.tsdb.path=tsdb',
      `--web.listen-address=127.0.0.1:${prometheusPort}`,
    ]);
    await until('Alertmanager', isReady(managerPort));
    await until('Prometheus', isReady(prometheusPort));
    const config = readConfig(
      { HOPTRACE_API_PORT: String(apiPort), HOPTRACE_API_WEB_ROOT: '/nonexistent/hoptrace' },
      () => '',
    );
    const metrics = createMetrics({ withProcess: false });
    alerts = buildAlerts({
      config: readAlertConfig(
        {
          HOPTRACE_ALERTS_INTERVAL_MS: '1000',
          HOPTRACE_ALERTS_ALERTMANAGER_URL: `http://127.0.0.1:${managerPort}`,
          HOPTRACE_ALERTS_WEBHOOK_URL: `${hook.url}/hoptrace`,
          HOPTRACE_ALERTS_WEBHOOK_SECRET: SECRET,
        },
        () => '',
      ),
      ...{ store: fixture.store, metrics, nowUs, log: () => {} },
      queryTimeoutMs: config.queryTimeoutMs,
      apiUrl: `http://127.0.0.1:${apiPort}`,
    });
    app = await buildApi({
      ...{ config, store: clickhouseStore(fixture.store), nowUs, metrics, alerts },
    });
    await app.listen({ host: '127.0.0.1', port: apiPort });
    alerts?.start();
  }, LONG_MS);

  afterAll(async () => {
    await alerts?.close();
    await app?.close();
    for (const child of children) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null && child.kill('SIGTERM')) await ended;
    }
    await Promise.all([onCall?.close(), hook?.close(), fixture?.stop()]);
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  /** What the receiver behind Alertmanager heard of this alert. */
  const heard = (alertname: string, status: string) => () =>
    onCall.calls
      .flatMap(({ body }) => JSON.parse(body).alerts as { status: string; labels: object }[])
      .find(
        (each) => each.status === status && Reflect.get(each.labels, 'alertname') === alertname,
      );

  test('it fires by both ways, names service, node and cause, and is resolved by both', async () => {
    // Alertmanager and Prometheus have run for a moment without a word: a healthy system is quiet.
    expect(onCall.calls).toEqual([]);
    const started = nowUs();
    const paths = [1, 2, 3, 4, 5].map((tail) =>
      refusedPath({ startedAtUs: started - tail * 1000, tail }),
    );
    await insertPaths(fixture.store, paths, 'refused');

    const own = await until('own rule', heard('refused-connections', 'firing'));
    expect(own.labels).toMatchObject({
      ...{ namespace: 'shop', service: 'web', node: 'node-a', cause: 'noEndpoints' },
      severity: 'critical',
    });
    const call = await until('webhook', () => hook.calls[0]);
    const at = Number(/^t=(\d+),/.exec(String(call.headers['x-hoptrace-signature']))?.[1]);
    expect(call.headers['x-hoptrace-signature']).toBe(signatureOf(SECRET, at, call.body));
    const theirs = await until('rule of Prometheus', heard('HoptraceRefusedConnections', 'firing'));
    expect(theirs.labels).toMatchObject({ service: 'web', node: 'node-a' });

    const listed = alertListSchema.parse(
      (
        await app.inject({ url: '/api/v1/alerts?state=firing', headers: { host: 'localhost' } })
      ).json(),
    );
    expect(listed.items).toMatchObject([
      { ruleId: 'refused-connections', value: 5, remedy: 'kubectl get endpointslices' },
    ]);

    const served = paths.map((each) => ({
      ...{ ...each, version: 2, outcome: 'served' as const, refusal: null },
    }));
    await insertPaths(fixture.store, served, 'served after all');
    await until('own end', heard('refused-connections', 'resolved'));
    await until('end by Prometheus', heard('HoptraceRefusedConnections', 'resolved'));
    const last = await until('end at the webhook', () =>
      hook.calls.map(({ body }) => JSON.parse(body).alerts[0]).find((a) => a.state === 'resolved'),
    );
    expect(last).toMatchObject({ ruleId: 'refused-connections', labels: { node: 'node-a' } });
  });
});

function managerConfig(url: string): string {
  return `route: {receiver: oncall, group_wait: 0s, group_interval: 1s, repeat_interval: 1h, group_by: ['...']}
receivers:
  - name: oncall
    webhook_configs: [{url: '${url}', send_resolved: true}]
`;
}

function prometheusConfig(to: { apiPort: number; managerPort: number; rules: string }): string {
  return `global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: ['${to.rules}']
alerting: {alertmanagers: [{static_configs: [{targets: ['127.0.0.1:${to.managerPort}']}]}]}
scrape_configs:
  - {job_name: hoptrace, static_configs: [{targets: ['127.0.0.1:${to.apiPort}']}]}
`;
}
