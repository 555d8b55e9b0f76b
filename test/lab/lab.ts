/** Opens, finds and closes labs: a small Kubernetes-like cluster in network namespaces, with real servers and real NAT. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { settleAll } from './command.ts';
import { accessLogOf, haproxyConfig, nginxConfig, podPorts } from './daemons.ts';
import { LabError } from './errors.ts';
import { requireHost } from './host.ts';
import { type LabNamespace, namespaceOf, namespacesOf } from './names.ts';
import { buildNetwork, RELAY_INTERFACES } from './network.ts';
import {
  type Backend,
  DEFAULT_DELAY_MS,
  LISTENERS,
  NODES,
  nodeNamed,
  PODS,
  type PodPlan,
  type Policy,
  SERVICES,
} from './plan.ts';
import { startDaemon } from './processes.ts';
import {
  disownLab,
  listLabs,
  type RegisteredLab,
  registerLab,
  removeLab,
  removeStaleLabs,
} from './registry.ts';
import { buildRelay, isRelayBuilt, relayPath } from './relay.ts';
import { applyRules } from './rules/apply.ts';
import { clusterTopology, type KubernetesList } from './topology.ts';
import { runTraffic, type TrafficOptions } from './traffic/traffic.ts';
import type { TruthRequest } from './traffic/truth.ts';

export interface LabOptions {
  readonly backend: Backend;
  /** One-way delay of node3's uplink, each way, in milliseconds; 0 leaves the relay out. Default 2. */
  readonly delayMs?: number;
  /** The lab outlives this process and stays until `down`. Default false: it goes when this process ends. */
  readonly keep?: boolean;
}

export interface LabService {
  readonly namespace: string;
  readonly nodePort: number;
  readonly policy: Policy;
}

export interface Lab {
  readonly id: string;
  readonly backend: Backend;
  readonly delayMs: number;
  /** Configurations, logs and pid files; removed by `down`. */
  readonly folder: string;
  readonly namespaces: readonly LabNamespace[];
  readonly topology: KubernetesList;
  /** Service name → how it is reached. */
  readonly services: Readonly<Record<string, LabService>>;
  /** Sends requests from the client's namespace; answers what truly happened to each, in the order they were sent. */
  traffic(options?: TrafficOptions): Promise<TruthRequest[]>;
  /** Stops everything and removes every namespace. A second call does nothing. */
  down(): Promise<void>;
}

/**
 * Builds a lab and answers when it serves requests (about a second). Labs of dead owners are removed first.
 * Throws LabError with a remedy when the host lacks something; a half-built lab is taken down again.
 */
export async function openLab(options: LabOptions): Promise<Lab> {
  const delayMs = options.delayMs ?? DEFAULT_DELAY_MS;
  if (!(delayMs >= 0 && delayMs <= 10_000)) {
    throw new LabError(`delayMs is ${delayMs}`, 'Give a delay of 0 to 10000 milliseconds.');
  }
  requireHost({ backend: options.backend, compiler: delayMs > 0 && !isRelayBuilt() });
  removeStaleLabs();
  const registered = registerLab({ backend: options.backend, delayMs });
  const lab = labFrom(registered);
  const guard = removeOnExit(registered);
  try {
    await build(registered);
  } catch (error) {
    guard.release();
    removeLab(registered);
    throw error;
  }
  guard.isBuilt = true;
  if (options.keep === true) {
    disownLab(registered);
    guard.release();
  }
  return {
    ...lab,
    down: async () => {
      guard.release();
      await lab.down();
    },
  };
}

/** The lab of that id if it is in the registry, with the same methods as `openLab` gives; undefined otherwise. */
export function findLab(id: string): Lab | undefined {
  const registered = listLabs().find((lab) => lab.state.id === id);
  return registered === undefined ? undefined : labFrom(registered);
}

function labFrom(registered: RegisteredLab): Lab {
  const { state, folder } = registered;
  const namespaces = namespacesOf(state.id);
  let isDown = false;
  return {
    id: state.id,
    backend: state.backend,
    delayMs: state.delayMs,
    folder,
    namespaces,
    topology: clusterTopology(),
    services: Object.fromEntries(
      SERVICES.map((s) => [
        s.name,
        { namespace: s.namespace, nodePort: s.nodePort, policy: s.policy },
      ]),
    ),
    traffic: (options = {}) =>
      runTraffic({ folder, namespaces, delayUs: state.delayMs * 1000 }, options),
    down: async () => {
      if (isDown) return;
      isDown = true;
      const problems = removeLab(registered);
      if (problems.length > 0) {
        throw new LabError(
          `lab ${state.id} could not be removed: ${problems.join('; ')}`,
          'Mend the cause and run `npm run lab -- down --all`.',
        );
      }
    },
  };
}

