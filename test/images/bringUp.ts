/**
 * docker-compose.yml as it is, with secrets made for it, by Debian's docker-compose on podman's socket. Only the images of
 * others are stand-ins, and the one for ClickHouse gets the checkout mounted.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './command.ts';
import { expectHardened } from './hardening.ts';
import type { Podman } from './podman.ts';
import { expectThat, until } from './poll.ts';
import { get, traceRequest } from './request.ts';

export const SERVICES = [
  ...(['clickhouse', 'collector', 'api', 'agent'] as const),
  ...(['grafana', 'prometheus', 'alertmanager'] as const),
];
const HEALTH_STEP_MS = 500;
const API = 'http://127.0.0.1:7040';
/** With a limit named in the file podman asks for its own default of processes, which hosts without CAP_SYS_RESOURCE refuse. */
const OVERRIDE = `services:
  clickhouse:
    volumes: ["${resolve('.')}:/checkout:ro"]
    ulimits: {nproc: 32768}
`;

/** Leaves containers and volumes where it fails: `podman.close` takes them away. */
export async function bringUp(podman: Podman): Promise<void> {
  const secrets = join(podman.folder, 'secrets');
  if (!existsSync(secrets)) await run(['bash', 'deploy/compose/make-secrets.sh', secrets]);
  const override = join(podman.folder, 'override.yml');
  writeFileSync(override, OVERRIDE);
  const socket = join(podman.folder, 'podman.sock');
  const env = { ...podman.env, HOPTRACE_SECRETS: secrets, DOCKER_HOST: `unix://${socket}` };
  const project = `hoptrace${process.pid}`;
  const compose = (...args: string[]) =>
    podman.inside(
      [
        ...['docker-compose', '--project-name', project, '--project-directory', resolve('.')],
        ...['--file', 'docker-compose.yml', '--file', override, ...args],
      ],
      { env },
    );
  await compose('config', '--quiet');
  const stopService = serve(podman, socket);
  const health = new AbortController();
  const asking = askForHealth(podman, health.signal);
  try {
    await until(
      async () => (existsSync(socket) ? true : undefined),
      () => 'podman has no socket',
    );
    await compose('up', '--detach', '--no-build').catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await lastWords(podman)}`);
    });
    await allHealthy(podman);
    await expectHardened(podman, project);
    await oneRequest(podman, secrets);
    await compose('down', '--volumes', '--timeout', '60');
    const left = await podman.podman(['ps', '--all', '--quiet']);
    expectThat(left === '', 'nothing is left after down', left);
  } finally {
    health.abort();
    await asking;
    await stopService();
  }
}

/** Podman's API, which docker-compose speaks to. Answers how to end it. */
function serve(podman: Podman, socket: string): () => Promise<void> {
  const [program = '', ...enter] = podman.enter;
  const args = [...enter, 'podman', 'system', 'service', '--time', '0', `unix://${socket}`];
  const service = spawn(program, args, { env: podman.env, stdio: 'ignore' });
  const ended = new Promise<void>((end) => {
    service.once('exit', () => end());
    service.once('error', () => end());
  });
  return () => {
    service.kill('SIGTERM');
    return ended;
  };
}

/** Podman leaves healthchecks to timers of systemd; a machine without it asks by itself. */
async function askForHealth(podman: Podman, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { stdout } = await podman.attemptInside(['podman', 'ps', '--format', '{{.Names}}']);
    for (const name of stdout.split('\n').filter(Boolean))
      if (!signal.aborted) await podman.attemptInside(['podman', 'healthcheck', 'run', name]);
    await sleep(HEALTH_STEP_MS);
  }
}

async function allHealthy(podman: Podman): Promise<void> {
  const states = () => podman.podman(['ps', '--all', '--format', '{{.Names}} {{.Status}}']);
  await until(
    async () => {
      const lines = (await states()).split('\n');
      const healthy = lines.filter((line) => line.includes('(healthy)'));
      return healthy.length === SERVICES.length ? true : undefined;
    },
    async () => `not all are healthy\n${await states()}\n${await lastWords(podman)}`,
  );
}

async function oneRequest(podman: Podman, secrets: string): Promise<void> {
  const token = readFileSync(join(secrets, 'api-token'), 'utf8').trim();
  await traceRequest(podman, { listUrl: `${API}/api/v1/paths?limit=500`, token });
  // The same as Grafana asks: from its container, with the token that it was given.
  const asked = 'http://127.0.0.1:3000/api/datasources/proxy/uid/hoptrace/hoptrace/api/v1/agents';
  const agents = (await get(podman, asked)) ?? 'nothing';
  expectThat(agents.includes('"items":[{'), 'Grafana sees the agent', agents);
  const query = 'http://127.0.0.1:9090/api/v1/query?query=up%7Bjob%3D%22hoptrace-api%22%7D%3D%3D1';
  await until(
    async () => ((await get(podman, query))?.includes('hoptrace-api') === true ? true : undefined),
    async () => `Prometheus does not see the API: ${await get(podman, query)}`,
  );
  const open = await get(podman, `${API}/api/v1/paths`);
  expectThat(open === undefined, 'without a token the API answers nothing', open ?? '');
}

async function lastWords(podman: Podman): Promise<string> {
  const names = await podman.podman(['ps', '--all', '--format', '{{.Names}}']);
  const words = names
    .split('\n')
    .filter(Boolean)
    .map(async (name) => {
      const command = ['podman', 'logs', '--tail', '15', name];
      const { stdout, stderr } = await podman.attemptInside(command);
      return `-- ${name}\n${stdout}${stderr}`;
    });
  return (await Promise.all(words)).join('\n');
}
