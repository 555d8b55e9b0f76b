/** `lab up`: builds a lab that stays until `lab down`. */
import type { LabArguments } from '../arguments.ts';
import { openLab } from '../lab.ts';
import { LB_FRONT_IP, LISTENERS, SERVICES } from '../plan.ts';
import type { CommandResult } from './output.ts';

/** Answers when the lab serves requests. Throws LabError where the host lacks something. */
export async function up(args: LabArguments): Promise<CommandResult> {
  const startedMs = performance.now();
  const lab = await openLab({
    backend: args.backend ?? 'iptables',
    delayMs: args.delayMs,
    keep: true,
  });
  const upMs = Math.round(performance.now() - startedMs);
  const client = lab.namespaces.find((n) => n.role === 'client');
  const text = [
    `lab ${lab.id} is up after ${upMs} ms: ${lab.backend}, node3's link delayed ${lab.delayMs} ms each way`,
    '',
    'network namespaces',
    ...lab.namespaces.map((n) => `  ${n.name}${n.pod === undefined ? '' : `  ${n.pod}`}`),
    'NodePorts on 192.168.50.11, .12, .13',
    ...SERVICES.map((s) => `  ${s.nodePort}  ${s.policy.padEnd(7)}  ${s.namespace}/${s.name}`),
    `load balancer on ${LB_FRONT_IP}`,
    ...LISTENERS.map((l) => `  ${l.port}  ${l.name} → ${l.nodes.join(', ')} ${l.service}`),
    '',
    `try:    nsenter --net=${client?.path} curl http://192.168.50.11:30080/local`,
    'then:   npm run lab -- traffic',
    'remove: npm run lab -- down',
  ].join('\n');
  const { id, backend, delayMs, folder, namespaces, services } = lab;
  return {
    command: 'lab up',
    rows: [{ name: 'up', value: upMs, goal: null, unit: 'ms', met: true }],
    details: { lab: { id, backend, delayMs, folder, namespaces, services } },
    text,
  };
}
