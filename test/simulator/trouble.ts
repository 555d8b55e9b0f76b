/** What goes wrong on purpose: refused connections of four kinds, and half-open ones of a flood. */
import type { Endpoint, Tuple } from '@hoptrace/domain/model/tuple.ts';
import { CLOSED_NODE_PORT, type SimNode, type SimPod, type SimService } from './cluster.ts';
import { establish, lastOf, refuse, type SimConnection, type TrueRefusal } from './connection.ts';
import { throughMiddlebox } from './middlebox.ts';
import type { TrafficParts } from './parts.ts';
import { type Route, toNodePort } from './route.ts';
import type { Wires } from './wires.ts';

export interface TroubleParts extends TrafficParts {
  readonly wires: Wires;
  readonly open: (route: Route) => SimConnection;
  readonly throughNode: (
    tuple: Tuple,
    entry: SimNode,
    service: SimService,
    machine: string,
  ) => { readonly route: Route; readonly pod: SimPod; readonly release: (atNs: number) => void };
}

export class Trouble {
  readonly #parts: TroubleParts;

  constructor(parts: TroubleParts) {
    this.#parts = parts;
  }

  /** Local without a Pod here, a Service without endpoints, a port of nobody, a Pod that does not listen. */
  refusedClient(): void {
    const { random, cluster, plan } = this.#parts;
    const { local, empty, wrongPort } = cluster.services;
    const last = cluster.nodes[cluster.nodes.length - 1] as SimNode;
    const anyNode = random.pick(cluster.nodes);
    const ip = cluster.addresses.client(random.below(plan.clientAddresses));
    const dropped = {
      refusal: 'dropped',
      evidence: 'kfreeSkb',
      icmpType: 0,
      icmpCode: 0,
      reason: 'NETFILTER_DROP',
    } as const;
    const rejected = {
      ...dropped,
      refusal: 'rejected',
      evidence: 'icmp',
      // Port unreachable, as REJECT says it.
      ...(plan.family === 'ipv4' ? { icmpType: 3, icmpCode: 3 } : { icmpType: 1, icmpCode: 4 }),
    } as const;
    const reset = { ...dropped, refusal: 'reset', evidence: 'rst', reason: 'NO_SOCKET' } as const;
    random.pick([
      () => this.#refusedAt(ip, last, local.nodePort, dropped),
      () => this.#refusedAt(ip, anyNode, empty.nodePort, rejected),
      () => this.#refusedAt(ip, anyNode, CLOSED_NODE_PORT, reset),
      () => this.#refusedByPod(ip, anyNode, wrongPort, reset),
    ])();
  }

  #refusedAt(ip: string, entry: SimNode, nodePort: number, how: Omit<TrueRefusal, 'atNs'>): void {
    const dialled = { ip: entry.ip, port: nodePort };
    const source = this.#parts.ports.take(ip, dialled);
    const connection = this.#parts.open(
      toNodePort({ src: source, dst: dialled }, entry, null, null, 'client'),
    );
    this.#refuse(connection, how, this.#releaser(source, dialled));
  }

  #refusedByPod(
    ip: string,
    entry: SimNode,
    service: SimService,
    how: Omit<TrueRefusal, 'atNs'>,
  ): void {
    const dialled = { ip: entry.ip, port: service.nodePort };
    const source = this.#parts.ports.take(ip, dialled);
    const { route, release } = this.#parts.throughNode(
      { src: source, dst: dialled },
      entry,
      service,
      'client',
    );
    this.#refuse(this.#parts.open(route), how, this.#releaser(source, dialled, release));
  }

  #refuse(
    connection: SimConnection,
    how: Omit<TrueRefusal, 'atNs'>,
    release: (atNs: number) => void,
  ): void {
    const atNs = lastOf(connection.synNs) + 2_000;
    refuse(connection, { ...how, atNs });
    release(atNs + 1_000_000);
  }

  halfOpen(): void {
    const { random, cluster, plan } = this.#parts;
    const entry = random.pick(cluster.nodes);
    const tuple = {
      src: { ip: cluster.addresses.stranger(random.below(250)), port: 1024 + random.below(60_000) },
      dst: { ip: entry.ip, port: cluster.services.cluster.nodePort },
    };
    const { route } = this.#parts.throughNode(tuple, entry, cluster.services.cluster, 'client');
    establish(this.#parts.wires, this.#parts.open(throughMiddlebox(route, plan)), false);
  }

  #releaser(source: Endpoint, destination: Endpoint, also?: (atNs: number) => void) {
    return (atNs: number) => {
      this.#parts.ports.release(source, destination, atNs);
      also?.(atNs);
    };
  }
}