async function build(registered: RegisteredLab): Promise<void> {
  const { state, folder } = registered;
  const namespaces = namespacesOf(state.id);
  const hasDelay = state.delayMs > 0;
  await settleAll([
    buildNetwork(state.id, namespaces, hasDelay),
    ...(hasDelay ? [buildRelay()] : []),
  ]);
  await settleAll([
    ...NODES.map((node) => loadRules(state.backend, namespaces, node.name)),
    startBalancer(folder, namespaces),
    ...PODS.map((pod) => startPod(folder, namespaces, pod.key)),
    ...(hasDelay ? [startRelay(folder, namespaces, state.delayMs)] : []),
  ]);
}

async function loadRules(
  backend: Backend,
  namespaces: readonly LabNamespace[],
  nodeName: string,
): Promise<void> {
  const { path } = namespaceOf(namespaces, { role: 'node', node: nodeName });
  await applyRules(backend, path, nodeNamed(nodeName), SERVICES);
}

async function startPod(
  folder: string,
  namespaces: readonly LabNamespace[],
  key: string,
): Promise<void> {
  const pod = PODS.find((p) => p.key === key);
  if (pod === undefined) throw new Error(`no Pod "${key}"`);
  await startPodServer(folder, namespaceOf(namespaces, { role: 'pod', pod: key }).path, pod);
}

/** The nginx of a Pod, in the Pod's namespace; it goes with the lab. */
export async function startPodServer(
  folder: string,
  namespacePath: string,
  pod: PodPlan,
): Promise<void> {
  const config = join(folder, 'conf', `${pod.name}.conf`);
  writeFileSync(config, nginxConfig(folder, pod));
  writeFileSync(accessLogOf(folder, pod), '');
  await startDaemon(folder, {
    name: pod.name,
    namespacePath,
    program: 'nginx',
    args: ['-p', folder, '-e', 'stderr', '-c', config],
    ports: podPorts(pod),
  });
}

async function startBalancer(folder: string, namespaces: readonly LabNamespace[]): Promise<void> {
  const config = join(folder, 'conf', 'haproxy.cfg');
  writeFileSync(config, haproxyConfig());
  await startDaemon(folder, {
    name: 'haproxy',
    namespacePath: namespaceOf(namespaces, { role: 'lb' }).path,
    program: 'haproxy',
    args: ['-db', '-f', config],
    ports: LISTENERS.map((listener) => listener.port),
  });
}

async function startRelay(
  folder: string,
  namespaces: readonly LabNamespace[],
  delayMs: number,
): Promise<void> {
  const delayUs = String(Math.round(delayMs * 1000));
  await startDaemon(folder, {
    name: 'relay',
    namespacePath: namespaceOf(namespaces, { role: 'switch' }).path,
    program: relayPath(),
    args: [...RELAY_INTERFACES, delayUs, delayUs],
    readyText: 'ready',
  });
}

/**
 * Removes the lab when this process exits, and makes SIGINT and SIGTERM exits unless the host program handles
 * them itself (then its own exit removes the lab). `release` takes the handlers off again.
 */
function removeOnExit(registered: RegisteredLab): { isBuilt: boolean; release(): void } {
  const onExit = () => {
    // A half-built lab: programs at work for it may still add to it. Its folder tells the next clean-up.
    const problems = removeLab(registered, { keepFolder: !guard.isBuilt });
    for (const problem of problems) console.error(`lab: ${problem}`);
  };
  const onInterrupt = () => exitUnlessHandled('SIGINT', 130);
  const onTerminate = () => exitUnlessHandled('SIGTERM', 143);
  process.on('exit', onExit);
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  handlers.add(onInterrupt);
  handlers.add(onTerminate);
  const guard = {
    isBuilt: false,
    release: () => {
      process.off('exit', onExit);
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
      handlers.delete(onInterrupt);
      handlers.delete(onTerminate);
    },
  };
  return guard;
}

/** Our own signal handlers, to tell them from the host program's. */
const handlers = new Set<unknown>();

function exitUnlessHandled(signal: 'SIGINT' | 'SIGTERM', exitCode: number): void {
  const others = process.listeners(signal).filter((listener) => !handlers.has(listener));
  if (others.length === 0) process.exit(exitCode);
}
