/**
 * A Service of type LoadBalancer with policy Local, haproxy in front that checks health as clouds do, and an endpoint
 * that goes away:
 *
 *   clients .20 … .31 ─┬► haproxy :8181 ─┬─► node1 :30081  endpoint leaves   health :32081  200 → 503
 *                      │                 └─► node2 :30081  endpoint stays    health :32081  200
 *                      └► packets :8282 ───► node1 :30081  rewritten by the same machine, which checks nothing
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inNamespace, run } from '../../command.ts';
import type { Lab } from '../../lab.ts';
import { namespaceOf } from '../../names.ts';
import {
  LB_BACK_IP,
  LB_FRONT_IP,
  NODES,
  nodeNamed,
  SERVICES,
  type ServicePlan,
} from '../../plan.ts';
import { type ProcessIdentity, startDaemon } from '../../processes.ts';
import { iptablesRules } from '../../rules/iptables.ts';
import { nftablesRules } from '../../rules/nftables.ts';
import { type KubernetesList, LOAD_BALANCER_ANNOTATION } from '../../topology.ts';

export const SERVICE = 'controller-local';
export const HEALTH_PORT = 32_081;
export const LEAVING = 'node1';
export const STAYING = 'node2';
const FRONT_PORT = 8_181;
const PACKET_PORT = 8_282;
const CHECK_MS = 2_000;
const FAILURES = 3;
/** Between connections through haproxy, and through what rewrites packets. */
const PAUSE_MS = { [FRONT_PORT]: 100, [PACKET_PORT]: 400 };
export const CLIENTS = Array.from({ length: 12 }, (_, index) => `203.0.113.${20 + index}`);

const HEALTH_SERVER = fileURLToPath(new URL('healthServer.mjs', import.meta.url));
const CLIENT_PROGRAM = fileURLToPath(new URL('clients.mjs', import.meta.url));

/** The lab's cluster with the Service as a cloud would have it; without the endpoint on `without`. */
export function topologyWithout(lab: Lab, without: string | null): KubernetesList {
  return {
    kind: 'List',
    items: structuredClone(lab.topology.items).map((item) => {
      const { metadata, spec, endpoints } = item as Record<string, Record<string, unknown>>;
      if (metadata?.name === SERVICE && item.kind === 'Service')
        return {
          ...item,
          metadata: { ...metadata, annotations: { [LOAD_BALANCER_ANNOTATION]: LB_BACK_IP } },
          spec: { ...spec, type: 'LoadBalancer', healthCheckNodePort: HEALTH_PORT },
          status: { loadBalancer: { ingress: [{ ip: LB_FRONT_IP, ipMode: 'Proxy' }] } },
        };
      if (metadata?.name !== `${SERVICE}-lab` || !Array.isArray(endpoints)) return item;
      return { ...item, endpoints: endpoints.filter(({ nodeName }) => nodeName !== without) };
    }),
  };
}

const healthFile = (lab: Lab, node: string) => join(lab.folder, 'conf', `health-${node}`);

export function setHealth(lab: Lab, node: string, localEndpoints: number): void {
  const file = healthFile(lab, node);
  writeFileSync(`${file}.new`, String(localEndpoints));
  renameSync(`${file}.new`, file);
}

/** By node. */
export async function startHealthServers(lab: Lab): Promise<ReadonlyMap<string, ProcessIdentity>> {
  const started = await Promise.all(
    NODES.map(async ({ name }) => {
      setHealth(lab, name, name === LEAVING || name === STAYING ? 1 : 0);
      const { namespace } = lab.services[SERVICE] ?? { namespace: '' };
      const identity = await startDaemon(lab.folder, {
        name: `health-${name}`,
        namespacePath: namespaceOf(lab.namespaces, { role: 'node', node: name }).path,
        program: process.execPath,
        args: [HEALTH_SERVER, `${HEALTH_PORT}`, `${namespace}/${SERVICE}`, healthFile(lab, name)],
        readyText: 'ready',
      });
      return [name, identity] as const;
    }),
  );
  return new Map(started);
}

