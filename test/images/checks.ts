/** Runs each image as docker-compose.yml hardens it, all on the network of the namespace, and looks at what it does. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { IMAGES, type ImageName } from './build.ts';
import { THREE_CAPABILITIES } from './hardening.ts';
import type { Podman } from './podman.ts';
import { expectThat, until } from './poll.ts';
import { get, traceRequest } from './request.ts';
import { STAND_INS } from './standIns.ts';

const secret = () => randomBytes(24).toString('hex');
const OWNER = secret();
const READER = secret();
const TOKEN = secret();
const HARDENED = [
  ...['--read-only', '--tmpfs', '/tmp', '--cap-drop=ALL', '--security-opt=no-new-privileges'],
  ...['--network=host', '--detach'],
];
const API = 'http://127.0.0.1:7040';

type Variables = Readonly<Record<string, string>>;
const variables = (given: Variables) =>
  Object.entries(given).flatMap(([name, value]) => ['--env', `${name}=${value}`]);

/** The whole way: the agent's event, in its image, to the API in its own. What is needed for it is started here. */
export async function checkAgent(podman: Podman): Promise<void> {
  await startDatabase(podman);
  const server = { CLICKHOUSE_URL: 'http://127.0.0.1:8123' };
  await start(podman, 'collector', [
    ...variables({ ...server, CLICKHOUSE_USER: 'hoptrace', CLICKHOUSE_PASSWORD: OWNER }),
    ...variables({ HOPTRACE_COLLECTOR_TOKEN: TOKEN }),
    ...['--volume', 'log:/var/lib/hoptrace'],
  ]);
  const reader = { CLICKHOUSE_USER: 'hoptrace_reader', CLICKHOUSE_PASSWORD: READER };
  await start(podman, 'api', variables({ ...server, ...reader, HOPTRACE_API_TOKEN: TOKEN }));
  await start(podman, 'agent', agentOptions(['BPF', 'PERFMON', 'NET_ADMIN']));
  const pid = await podman.podman(['inspect', '--format', '{{.State.Pid}}', 'agent']);
  const status = await podman.inside(['cat', `/proc/${pid}/status`]);
  expectThat(
    status.includes(`CapEff:\t${THREE_CAPABILITIES}`),
    'the agent has exactly three capabilities',
    status,
  );
  await traceRequest(podman, { listUrl: `${API}/api/v1/paths?limit=500`, token: TOKEN });
  await stop(podman, 'agent');
  await refusesWithoutPerfmon(podman);
}

async function startDatabase(podman: Podman): Promise<void> {
  const users = resolve('deploy/compose/clickhouse/users.xml');
  await podman.podman([
    ...['run', ...HARDENED, '--name=clickhouse', '--user=101:101'],
    ...variables({
      HOPTRACE_DATABASE_OWNER_PASSWORD: OWNER,
      HOPTRACE_DATABASE_READER_PASSWORD: READER,
    }),
    ...['--volume', 'database:/var/lib/clickhouse', '--volume', `${resolve('.')}:/checkout:ro`],
    ...['--volume', `${users}:/etc/clickhouse-server/users.d/hoptrace.xml:ro`],
    ...[STAND_INS.clickhouse, 'clickhouse-server'],
  ]);
  await until(
    async () =>
      (await get(podman, 'http://127.0.0.1:8123/ping')) === undefined ? undefined : true,
    () => logs(podman, 'clickhouse'),
  );
}

function agentOptions(capabilities: readonly string[]): string[] {
  return [
    ...['--user=0:0', '--pid=host', '--security-opt=seccomp=unconfined'],
    ...capabilities.map((name) => `--cap-add=${name}`),
    ...['--volume', '/sys/fs/cgroup:/sys/fs/cgroup:ro'],
    ...variables({
      HOPTRACE_AGENT_TOKEN: TOKEN,
      HOPTRACE_AGENT_CLUSTER_SECRET: secret(),
      HOPTRACE_AGENT_HOST_NETNS: '/proc/self/ns/net',
      HOPTRACE_AGENT_SOURCE: 'ebpf',
    }),
  ];
}

