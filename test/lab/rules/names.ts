/** The names kube-proxy gives to chains, so that a chain seen on a node can be mapped back to its Service. */
import { createHash } from 'node:crypto';
import type { EndpointPlan, ServicePlan } from '../plan.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Base32 (RFC 4648) of the SHA-256 of a text, cut to `length` characters. */
function hash(text: string, length: number): string {
  let bits = 0;
  let value = 0;
  let out = '';
  for (const byte of createHash('sha256').update(text).digest()) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += ALPHABET[(value >>> bits) & 31] ?? '';
    }
    value &= (1 << bits) - 1;
  }
  return out.slice(0, length);
}

/** `namespace/service:port`, as comments and hashes spell a Service port. */
export function servicePortName(service: ServicePlan): string {
  return `${service.namespace}/${service.name}:${service.portName}`;
}

/** iptables form: `KUBE-SVC-4SW47YFZTEDKD3PK`. All chains of a Service port share the hash. */
export function iptablesChain(kind: 'SVC' | 'SVL' | 'EXT', service: ServicePlan): string {
  return `KUBE-${kind}-${hash(`${servicePortName(service)}tcp`, 16)}`;
}

/** iptables form of an endpoint's chain: `KUBE-SEP-UKSFD7AGPMPPLUHC`. */
export function iptablesEndpointChain(service: ServicePlan, endpoint: EndpointPlan): string {
  return `KUBE-SEP-${hash(`${servicePortName(service)}tcp${endpoint.ip}:${endpoint.port}`, 16)}`;
}

/** nftables form: `service-ULMVA6XW-ns1/svc1/tcp/p80`. */
export function nftablesChain(
  kind: 'service' | 'local' | 'external',
  service: ServicePlan,
): string {
  const name = nftablesBase(service);
  return `${kind}-${hash(name, 8)}-${name}`;
}

/** nftables form of an endpoint's chain: `endpoint-5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80`. */
export function nftablesEndpointChain(service: ServicePlan, endpoint: EndpointPlan): string {
  const name = `${nftablesBase(service)}__${endpoint.ip}/${endpoint.port}`;
  return `endpoint-${hash(name, 8)}-${name}`;
}

function nftablesBase(service: ServicePlan): string {
  return `${service.namespace}/${service.name}/tcp/${service.portName}`;
}