/** haproxy with health checks of its own, in the lab's machine for load balancers. */
export async function startBalancer(lab: Lab): Promise<void> {
  const config = join(lab.folder, 'conf', 'checked.cfg');
  const servers = [LEAVING, STAYING].map((name) => {
    const check = `check port ${HEALTH_PORT} inter ${CHECK_MS}ms fall ${FAILURES} rise 1`;
    return `  server ${name} ${nodeNamed(name).ip}:${lab.services[SERVICE]?.nodePort} ${check}`;
  });
  writeFileSync(
    config,
    `global
  nbthread 1
  log stdout format raw local0
defaults
  mode tcp
  log global
  timeout connect 1500ms
  timeout client 10s
  timeout server 10s
  retries 0
  log-format "session %ci %s %Ts.%ms %ts"
listen checked
  bind ${LB_FRONT_IP}:${FRONT_PORT}
  balance roundrobin
  option httpchk GET /healthz
${servers.join('\n')}
`,
  );
  await startDaemon(lab.folder, {
    name: 'haproxy-checked',
    namespacePath: namespaceOf(lab.namespaces, { role: 'lb' }).path,
    program: 'haproxy',
    args: ['-db', '-f', config],
    ports: [FRONT_PORT],
  });
}

/** As load balancers that rewrite packets do: another destination and another source, and no connection of their own. */
export async function startPackets(lab: Lab): Promise<void> {
  const { path } = namespaceOf(lab.namespaces, { role: 'lb' });
  const to = `${nodeNamed(LEAVING).ip}:${lab.services[SERVICE]?.nodePort}`;
  await run('nsenter', inNamespace(path, 'sysctl', '-qw', 'net.ipv4.ip_forward=1'));
  await run('nsenter', inNamespace(path, 'nft', '-f', '-'), {
    input: `table ip hoptrace-balancer {
  chain before {
    type nat hook prerouting priority -100 ;
    ip daddr ${LB_FRONT_IP} tcp dport ${PACKET_PORT} dnat to ${to}
  }
  chain after {
    type nat hook postrouting priority 100 ;
    ct status dnat masquerade fully-random
  }
}
`,
  });
}

const clientsOf = (port: string) => `clients-${port}`;
/** Log of those whose packets are rewritten. */
export const PACKET_CLIENTS = clientsOf(String(PACKET_PORT));

/** Goes on until the answered function is called. */
export async function startClients(lab: Lab): Promise<() => void> {
  const { path } = namespaceOf(lab.namespaces, { role: 'client' });
  const shown = await run('nsenter', inNamespace(path, 'ip', '-o', '-4', 'address', 'show'));
  const device = /^\d+: (\S+)\s+inet 203\.0\.113\.10\//m.exec(shown)?.[1] ?? 'eth0';
  await run('nsenter', inNamespace(path, 'ip', '-batch', '-'), {
    input: CLIENTS.map((ip) => `address add ${ip}/24 dev ${device}\n`).join(''),
  });
  const stopFile = join(lab.folder, 'conf', 'clients.stop');
  for (const [port, pauseMs] of Object.entries(PAUSE_MS))
    await startDaemon(lab.folder, {
      name: clientsOf(port),
      namespacePath: path,
      program: process.execPath,
      args: [CLIENT_PROGRAM, LB_FRONT_IP, port, `${pauseMs}`, stopFile, ...CLIENTS],
      readyText: 'ready',
    });
  return () => writeFileSync(stopFile, '');
}

/** What kube-proxy does when the last local endpoint is gone: rules first, then the health check. Answers when. */
export async function removeEndpoint(lab: Lab): Promise<{ readonly atUs: number }> {
  const services = SERVICES.map(
    (service): ServicePlan =>
      service.name === SERVICE
        ? { ...service, endpoints: service.endpoints.filter(({ node }) => node !== LEAVING) }
        : service,
  );
  const { path } = namespaceOf(lab.namespaces, { role: 'node', node: LEAVING });
  if (lab.backend === 'iptables') {
    const input = iptablesRules(LEAVING, services);
    await run('nsenter', inNamespace(path, 'iptables-nft-restore'), { input });
  } else {
    const input = `delete table ip kube-proxy\n${nftablesRules(nodeNamed(LEAVING), services)}`;
    await run('nsenter', inNamespace(path, 'nft', '-f', '-'), { input });
  }
  const atUs = Date.now() * 1000;
  setHealth(lab, LEAVING, 0);
  return { atUs };
}
