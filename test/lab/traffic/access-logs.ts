/**
 * Reads what the lab's servers wrote about each request. nginx (ingress and app) logs one JSON object a line:
 *   {"id":"a1-7","peer":"10.244.1.1:40001","server":"10.244.1.10:80","upstream":"10.244.1.20:8080","proxyProtocol":":","status":200,"requestS":"0.004",…}
 * haproxy logs one line per session, `client source server frontend`:
 *   203.0.113.10:10007 192.168.50.5:43210 node1 plain
 */
import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { accessLogOf } from '../daemons.ts';
import { PODS } from '../plan.ts';
import { logFileOf } from '../processes.ts';

const ingressSchema = z.object({
  id: z.string(),
  peer: z.string(),
  server: z.string(),
  upstream: z.string(),
  proxyProtocol: z.string(),
  status: z.int(),
  /** Seconds, as nginx counts them; "-" where there was no upstream. */
  requestS: z.string(),
  connectS: z.string(),
  headerS: z.string(),
});
const appSchema = z.object({
  id: z.string(),
  peer: z.string(),
  server: z.string(),
  forwardedFor: z.string(),
  status: z.int(),
});

/** One request as an ingress Pod saw it; addresses are `ip:port`. `pod` is `namespace/name`. */
export type IngressEntry = z.infer<typeof ingressSchema> & { pod: string };
export type AppEntry = z.infer<typeof appSchema> & { pod: string };
/** One session as haproxy saw it: who came, from where haproxy went on, and to which node. */
export interface BalancerEntry {
  readonly client: string;
  readonly source: string;
  readonly node: string;
}

export interface AccessLogs {
  /** By request id. */
  readonly ingress: ReadonlyMap<string, IngressEntry>;
  /** By request id. */
  readonly app: ReadonlyMap<string, AppEntry>;
  /** By the client's `ip:port`. */
  readonly balancer: ReadonlyMap<string, BalancerEntry>;
}

/** How long each log is now: what came before a traffic run is not read again. */
export type LogMarks = ReadonlyMap<string, number>;

export function markLogs(labFolder: string): LogMarks {
  const files = [
    ...PODS.map((pod) => accessLogOf(labFolder, pod)),
    logFileOf(labFolder, 'haproxy'),
  ];
  return new Map(files.map((file) => [file, statSync(file).size]));
}

/** Everything logged since the marks. An unfinished last line is left for the next reading. */
export function readLogs(labFolder: string, marks: LogMarks): AccessLogs {
  const ingress = new Map<string, IngressEntry>();
  const app = new Map<string, AppEntry>();
  for (const pod of PODS) {
    for (const line of linesSince(accessLogOf(labFolder, pod), marks)) {
      const value: unknown = JSON.parse(line);
      if (pod.role === 'ingress') {
        const entry = { ...ingressSchema.parse(value), pod: pod.key };
        ingress.set(entry.id, entry);
      } else {
        const entry = { ...appSchema.parse(value), pod: pod.key };
        app.set(entry.id, entry);
      }
    }
  }
  const balancer = new Map<string, BalancerEntry>();
  for (const line of linesSince(logFileOf(labFolder, 'haproxy'), marks)) {
    // haproxy also prints notices here; a session is four words, the first of them an address.
    const match = /^(\S+:\d+) (\S+:\d+) (\S+) \S+$/.exec(line);
    const [, client, source, node] = match ?? [];
    if (client === undefined || source === undefined || node === undefined) continue;
    balancer.set(client, { client, source, node });
  }
  return { ingress, app, balancer };
}

function linesSince(file: string, marks: LogMarks): string[] {
  const text = readFileSync(file)
    .subarray(marks.get(file) ?? 0)
    .toString('utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '');
}
