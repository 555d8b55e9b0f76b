/** Who connects to whom, and why: clients, load balancers, kube-proxy's choice, ingress proxies, refusals, floods. */
import type { Endpoint, Tuple } from '@hoptrace/domain/model/tuple.ts';
import { BALANCER, type SimNode, type SimPod, type SimService } from './cluster.ts';
import {
  endConnection,
  establish,
  hashesAt,
  lastOf,
  newConnection,
  resetByServer,
  type SimConnection,
  sendRequest,
  sendResponse,
} from './connection.ts';
import { type Link, ProxySocket } from './kernelLinks.ts';
import { throughMiddlebox } from './middlebox.ts';
import type { TrafficParts } from './parts.ts';
import { type Backend, IngressProxy, type Upstream } from './proxy.ts';
import { fromBalancer, podToPod, type Route, toBalancer, toNodePort, translated } from './route.ts';
import { Trouble } from './trouble.ts';
import { Wires } from './wires.ts';

/** The server's end: called when a request can be read, answers by calling `respond`. */
type Server = (connection: SimConnection, atNs: number, respond: (atNs: number) => void) => void;

interface Opened {
  readonly connection: SimConnection;
  readonly serve: Server;
  readonly release: (atNs: number) => void;
}

interface BehindBalancer {
  readonly connection: SimConnection;
  readonly readyNs: number;
  readonly answer: Server;
  readonly release: (atNs: number) => void;
}

const APP_WORK_NS = 4_000_000;
const THINK_NS = 2_000_000;

export class Traffic {
  readonly #parts: TrafficParts;
  readonly #wires: Wires;
  readonly #proxies: ReadonlyMap<string, IngressProxy>;
  #connections = 0;

  constructor(parts: TrafficParts) {
    this.#parts = parts;
    this.#wires = new Wires(parts.random);
    const { random, schedule, plan, cluster } = parts;
    this.#proxies = new Map(
      cluster.ingressPods.map((pod) => [
        pod.name,
        new IngressProxy(random, schedule, plan.proxy, this.#backendOf(pod)),
      ]),
    );
  }

