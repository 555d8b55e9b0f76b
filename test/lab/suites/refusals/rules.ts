/** What makes attempts fail that the lab's own Services do not: rules, routes and a listener that accepts nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { inNamespace, run } from '../../command.ts';
import type { Lab } from '../../lab.ts';
import { namespaceOf } from '../../names.ts';
import { PODS } from '../../plan.ts';
import { startDaemon } from '../../processes.ts';
import { PORT } from './kinds.ts';

const NEAR = podIp('app-node1');
const FAR = podIp('app-node2');
const PROHIBITED = '198.51.100.7';
const BLACK_HOLE = '198.51.100.8';
/** In node1's Pod range, given to no Pod. */
const LOST_POD = '10.244.1.99';
/** Ports in the Pods. Nothing listens on the first four; the last one is the app's own. */
const POD_PORT = {
  closed: 9_999,
  byPolicy: 9_998,
  inPod: 9_997,
  full: 9_996,
  open: 8_080,
} as const;

const FORWARDED: readonly (readonly [number, string, number])[] = [
  [PORT.closedInPod, NEAR, POD_PORT.closed],
  [PORT.closedInPodFar, FAR, POD_PORT.closed],
  [PORT.prohibitedRoute, PROHIBITED, 80],
  [PORT.droppedByPolicy, NEAR, POD_PORT.byPolicy],
  [PORT.blackHole, BLACK_HOLE, 80],
  [PORT.droppedInPod, NEAR, POD_PORT.inPod],
  [PORT.fullBacklog, NEAR, POD_PORT.full],
  [PORT.halfOpen, NEAR, POD_PORT.open],
  [PORT.lostPod, LOST_POD, 80],
];

/** Applies them to an open lab, in the form of its rules. They go with the lab. */
export async function breakThings(lab: Lab): Promise<void> {
  const isIptables = lab.backend === 'iptables';
  const find = (wanted: Parameters<typeof namespaceOf>[1]) => namespaceOf(lab.namespaces, wanted);
  const load = (path: string, rules: { iptables: string; nftables: string }) =>
    isIptables
      ? run('nsenter', inNamespace(path, 'iptables-nft-restore', '--noflush'), {
          input: rules.iptables,
        })
      : run('nsenter', inNamespace(path, 'nft', '-f', '-'), { input: rules.nftables });
  const node1 = find({ role: 'node', node: 'node1' });
  const pod = find({ role: 'pod', pod: 'shop/app-node1' });
  await Promise.all([
    load(node1.path, nodeRules()),
    load(pod.path, dropRules('INPUT', `-p tcp --dport ${POD_PORT.inPod}`)),
    // The answer is lost at the client's door: its SYN was answered all the same.
    load(find({ role: 'client' }).path, dropRules('INPUT', `-p tcp --sport ${PORT.halfOpen}`)),
    run('nsenter', inNamespace(node1.path, 'ip', '-batch', '-'), {
      input: `route add prohibit ${PROHIBITED}\nroute add blackhole ${BLACK_HOLE}\n`,
    }),
  ]);
  await fillBacklog(lab, pod.path);
}

function nodeRules(): { iptables: string; nftables: string } {
  const iptables = `*raw
-A PREROUTING -p tcp --dport ${PORT.droppedByRule} -j DROP
COMMIT
*filter
-A INPUT -p tcp --dport ${PORT.adminProhibited} -j REJECT --reject-with icmp-admin-prohibited
-A INPUT -p tcp --dport ${PORT.resetByRule} -j REJECT --reject-with tcp-reset
-A FORWARD -p tcp -d ${NEAR} --dport ${POD_PORT.byPolicy} -j DROP
COMMIT
*nat
${FORWARDED.map(([port, ip, to]) => `-A PREROUTING -p tcp --dport ${port} -j DNAT --to-destination ${ip}:${to}`).join('\n')}
-A POSTROUTING -p tcp -d ${FAR} --dport ${POD_PORT.closed} -j MASQUERADE --random-fully
COMMIT
`;
  const nftables = `table ip hoptrace-suite {
  chain before {
    type filter hook prerouting priority -300 ;
    tcp dport ${PORT.droppedByRule} drop
  }
  chain input {
    type filter hook input priority 0 ;
    tcp dport ${PORT.adminProhibited} reject with icmp type admin-prohibited
    tcp dport ${PORT.resetByRule} reject with tcp reset
  }
  chain forward {
    type filter hook forward priority 0 ;
    ip daddr ${NEAR} tcp dport ${POD_PORT.byPolicy} drop
  }
  chain to-pods {
    type nat hook prerouting priority -101 ;
${FORWARDED.map(([port, ip, to]) => `    tcp dport ${port} dnat to ${ip}:${to}`).join('\n')}
  }
  chain masquerading {
    type nat hook postrouting priority 101 ;
    ip daddr ${FAR} tcp dport ${POD_PORT.closed} masquerade fully-random
  }
}
`;
  return { iptables, nftables };
}

/** \`match\` in iptables' words: -p tcp --dport N or --sport N. */
function dropRules(chain: 'INPUT', match: string): { iptables: string; nftables: string } {
  const nft = match.replace(/^-p tcp --(sport|dport) /, 'tcp $1 ');
  return {
    iptables: `*filter\n-A ${chain} ${match} -j DROP\nCOMMIT\n`,
    nftables: `table ip hoptrace-suite {\n  chain input {\n    type filter hook input priority 0 ;\n    ${nft} drop\n  }\n}\n`,
  };
}

/** Its queue holds one connection more than the backlog. */
const LISTENER = `require('node:net').createServer().listen({ host: '0.0.0.0', port: ${POD_PORT.full}, backlog: 1 })`;
const FILLER = `
const { connect } = require('node:net');
for (let i = 0; i < 4; i++) connect(${POD_PORT.full}, '127.0.0.1').on('error', () => {});
setTimeout(() => process.exit(0), 300);`;
const SETTLE_MS = 50;

/** A stopped process accepts nothing. The kernel keeps what it has queued, also after the clients went away. */
async function fillBacklog(lab: Lab, podPath: string): Promise<void> {
  const { pid } = await startDaemon(lab.folder, {
    name: 'full-backlog',
    namespacePath: podPath,
    program: process.execPath,
    args: ['-e', LISTENER],
    ports: [POD_PORT.full],
  });
  process.kill(pid, 'SIGSTOP');
  await sleep(SETTLE_MS);
  await run('nsenter', inNamespace(podPath, process.execPath, '-e', FILLER));
}

function podIp(name: string): string {
  const pod = PODS.find((each) => each.name === name);
  if (pod === undefined) throw new Error(`no Pod "${name}" in the lab's plan`);
  return pod.ip;
}
