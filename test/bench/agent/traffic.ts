/** The bench's load, run in the lab's namespaces. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { inNamespace, run } from '../../lab/command.ts';
import type { Lab } from '../../lab/lab.ts';
import { namespaceOf } from '../../lab/names.ts';
import { nodeNamed, PODS, serviceNamed } from '../../lab/plan.ts';
import { cpuSeconds } from './usage.ts';

const SINK = fileURLToPath(new URL('sink.mjs', import.meta.url));
const BULK_PORT = 21_400;
const IN_FLIGHT = 32;

const requestsSchema = z.object({
  seconds: z.number(),
  started: z.int(),
  served: z.int(),
  failed: z.int(),
  timedOut: z.int(),
  meanLatencyUs: z.number(),
  /** Of the client. */
  cpuSeconds: z.number(),
});
const fetchSchema = z.object({ seconds: z.number(), bytes: z.number() });
const floodSchema = z.object({ seconds: z.number(), sent: z.int(), failed: z.int() });
const counts = z.record(z.string(), z.number());
const totalsSchema = z.object({ totals: counts, losses: counts });

export type Requests = z.infer<typeof requestsSchema>;
export type Flood = z.infer<typeof floodSchema>;
export type SinkTotals = z.infer<typeof totalsSchema>;

/** The load of one lab; `program` is what buildLoad made. */
export class Load {
  readonly #lab: Lab;
  readonly #program: string;
  #bulkServer: ChildProcess | null = null;

  constructor(lab: Lab, program: string) {
    this.#lab = lab;
    this.#program = program;
  }

  /**
   * Forgets ended connections at once. Kept as long as usual (60 s by sockets, 120 s by conntrack), they fill tables
   * and port ranges within seconds, and new connections that meet them wait a second for a repeated SYN.
   */
  async prepare(): Promise<void> {
    for (const { path, role } of this.#lab.namespaces) {
      const settings = ['net.ipv4.tcp_max_tw_buckets=0', 'net.ipv4.ip_local_port_range=1024 65000'];
      if (role === 'node') settings.push('net.netfilter.nf_conntrack_tcp_timeout_time_wait=1');
      await run('nsenter', inNamespace(path, 'sysctl', '-qw', ...settings));
    }
    const pod = PODS.find((each) => each.name === 'app-node2');
    const server = namespaceOf(this.#lab.namespaces, { role: 'pod', pod: pod?.key ?? '' });
    const words = inNamespace(server.path, this.#program, 'serve', String(BULK_PORT));
    this.#bulkServer = spawn('nsenter', words, { stdio: 'ignore' });
  }

  /** CPU that the lab's servers used so far, with what the kernel did in their name. */
  cpuSeconds(): number {
    const inodes = new Set(this.#lab.namespaces.map(({ path }) => statSync(path).ino));
    const isOfLab = (pid: string) => inodes.has(netnsOf(pid) ?? -1);
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return pids.filter(isOfLab).reduce((sum, pid) => sum + cpuSeconds(Number(pid)), 0);
  }

  /** Client → NodePort on node1 → ingress Pod on node2 → app Pod beside it: 2 connections a request. */
  requests(seconds: number): Promise<Requests> {
    const { nodePort } = serviceNamed('controller-node2');
    return this.#requests(nodePort, seconds, 0);
  }

  /** `rate` connections a second, open loop: client → NodePort on node1 → app Pod on node2. */
  connections(seconds: number, rate: number): Promise<Requests> {
    return this.#requests(serviceNamed('app-node2').nodePort, seconds, rate);
  }

  async #requests(port: number, seconds: number, rate: number): Promise<Requests> {
    const inFlight = rate === 0 ? IN_FLIGHT : 512;
    const { ip } = nodeNamed('node1');
    const words = [ip, port, '/local', seconds, inFlight, rate].map(String);
    return requestsSchema.parse(await this.#run('client', ['requests', ...words], seconds));
  }

  /** One TCP stream from a Pod on node2 to one on node1; answers bytes a second. */
  async bulk(seconds: number): Promise<number> {
    const ip = PODS.find((each) => each.name === 'app-node2')?.ip ?? '';
    const words = ['fetch', ip, String(BULK_PORT), String(seconds)];
    const { bytes, seconds: took } = fetchSchema.parse(await this.#run('pod', words, seconds));
    return bytes / took;
  }

  /** SYNs to a NodePort that drops them: nobody answers. */
  async flood(seconds: number, rate: number): Promise<Flood> {
    const { nodePort } = serviceNamed('controller-local');
    const words = ['flood', nodeNamed('node3').ip, nodePort, seconds, rate].map(String);
    return floodSchema.parse(await this.#run('client', words, seconds));
  }

  close(): void {
    this.#bulkServer?.kill();
  }

  async #run(role: 'client' | 'pod', words: readonly string[], seconds: number): Promise<unknown> {
    const pod = 'ingress-nginx/controller-node1';
    const where = namespaceOf(this.#lab.namespaces, role === 'pod' ? { role, pod } : { role });
    const timeoutMs = seconds * 1000 + 20_000;
    const out = await run('nsenter', inNamespace(where.path, this.#program, ...words), {
      timeoutMs,
    });
    return JSON.parse(out);
  }
}

export interface Sink {
  readonly port: number;
  totals(): Promise<SinkTotals>;
  close(): void;
}

/** A stand-in for the collector that only counts. */
export async function startSink(): Promise<Sink> {
  const child = fork(SINK, { execArgv: [] });
  const next = () => new Promise<unknown>((resolve) => child.once('message', resolve));
  const { port } = z.object({ port: z.int() }).parse(await next());
  return {
    port,
    totals: () => {
      child.send({ ask: 'totals' });
      return next().then((answer) => totalsSchema.parse(answer));
    },
    close: () => child.disconnect(),
  };
}

/** Null for a process that ended meanwhile. */
function netnsOf(pid: string): number | null {
  try {
    return statSync(`/proc/${pid}/ns/net`).ino;
  } catch {
    return null;
  }
}
