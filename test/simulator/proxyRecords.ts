/** What the agents' proxy programs tell: links of threads, and PROXY headers on the way. */
import { BALANCER } from './cluster.ts';
import { hashesAt, type SimConnection } from './connection.ts';
import type { Link } from './kernelLinks.ts';
import type { TrafficParts } from './parts.ts';

/** PROXY v2: 16 bytes, then both endpoints. */
const PROXY_V2_BYTES = { ipv4: 28, ipv6: 52 } as const;

export function tellLink(
  parts: TrafficParts,
  machine: string,
  netns: number,
  process: string,
  link: Link,
  atNs: number,
): void {
  const record = {
    kind: 'proxyLink' as const,
    seq: 0,
    netns,
    pid: 1000 + netns,
    process,
    ...link,
  };
  parts.tell(machine, record, atNs);
}

/** The bursts of both sides of a load balancer in TCP mode have the same numbers. */
export function tellBalancerLink(
  parts: TrafficParts,
  side: Link['side'],
  [front, back]: readonly [SimConnection, SimConnection],
  burst: number,
  atNs: number,
): void {
  const inbound = { isnPairHash: front.pairHash, burst };
  const outbound = { isnPairHash: hashesAt(back, 0).pairHash, burst };
  const [subject, cause] = side === 'request' ? [outbound, inbound] : [inbound, outbound];
  const link = { side, subject, lastRead: cause, oldest: cause };
  tellLink(parts, BALANCER, 1, 'haproxy', link, atNs);
}

/** The PROXY header passes every machine on the way; each agent that sees it tells. */
export function announce(
  parts: TrafficParts,
  connection: SimConnection,
  front: SimConnection,
): void {
  const [client, vip] = front.route.stops;
  if (client === undefined || vip === undefined) return;
  connection.prefaceBytes = PROXY_V2_BYTES[parts.plan.family];
  const claimed = {
    src: { ip: client.ip, port: client.port },
    dst: { ip: vip.ip, port: vip.port },
  };
  const machines = connection.route.sites.map((site) => site.machine);
  for (const machine of new Set(machines)) {
    const isnPairHash = hashesAt(connection, machines.indexOf(machine)).pairHash;
    const record = {
      kind: 'proxyHeader' as const,
      seq: 0,
      isnPairHash,
      version: 2 as const,
      command: 'proxy' as const,
      claimed,
    };
    parts.tell(machine, record, parts.schedule.nowNs);
  }
}
