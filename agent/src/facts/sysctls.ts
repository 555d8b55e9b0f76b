/** Kernel settings that decide what happens to connections on this node. */
import type { NodeFacts } from '@hoptrace/domain/wire/nodeFacts.ts';
import type { RunHere } from './kubeProxy.ts';

/** Each changes what hoptrace sees or has to explain. */
const SYSCTLS = [
  'net.core.somaxconn',
  'net.ipv4.ip_forward',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_abort_on_overflow',
  'net.ipv4.tcp_max_syn_backlog',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_timestamps',
  'net.ipv4.conf.all.route_localnet',
  'net.ipv4.conf.all.rp_filter',
  'net.ipv4.vs.conntrack',
  'net.ipv6.conf.all.forwarding',
  'net.netfilter.nf_conntrack_events',
  'net.netfilter.nf_conntrack_max',
  'net.netfilter.nf_conntrack_tcp_be_liberal',
  'net.netfilter.nf_conntrack_tcp_loose',
  'net.netfilter.nf_conntrack_tcp_timeout_established',
  'net.netfilter.nf_conntrack_timestamp',
] as const;

/** Those that this kernel has, in that order. */
export async function readSysctls(run: RunHere): Promise<NodeFacts['sysctls']> {
  // One process for all: each path and value on a line; what is not there is passed over.
  const printed = await run('grep', ['-s', '', ...SYSCTLS.map(pathOf)]);
  const values = new Map<string, string>();
  for (const line of (printed ?? '').split('\n')) {
    const colon = line.indexOf(':');
    const value = line.slice(colon + 1).replaceAll(/\s+/g, ' ');
    if (colon > 0) values.set(line.slice(0, colon), value.trim().slice(0, 64));
  }
  return SYSCTLS.flatMap((name) => {
    const value = values.get(pathOf(name));
    return value === undefined ? [] : [{ name, value }];
  });
}

function pathOf(name: string): string {
  return `/proc/sys/${name.replaceAll('.', '/')}`;
}
