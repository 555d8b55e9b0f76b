/** Requests that two nodes saw: each is two legs of one connection, hence one path. */
import type { LegRecord } from '@hoptrace/domain/wire/v1.ts';

export const CLUSTER = 'faults';
export const NODES = ['node1', 'node2'] as const;
export type NodeName = (typeof NODES)[number];

const ADDRESS = { node1: '192.168.50.11', node2: '192.168.50.12' };
const POD = { ip: '10.244.2.7', port: 8080 };
const word = (value: number) => value.toString(16).padStart(8, '0');

/** What `node` saw of request `n` (1 to 2^31). The client's address and port are those of this request alone. */
export function legOf(n: number, node: NodeName, startUs: number): LegRecord {
  const client = { ip: `203.0.${Math.floor(n / 40_000) % 256}.10`, port: 20_000 + (n % 40_000) };
  const nodePort = { ip: ADDRESS.node1, port: 30_080 };
  const masqueraded = { ip: ADDRESS.node1, port: client.port };
  const outer = { src: client, dst: nodePort };
  const inner = { src: masqueraded, dst: POD };
  const isFirst = node === 'node1';
  return {
    kind: 'leg',
    seq: 0,
    legId: n,
    startUs: startUs + (isFirst ? 0 : 60),
    tap: isFirst
      ? { netns: 1, ifindex: 2, role: 'uplink', synDirection: 'rx' }
      : { netns: 1, ifindex: 9, role: 'podVeth', synDirection: 'tx' },
    tuple: isFirst ? outer : inner,
    original: isFirst ? outer : inner,
    reply: { src: POD, dst: masqueraded },
    clientIsnHash: `0000000c${word(n)}`,
    serverIsnHash: `00000005${word(n)}`,
    isnPairHash: `0000000a${word(n)}`,
    synTtl: isFirst ? 63 : 62,
    synCount: 1,
    synNs: 0,
    synAckNs: isFirst ? 400_000 : 250_000,
    ackNs: 500_000,
    firstRequestNs: 510_000,
    firstResponseNs: 2_000_000,
    endNs: 3_000_000,
    end: 'fin',
    revision: 0,
  };
}