/** It must say so, and not run on as if it saw something. */
async function refusesWithoutPerfmon(podman: Podman): Promise<void> {
  const options = agentOptions(['BPF', 'NET_ADMIN']).filter((each) => each !== '--detach');
  const { status, stdout, stderr } = await podman.attemptInside([
    ...['podman', 'run', '--rm', ...HARDENED.filter((each) => each !== '--detach')],
    ...[...options, IMAGES.agent, 'check'],
  ]);
  expectThat(status === 1, 'agent check without PERFMON exits with 1', { status, stdout, stderr });
  expectThat(/PERFMON/.test(stdout), 'it names what is missing', stdout);
}

/** Runs after checkAgent, on the services that it started. */
export async function checkServices(podman: Podman): Promise<void> {
  const page = await get(podman, `${API}/`);
  expectThat(page?.includes('<title>') === true, 'the page is served', page ?? 'nothing');
  const reference = await get(podman, `${API}/api/docs/static/swagger-ui-bundle.js`, TOKEN);
  expectThat((reference?.length ?? 0) > 100_000, 'the REST reference is served', reference ?? '');
  expectThat(
    (await get(podman, `${API}/api/v1/paths`)) === undefined,
    'without a token the API answers nothing',
    'it did',
  );
  for (const name of ['collector', 'api'] as const) {
    const id = await podman.podman(['exec', name, 'id', '-u']);
    expectThat(id === '1000', `${name} is no root`, id);
    const { stderr } = await podman.attemptInside(['podman', 'exec', name, 'touch', '/app/x']);
    expectThat(/Read-only file system/.test(stderr), `${name} cannot write its image`, stderr);
    await stop(podman, name);
  }
  await checkGrafana(podman);
  await podman.podman(['rm', '--force', '--volumes', '--all', '--time', '20']);
}

/** The app and its provisioning, as they lie in the image; the server itself is a stand-in. */
async function checkGrafana(podman: Podman): Promise<void> {
  await podman.podman([
    ...[
      'run',
      ...HARDENED,
      '--name=grafana',
      '--user=472:0',
      '--volume=grafana:/var/lib/grafana/data',
    ],
    ...variables({ HOPTRACE_API_URL: API, HOPTRACE_API_TOKEN: TOKEN }),
    IMAGES.grafana,
  ]);
  const url = 'http://127.0.0.1:3000/api/health';
  const health = await until(
    () => get(podman, url),
    () => logs(podman, 'grafana'),
  );
  expectThat(/"source":true/.test(health), 'the provisioned source is the one of the app', health);
  expectThat(/hoptrace-overview/.test(health), 'the dashboards are found', health);
  await stop(podman, 'grafana');
}

async function start(
  podman: Podman,
  name: Exclude<ImageName, 'grafana'>,
  options: readonly string[],
): Promise<void> {
  await podman.podman(['run', ...HARDENED, `--name=${name}`, ...options, IMAGES[name]]);
  await until(
    async () => {
      const { status } = await podman.attemptInside(['podman', 'healthcheck', 'run', name]);
      return status === 0 ? true : undefined;
    },
    () => logs(podman, name),
  );
}

/** SIGTERM must end it in order. */
async function stop(podman: Podman, name: string): Promise<void> {
  await podman.podman(['stop', '--time', '60', name]);
  const code = await podman.podman(['inspect', '--format', '{{.State.ExitCode}}', name]);
  expectThat(code === '0', `${name} ends with 0 when it is told to`, code);
}

async function logs(podman: Podman, name: string): Promise<string> {
  const { stdout, stderr } = await podman.attemptInside(['podman', 'logs', '--tail', '40', name]);
  const text = `${name}: ${stdout}${stderr}`;
  writeFileSync(join(podman.folder, `${name}.log`), text);
  return text;
}
