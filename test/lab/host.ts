/** What this host must have before a lab can be built, and what to install where it has not. */
import { existsSync } from 'node:fs';
import { isInstalled } from './command.ts';
import { LabError } from './errors.ts';
import type { Backend } from './plan.ts';

/** Program → Debian/Ubuntu package. */
const PACKAGES = {
  ip: 'iproute2',
  nsenter: 'util-linux',
  nginx: 'nginx-light',
  haproxy: 'haproxy',
  'iptables-nft-restore': 'iptables',
  nft: 'nftables',
  gcc: 'gcc libc6-dev',
} as const;
type Program = keyof typeof PACKAGES;

export interface HostNeeds {
  readonly backend: Backend;
  /** The delay relay has to be compiled first. */
  readonly compiler: boolean;
}

/**
 * Why no lab can run here, each with its remedy; empty if all is there.
 * Order: operating system, privilege, programs, kernel.
 */
export function missingOnHost(needs: HostNeeds): LabError[] {
  const denied = deniedOnHost();
  if (denied !== undefined) return [denied];
  return [...missingPrograms(needs), ...missingInKernel()];
}

/** Why this process may not touch labs at all; undefined if it may. */
export function deniedOnHost(): LabError | undefined {
  if (process.platform !== 'linux') {
    return new LabError(
      `the lab needs Linux network namespaces; this is ${process.platform}`,
      'Run it on a Linux machine or in a virtual machine.',
    );
  }
  if (process.getuid?.() === 0) return undefined;
  return new LabError(
    'the lab needs root: it creates network namespaces',
    'Run it as root, for example `sudo -E npm run lab -- up`.',
  );
}

/** Throws the first of `missingOnHost`; programs are named all at once. */
export function requireHost(needs: HostNeeds): void {
  const [first] = missingOnHost(needs);
  if (first !== undefined) throw first;
}

function missingPrograms(needs: HostNeeds): LabError[] {
  const wanted: Program[] = ['ip', 'nsenter', 'nginx', 'haproxy'];
  wanted.push(needs.backend === 'iptables' ? 'iptables-nft-restore' : 'nft');
  if (needs.compiler) wanted.push('gcc');
  const missing = wanted.filter((program) => !isInstalled(program));
  if (missing.length === 0) return [];
  const packages = missing.map((program) => PACKAGES[program]).join(' ');
  return [
    new LabError(
      `the lab needs programs that are not installed: ${missing.join(', ')}`,
      `On Debian or Ubuntu: apt-get install ${packages}`,
    ),
  ];
}

function missingInKernel(): LabError[] {
  if (existsSync('/proc/sys/net/bridge/bridge-nf-call-iptables')) return [];
  return [
    new LabError(
      'the kernel has no bridge netfilter: Pods of one node would bypass connection tracking',
      'Load the modules: modprobe br_netfilter nf_conntrack',
    ),
  ];
}
