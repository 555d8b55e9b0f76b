/** TCP tuples as the kernel names them. Addresses are canonical text (see ip.ts), ports host order. */

export interface Endpoint {
  readonly ip: string;
  readonly port: number;
}

/** The direction client to server unless the name says `reply`. The protocol is always TCP. */
export interface Tuple {
  readonly src: Endpoint;
  readonly dst: Endpoint;
}

export function endpointKey(endpoint: Endpoint): string {
  return `${endpoint.ip}|${endpoint.port}`;
}

export function tupleKey(tuple: Tuple): string {
  return `${endpointKey(tuple.src)}>${endpointKey(tuple.dst)}`;
}

export function isSameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.ip === b.ip;
}

export function isSameTuple(a: Tuple, b: Tuple): boolean {
  return isSameEndpoint(a.src, b.src) && isSameEndpoint(a.dst, b.dst);
}

/** The tuple of packets that travel the other way. conntrack: inverse(reply) is what leaves after NAT. */
export function reverseTuple(tuple: Tuple): Tuple {
  return { src: tuple.dst, dst: tuple.src };
}

/** `10.0.0.1:80`, `[2001:db8::1]:80`. */
export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.ip.includes(':')
    ? `[${endpoint.ip}]:${endpoint.port}`
    : `${endpoint.ip}:${endpoint.port}`;
}
