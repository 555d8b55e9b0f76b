/**
 * Requests of two services at any rate: `web` behind an ingress (two connections and what the proxy told), `api` without;
 * some of web come in at a wrong node, some of api are refused.
 */
import {
  type ConnectionSpec,
  clusterOf,
  legsOf,
  linkOf,
  refusalOf,
  type TapSpec,
} from '@hoptrace/domain/reconstruct/builders.ts';
import type { Context } from '@hoptrace/domain/reconstruct/evidence.ts';
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';

export const loadContext: Context = clusterOf([
  { name: 'web', nodePort: 30080, endpoints: ['10.244.1.10:80@node1', '10.244.2.10:80@node2'] },
  { name: 'api', nodePort: 30081, endpoints: ['10.244.3.20:8081@node3'] },
  { name: 'app', nodePort: 30090, endpoints: ['10.244.2.20:8080@node2'] },
]);

export type RequestKind = 'web' | 'webExtra' | 'api' | 'apiRefused';

/** What request `n` is; `n` counts from 0. */
export function kindOf(n: number): RequestKind {
  if (n % 2 === 0) return n % 40 === 0 ? 'webExtra' : 'web';
  return n % 50 === 1 ? 'apiRefused' : 'api';
}

export function requestRecords(n: number, startUs: number): Sourced[] {
  const kind = kindOf(n);
  const client = `203.0.${Math.floor(n / 50_000) % 256}.10:${1024 + (n % 50_000)}`;
  if (kind === 'apiRefused') return [refused(n, client, startUs)];
  if (kind === 'api') return legsOf({ id: n, startUs, taps: apiTaps(client) });
  const source = `192.168.50.11:${1024 + (n % 50_000)}`;
  const front = kind === 'web' ? localTaps(client) : crossingTaps(client, source);
  return proxied(n, front, startUs);
}

function proxied(n: number, front: readonly TapSpec[], startUs: number): Sourced[] {
  // Above the ids of all clients' connections.
  const upstreamId = 1_000_000_000 + n;
  const back = `10.244.2.10:${1024 + (n % 60_000)} > 10.244.2.20:8080`;
  const upstream: ConnectionSpec = {
    ...{ id: upstreamId, startUs: startUs + 500 },
    taps: [
      { node: 'node2', role: 'pod', direction: 'tx', tuple: back },
      { node: 'node2', role: 'podVeth', direction: 'tx', tuple: back },
    ],
  };
  return [
    ...legsOf({ id: n, startUs, taps: front }),
    ...legsOf(upstream),
    { ...linkOf('request', upstreamId, n, n), startUs },
    { ...linkOf('response', n, upstreamId, upstreamId), startUs },
  ];
}

function localTaps(client: string): TapSpec[] {
  const outer = `${client} > 192.168.50.12:30080`;
  const inner = `${client} > 10.244.2.10:80`;
  return [
    { node: 'node2', role: 'uplink', direction: 'rx', tuple: outer, nat: [outer, inner] },
    { node: 'node2', role: 'pod', direction: 'rx', tuple: inner },
  ];
}

/** In at node1, which has an endpoint of its own, and on to node2. */
function crossingTaps(client: string, source: string): TapSpec[] {
  const outer = `${client} > 192.168.50.11:30080`;
  const inner = `${source} > 10.244.2.10:80`;
  return [
    { node: 'node1', role: 'uplink', direction: 'rx', tuple: outer, nat: [outer, inner] },
    { node: 'node1', role: 'other', direction: 'tx', tuple: inner, nat: [outer, inner] },
    { node: 'node2', role: 'uplink', direction: 'rx', tuple: inner },
    { node: 'node2', role: 'pod', direction: 'rx', tuple: inner },
  ];
}

function apiTaps(client: string): TapSpec[] {
  const outer = `${client} > 192.168.50.13:30081`;
  const inner = `${client} > 10.244.3.20:8081`;
  return [
    { node: 'node3', role: 'uplink', direction: 'rx', tuple: outer, nat: [outer, inner] },
    { node: 'node3', role: 'pod', direction: 'rx', tuple: inner },
  ];
}

function refused(n: number, client: string, startUs: number): Sourced {
  const tuple = `${client} > 192.168.50.13:30081`;
  const tap = { node: 'node3', role: 'uplink', direction: 'rx', tuple } as const;
  const how = { refusal: 'rejected', evidence: 'icmp', afterNs: 120_000, startUs } as const;
  return refusalOf(n, tap, { ...how, icmpType: 3, icmpCode: 3 });
}
