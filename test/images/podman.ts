/**
 * A podman of its own: everything that it stores lies in one folder, and what it runs lives in one network namespace.
 * No rule reaches the host's network, and taking both away leaves nothing. What a killed run left, the next one removes.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attempt, type CommandOptions, type Ended, run } from './command.ts';

const PREFIX = 'hoptrace-images-';
const CLEAN_TIMEOUT_MS = 60_000;

export interface Podman {
  /** Also for files that go with it. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** `podman ARGS` on the host's network: builds, which fetch packages. */
  build(args: readonly string[]): Promise<string>;
  /** A command in the namespace. */
  inside(command: readonly string[], options?: CommandOptions): Promise<string>;
  /** The same, however it ends. */
  attemptInside(command: readonly string[], options?: CommandOptions): Promise<Ended>;
  /** `podman ARGS` there. */
  podman(args: readonly string[]): Promise<string>;
  /** Prefix of a command that is to run there. */
  readonly enter: readonly string[];
  /** Stops all containers, and removes all but, where it is kept, the images. Repeatable. */
  close(): Promise<void>;
}

/** `keptFolder`: images stay there for the next run. */
export async function openPodman(keptFolder?: string): Promise<Podman> {
  await sweep();
  const folder = keptFolder ?? join(tmpdir(), `${PREFIX}${process.pid}`);
  const namespace = `hti-${process.pid}`;
  const env = configure(folder);
  await run(['ip', 'netns', 'add', namespace]);
  const enter = ['nsenter', `--net=/run/netns/${namespace}`];
  await run([...enter, 'ip', 'link', 'set', 'lo', 'up']);
  const inside = (command: readonly string[], options: CommandOptions = {}) =>
    run([...enter, ...command], { env, ...options });
  return {
    ...{ folder, env, enter, inside },
    build: (args) => run(['podman', ...args], { env }),
    attemptInside: (command, options = {}) => attempt([...enter, ...command], { env, ...options }),
    podman: (args) => inside(['podman', ...args]),
    close: () => remove({ folder, namespace, env, isKept: keptFolder !== undefined }),
  };
}

interface Place {
  readonly folder: string;
  readonly namespace: string;
  readonly env: NodeJS.ProcessEnv;
  readonly isKept: boolean;
}

async function remove({ folder, namespace, env, isKept }: Place): Promise<void> {
  const options = { env, timeoutMs: CLEAN_TIMEOUT_MS };
  if (existsSync(folder)) {
    await attempt(['podman', 'rm', '--all', '--force', '--volumes', '--time', '0'], options);
    await attempt(['podman', 'volume', 'prune', '--force'], options);
    if (!isKept) await attempt(['podman', 'rmi', '--all', '--force'], options);
  }
  for (const pid of await pidsIn(namespace)) killHard(pid);
  if (existsSync(`/run/netns/${namespace}`)) await attempt(['ip', 'netns', 'del', namespace]);
  if (isKept) return;
  await unmountBelow(folder);
  rmSync(folder, { recursive: true, force: true });
}

/** Of runs whose process is gone. */
async function sweep(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : '';
    if (!/^\d+$/.test(pid) || existsSync(`/proc/${pid}`)) continue;
    const folder = join(tmpdir(), name);
    console.log(`removes what a killed run left: ${folder}`);
    await remove({ folder, namespace: `hti-${pid}`, env: configure(folder), isKept: false });
  }
  const left = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  for (const namespace of left) {
    const pid = /^hti-(\d+)$/.exec(namespace)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    for (const inside of await pidsIn(namespace)) killHard(inside);
    await attempt(['ip', 'netns', 'del', namespace]);
  }
}

/** Whoever runs in our own namespace was started by us: the service of podman, its resolver, servers of the test. */
async function pidsIn(namespace: string): Promise<number[]> {
  if (!existsSync(`/run/netns/${namespace}`)) return [];
  const { stdout } = await attempt(['ip', 'netns', 'pids', namespace]);
  return stdout.split(/\s+/).filter(Boolean).map(Number);
}

function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

async function unmountBelow(folder: string): Promise<void> {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const points = mounts.map((line) => line.split(' ')[1] ?? '');
  for (const point of points.filter((each) => each.startsWith(`${folder}/`)).reverse())
    await attempt(['umount', '--lazy', point]);
}

/**
 * runc, because crun refuses hosts with both versions of control groups; limits that a host without CAP_SYS_RESOURCE can
 * give; health is asked for by us, since podman leaves that to systemd.
 */
function configure(folder: string): NodeJS.ProcessEnv {
  const conf = join(folder, 'conf');
  mkdirSync(conf, { recursive: true });
  writeFileSync(
    join(conf, 'containers.conf'),
    `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
[network]
network_backend = "netavark"
network_config_dir = "${folder}/networks"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "${folder}/tmp"
static_dir = "${folder}/libpod"
volume_path = "${folder}/volumes"
`,
  );
  writeFileSync(
    join(conf, 'storage.conf'),
    `[storage]\ndriver = "overlay"\ngraphroot = "${folder}/graph"\nrunroot = "${folder}/run"\n`,
  );
  writeFileSync(join(conf, 'registries.conf'), 'unqualified-search-registries = []\n');
  return {
    ...process.env,
    CONTAINERS_CONF: join(conf, 'containers.conf'),
    CONTAINERS_STORAGE_CONF: join(conf, 'storage.conf'),
    CONTAINERS_REGISTRIES_CONF: join(conf, 'registries.conf'),
    DISABLE_HC_SYSTEMD: 'true',
    BUILDAH_FORMAT: 'docker',
  };
}
