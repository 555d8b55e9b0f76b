/**
 * Sockets on which kube-proxy listens within the range of node ports: health checks are among them. Found on the node
 * itself, so that nobody can make an agent send requests anywhere: it asks what kube-proxy holds, and nothing else.
 */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Whose sockets are looked at, as /proc/PID/comm has them. k3s and MicroK8s run kube-proxy within these. */
const PROXIES: ReadonlySet<string> = new Set([
  ...['kube-proxy', 'cilium-agent', 'kube-router'],
  ...['k3s', 'k3s-server', 'k3s-agent', 'kubelite'],
]);
/** A process with more open files than a proxy has is not read to its end. */
const MAX_FILES = 20_000;

export interface Listener {
  /** Where to ask: the address it is bound to; loopback where that is all of the node's. */
  readonly host: string;
  readonly port: number;
  /** Another one on the same port is another listener. */
  readonly inode: string;
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** `netns`: inode of the node's network namespace, as `net:[…]` names it. Rejects where `proc` cannot be read. */
export async function findListeners(
  proc: string,
  netns: string,
  range: PortRange,
): Promise<Listener[]> {
  const found = new Map<string, Listener>();
  for (const name of await readdir(proc)) {
    if (!/^\d+$/.test(name)) continue;
    for (const each of await listenersOf(join(proc, name), netns))
      if (each.port >= range.first && each.port <= range.last)
        found.set(`${each.port}`, found.get(`${each.port}`) ?? each);
  }
  return [...found.values()].sort((a, b) => a.port - b.port);
}

/** Of a process that ends meanwhile: none. */
async function listenersOf(folder: string, netns: string): Promise<Listener[]> {
  try {
    const comm = (await readFile(join(folder, 'comm'), 'utf8')).trim();
    if (!PROXIES.has(comm)) return [];
    if ((await readlink(join(folder, 'ns/net'))) !== netns) return [];
    const own = await socketsOf(join(folder, 'fd'));
    const tables = await Promise.all(
      ['tcp', 'tcp6'].map((table) => readFile(join(folder, 'net', table), 'utf8').catch(() => '')),
    );
    return tables.flatMap(readSocketTable).filter(({ inode }) => own.has(inode));
  } catch {
    return [];
  }
}

async function socketsOf(folder: string): Promise<ReadonlySet<string>> {
  const files = (await readdir(folder)).slice(0, MAX_FILES);
  const links = await Promise.all(
    files.map((file) => readlink(join(folder, file)).catch(() => '')),
  );
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}

const LISTEN = '0A';

/**
 * Those that listen, of the form of /proc/net/tcp and tcp6:
 * `   0: 0100007F:2328 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 41244 1 …`
 */
export function readSocketTable(text: string): Listener[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [address = '', port = ''] = (fields[1] ?? '').split(':');
    const inode = fields[9];
    if (fields[3] !== LISTEN || inode === undefined) return [];
    const host = hostOf(address);
    return host === null ? [] : [{ host, port: Number.parseInt(port, 16), inode }];
  });
}

const MAPPED = '0000000000000000FFFF0000';

/** Words of four bytes, each in the byte order of the machine, which is little-endian wherever this agent runs. */
function hostOf(hex: string): string | null {
  if (/^0+$/.test(hex)) return hex.length === 8 ? '127.0.0.1' : '::1';
  if (hex.length === 8) return ipv4Of(hex);
  if (hex.length !== 32) return null;
  if (hex.startsWith(MAPPED)) return ipv4Of(hex.slice(24));
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).reverse());
  return (bytes.join('').match(/.{4}/g) ?? []).join(':').toLowerCase();
}

function ipv4Of(hex: string): string {
  const bytes = (hex.match(/../g) ?? []).reverse();
  const ip = bytes.map((byte) => Number.parseInt(byte, 16)).join('.');
  return ip === '0.0.0.0' ? '127.0.0.1' : ip;
}
