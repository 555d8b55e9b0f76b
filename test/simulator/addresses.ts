/** The names of a world's machines in IPv4 or IPv6. The same numbers in both, so that worlds compare. */
import type { Endpoint } from '@hoptrace/domain/model/tuple.ts';

export type IpFamily = 'ipv4' | 'ipv6';

export interface Addresses {
  readonly vip: Endpoint;
  readonly balancerIp: string;
  /** `n` from 0. Clients of the service, and strangers that flood it. */
  readonly client: (n: number) => string;
  readonly stranger: (n: number) => string;
  /** `node` from 1. The bridge's address is that with which the node masquerades towards its own Pods. */
  readonly node: (node: number) => string;
  readonly bridge: (node: number) => string;
  readonly pod: (node: number, host: number) => string;
}

const IPV4: Addresses = {
  vip: { ip: '203.0.113.1', port: 443 },
  balancerIp: '192.168.50.5',
  client: (n) => `203.0.113.${10 + n}`,
  stranger: (n) => `198.51.100.${1 + n}`,
  node: (node) => `192.168.50.1${node}`,
  bridge: (node) => `10.244.${node}.1`,
  pod: (node, host) => `10.244.${node}.${host}`,
};

const IPV6: Addresses = {
  vip: { ip: '2001:db8:113::1', port: 443 },
  balancerIp: 'fd00:50::5',
  client: (n) => `2001:db8:113::${(0x10 + n).toString(16)}`,
  stranger: (n) => `2001:db8:51::${(1 + n).toString(16)}`,
  node: (node) => `fd00:50::1${node}`,
  bridge: (node) => `fd00:244:${node}::1`,
  pod: (node, host) => `fd00:244:${node}::${host}`,
};

export function addressesOfFamily(family: IpFamily): Addresses {
  return family === 'ipv4' ? IPV4 : IPV6;
}
