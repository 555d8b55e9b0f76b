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

/** Looks at which all processes are read anew, whatever is known of them: numbers of processes come again. */
const RECHECK_LOOKS = 12;

/**
 * Of a process that ran under the same name at two looks, and no proxy's, the name is not read again until all are:
 * a node has hundreds, and looks are ten seconds apart.
 */
export class ListenerSearch {
  readonly #proc: string;
  readonly #range: PortRange;
  /** By number of process: the name that was read. */
  #seen = new Map<string, string>();
  #settled = new Set<string>();
  #looks = 0;

  constructor(proc: string, range: PortRange) {
    this.#proc = proc;
    this.#range = range;
  }

  /** `netns`: inode of the node's network namespace, as `net:[…]` names it. Rejects where `proc` cannot be read. */
  async find(netns: string): Promise<Listener[]> {
    const { first, last } = this.#range;
    const found = new Map<number, Listener>();
    for (const pid of await this.#proxies())
      for (const each of await listenersOf(join(this.#proc, pid), netns))
        if (each.port >= first && each.port <= last && !found.has(each.port))
          found.set(each.port, each);
    return [...found.values()].sort((a, b) => a.port - b.port);
  }

  async #proxies(): Promise<string[]> {
    if (this.#looks++ % RECHECK_LOOKS === 0) this.#settled.clear();
    const pids = (await readdir(this.#proc)).filter((name) => /^\d+$/.test(name));
    const names = new Map<string, string>();
    const settled = new Set<string>();
    for (const pid of pids) {
      const name = this.#settled.has(pid) ? null : await nameOf(join(this.#proc, pid));
      if (name === null) settled.add(pid);
      else if (PROXIES.has(name)) names.set(pid, name);
      else if (this.#seen.get(pid) === name) settled.add(pid);
      else names.set(pid, name);
    }
    this.#seen = names;
    this.#settled = settled;
    return [...names].flatMap(([pid, name]) => (PROXIES.has(name) ? [pid] : []));
  }
}

/** Of a process that ends meanwhile: none. */
async function nameOf(folder: string): Promise<string> {
  return (await readFile(join(folder, 'comm'), 'utf8').catch(() => '')).trim();
}

/** Of a process that ends meanwhile: none. */
async function listenersOf(folder: string, netns: string): Promise<Listener[]> {
  try {
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