  /** Plans all clients; the schedule then runs them. */
  plan(): void {
    const { random, schedule, plan } = this.#parts;
    const trouble = new Trouble({
      ...this.#parts,
      wires: this.#wires,
      open: (route) => this.#open(route),
      throughNode: (...what) => this.#throughNode(...what),
    });
    const someTime = () => random.unit() * plan.durationNs;
    for (let client = 0; client < plan.clients; client++) {
      const isRefused = random.chance(plan.refusalShare);
      schedule.at(someTime(), () => (isRefused ? trouble.refusedClient() : this.#client()));
    }
    const floodNs = someTime();
    for (let syn = 0; syn < plan.floodSyns; syn++) {
      schedule.at(floodNs + random.unit() * 100_000_000, () => trouble.halfOpen());
    }
  }

  #client(): void {
    const { random, cluster, plan } = this.#parts;
    const { cluster: any, local, app } = cluster.services;
    const service = random.pick([any, any, any, local, app]);
    const homes = new Set(service.pods.map((pod) => pod.node));
    const entry = random.pick(
      cluster.nodes.filter((node) => service.policy === 'Cluster' || homes.has(node.name)),
    );
    const ip = cluster.addresses.client(random.below(plan.clientAddresses));
    const opened =
      plan.balancer === 'none'
        ? this.#direct(ip, entry, service)
        : plan.balancer === 'snat'
          ? this.#translated(ip, entry, service)
          : this.#balanced(ip, entry, service);
    this.#converse(opened, 1 + random.below(plan.maxRequests));
  }

  #direct(ip: string, entry: SimNode, service: SimService): Opened {
    const dialled = { ip: entry.ip, port: service.nodePort };
    const source = this.#parts.ports.take(ip, dialled);
    const { route, pod, release } = this.#throughNode(
      { src: source, dst: dialled },
      entry,
      service,
      'client',
    );
    return {
      ...this.#opened(route, pod, service),
      release: this.#releaser(source, dialled, release),
    };
  }

  #translated(ip: string, entry: SimNode, service: SimService): Opened {
    const { ports, cluster } = this.#parts;
    const { vip, balancerIp } = cluster.addresses;
    const client = ports.take(ip, vip);
    const dialled = { ip: entry.ip, port: service.nodePort };
    const source = ports.take(balancerIp, dialled);
    const behind = this.#throughNode({ src: source, dst: dialled }, entry, service, BALANCER);
    const release = this.#releaser(source, dialled, this.#releaser(client, vip, behind.release));
    return { ...this.#opened(translated(client, vip, behind.route), behind.pod, service), release };
  }

  /** A load balancer that proxies TCP: it accepts, then connects onward, and passes bursts both ways. */
  #balanced(ip: string, entry: SimNode, service: SimService): Opened {
    const { ports, schedule, cluster } = this.#parts;
    const { vip } = cluster.addresses;
    const client = ports.take(ip, vip);
    const front = this.#open(toBalancer(client, vip));
    let opened: BehindBalancer | null = null;
    const back = (): BehindBalancer => {
      opened ??= this.#behindBalancer(front, entry, service);
      return opened;
    };
    // Nobody connects for a client that is not there yet: at the ACK, which is known once the SYN was answered.
    schedule.at(lastOf(front.synNs), () => schedule.at(lastOf(front.ackNs), () => back()));
    let burst = 0;
    const serve: Server = (_, atNs, respond) => {
      const { connection, readyNs, answer } = back();
      burst++;
      this.#balancerLinks(front, connection, burst, atNs);
      const readNs = sendRequest(this.#wires, connection, Math.max(atNs, readyNs));
      schedule.at(readNs, () =>
        answer(connection, readNs, (sentNs) => {
          const backNs = sendResponse(this.#wires, connection, sentNs);
          schedule.at(backNs, () => respond(backNs));
        }),
      );
    };
    const end = (atNs: number) => {
      endConnection(this.#wires, back().connection, atNs);
      this.#releaser(client, vip, back().release)(atNs);
    };
    return { connection: front, serve, release: end };
  }

  #behindBalancer(front: SimConnection, entry: SimNode, service: SimService): BehindBalancer {
    const { ports, truth, plan, cluster } = this.#parts;
    const dialled = { ip: entry.ip, port: service.nodePort };
    const source = ports.take(cluster.addresses.balancerIp, dialled);
    const behind = this.#throughNode({ src: source, dst: dialled }, entry, service, BALANCER);
    const { connection, serve: answer } = this.#opened(
      fromBalancer(behind.route),
      behind.pod,
      service,
    );
    truth.link(front.id, connection.id);
    if (plan.balancer === 'proxyProtocol') this.#announce(connection, front);
    const readyNs = establish(this.#wires, connection);
    const release = this.#releaser(source, dialled, behind.release);
    return { connection, readyNs, answer, release };
  }

  #throughNode(tuple: Tuple, entry: SimNode, service: SimService, machine: string) {
    const { random, ports } = this.#parts;
    const isLocal = service.policy === 'Local';
    const pod = random.pick(service.pods.filter((each) => !isLocal || each.node === entry.name));
    const target = { ip: pod.ip, port: service.targetPort };
    if (isLocal) {
      const route = toNodePort(tuple, entry, { src: tuple.src, dst: target }, pod, machine);
      return { route, pod, release: () => {} };
    }
    const masquerade = ports.take(pod.node === entry.name ? entry.bridgeIp : entry.ip, target);
    const route = toNodePort(tuple, entry, { src: masquerade, dst: target }, pod, machine);
    return { route, pod, release: this.#releaser(masquerade, target, () => {}) };
  }

  #releaser(source: Endpoint, destination: Endpoint, also: (atNs: number) => void) {
    return (atNs: number) => {
      this.#parts.ports.release(source, destination, atNs);
      also(atNs);
    };
  }

  #opened(route: Route, pod: SimPod, service: SimService): Omit<Opened, 'release'> {
    const connection = this.#open(throughMiddlebox(route, this.#parts.plan));
    const proxy = service.targetPort === 80 ? this.#proxies.get(pod.name) : undefined;
    if (proxy === undefined) return { connection, serve: this.#appServer() };
    let respond: (atNs: number) => void = () => {};
    const downstream = proxy.accept(connection, (atNs) => respond(atNs));
    return {
      connection,
      serve: (_, __, answer) => {
        respond = answer;
        proxy.request(downstream);
      },
    };
  }

  #appServer(): Server {
    const { random, schedule } = this.#parts;
    return (_, atNs, respond) => {
      const doneNs = atNs + random.exponential(APP_WORK_NS);
      schedule.at(doneNs, () => respond(doneNs));
    };
  }

  #open(route: Route): SimConnection {
    const { random, schedule, plan, truth } = this.#parts;
    const id = ++this.#connections;
    return truth.add(newConnection(random, this.#wires, id, route, schedule.nowNs, plan.synLoss));
  }

  /** Requests one after the other, then FIN. */
  #converse({ connection, serve, release }: Opened, requests: number): void {
    const { random, schedule } = this.#parts;
    const next = (atNs: number, left: number): void => {
      if (left === 0) {
        endConnection(this.#wires, connection, atNs);
        release(atNs);
        return;
      }
      const sentNs = atNs + random.exponential(THINK_NS);
      const readNs = sendRequest(this.#wires, connection, sentNs);
      schedule.at(readNs, () =>
        serve(connection, readNs, (answeredNs) => {
          const doneNs = sendResponse(this.#wires, connection, answeredNs);
          schedule.at(doneNs, () => next(doneNs, left - 1));
        }),
      );
    };
    const readyNs = establish(this.#wires, connection);
    schedule.at(readyNs, () => next(readyNs, requests));
  }

  #backendOf(pod: SimPod): Backend {
    const { random, schedule, cluster, ports, truth, plan } = this.#parts;
    return {
      open: (client, atNs, ready, failed) => {
        const app = random.pick(cluster.appPods);
        const target = { ip: app.ip, port: 8080 };
        const source = ports.take(pod.ip, target);
        const connection = this.#open(podToPod({ src: source, dst: target }, pod, app));
        const upstream: Upstream = { connection, socket: new ProxySocket(connection.pairHash) };
        if (plan.upstreamRefusalShare > 0 && random.chance(plan.upstreamRefusalShare)) {
          truth.link(client.id, connection.id);
          const refusedNs = resetByServer(this.#wires, connection);
          ports.release(source, target, refusedNs);
          schedule.at(refusedNs, failed);
          return upstream;
        }
        const readyNs = establish(this.#wires, connection);
        schedule.at(Math.max(atNs, readyNs), () => ready(upstream));
        return upstream;
      },
      send: (client, { connection }, atNs, answered) => {
        truth.link(client.id, connection.id);
        const readNs = sendRequest(this.#wires, connection, atNs);
        const doneNs = readNs + random.exponential(APP_WORK_NS);
        schedule.at(doneNs, () => answered(sendResponse(this.#wires, connection, doneNs)));
      },
      close: ({ connection }, atNs) => {
        endConnection(this.#wires, connection, atNs);
        const [source, target] = connection.route.stops;
        if (source !== undefined && target !== undefined) ports.release(source, target, atNs);
      },
      link: (link, _, atNs) =>
        this.#tellLink(
          pod.node,
          pod.netns,
          plan.proxy.model === 'mixed'
            ? 'caddy'
            : plan.proxy.model === 'oldest'
              ? 'haproxy'
              : 'nginx',
          link,
          atNs,
        ),
    };
  }

  #tellLink(machine: string, netns: number, process: string, link: Link, atNs: number): void {
    const record = {
      kind: 'proxyLink' as const,
      seq: 0,
      netns,
      pid: 1000 + netns,
      process,
      ...link,
    };
    this.#parts.tell(machine, record, atNs);
  }

  #balancerLinks(front: SimConnection, back: SimConnection, burst: number, atNs: number): void {
    const inbound = { isnPairHash: front.pairHash, burst };
    const outbound = { isnPairHash: hashesAt(back, 0).pairHash, burst };
    this.#tellLink(
      BALANCER,
      1,
      'haproxy',
      { side: 'request', subject: outbound, lastRead: inbound, oldest: inbound },
      atNs,
    );
    this.#tellLink(
      BALANCER,
      1,
      'haproxy',
      { side: 'response', subject: inbound, lastRead: outbound, oldest: outbound },
      atNs,
    );
  }

  /** The PROXY header passes every machine on the way; each agent that sees it tells. */
  #announce(connection: SimConnection, front: SimConnection): void {
    const [client, vip] = front.route.stops;
    if (client === undefined || vip === undefined) return;
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
      this.#parts.tell(machine, record, this.#parts.schedule.nowNs);
    }
  }
}
