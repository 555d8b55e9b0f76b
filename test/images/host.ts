/** Why no container can be built and run on this host; in CI such a host is an error, elsewhere a skip that is said. */
import { spawnSync } from 'node:child_process';

/** Program → Debian package. */
const PACKAGES = {
  podman: 'podman',
  buildah: 'buildah',
  openssl: 'openssl',
  runc: 'runc',
  '/usr/lib/podman/netavark': 'netavark',
  '/usr/lib/podman/aardvark-dns': 'aardvark-dns',
  '/usr/bin/catatonit': 'catatonit',
  mmdebstrap: 'mmdebstrap',
  'docker-compose': 'docker-compose',
  ip: 'iproute2',
  nsenter: 'util-linux',
  curl: 'curl',
  prometheus: 'prometheus',
  'prometheus-alertmanager': 'prometheus-alertmanager',
} as const;

/** Exit code of a step that this host cannot do. */
export const EXIT_INCAPABLE = 3;

/** With what to do about it; undefined where it can. */
export function whyNoContainers(): string | undefined {
  if (process.platform !== 'linux') return `containers need Linux; this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'root is needed for network namespaces: run it with sudo';
  const missing = Object.entries(PACKAGES).filter(([program]) => !isThere(program));
  if (missing.length > 0) {
    const names = missing.map(([program]) => program).join(', ');
    const packages = missing.map(([, name]) => name).join(' ');
    return `${names} missing; on Debian or Ubuntu: apt-get install ${packages} (scripts/prepare-host.sh does it)`;
  }
  return undefined;
}

const isThere = (program: string) =>
  spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;
