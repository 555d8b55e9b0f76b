/** Who connects to whom, and why: clients, load balancers, kube-proxy's choice, ingress proxies, refusals, floods. */
import type { Endpoint, Tuple } from '@hoptrace/domain/model/tuple.ts';
import { BALANCER, type SimNode, type SimPod, type SimService } from './cluster.ts';
import {
  endConnection,
  establish,
  lastOf,
  newConnection,
  resetByServer,
  type SimConnection,
  sendRequest,
  sendResponse,
} from './connection.ts';
import { drawRequest, drawResponseBytes, forwarded, secure } from './exchange.ts';
import { FrameRoad } from './frameRoad.ts';
import { answersFrame, StreamClient } from './http2.ts';
import { ProxySocket } from './kernelLinks.ts';
import { throughMiddlebox } from './middlebox.ts';
import type { TrafficParts } from './parts.ts';
import { type Backend, IngressProxy, type Upstream } from './proxy.ts';
import { announce, tellLink } from './proxyRecords.ts';
import { type BehindBalancer, relayFrames, relayRequests } from './relay.ts';
import { fromBalancer, podToPod, type Route, toBalancer, toNodePort, translated } from './route.ts';
import type { Server } from './server.ts';
import { Trouble } from './trouble.ts';
import { Wires } from './wires.ts';

interface Opened {
  readonly connection: SimConnection;
  readonly serve: Server;
  readonly release: (atNs: number) => void;
}

interface Dial {
  readonly ip: string;
  readonly entry: SimNode;
  readonly service: SimService;
  readonly isHttp2: boolean;
}

const PROCESS_NAMES = { lastRead: 'nginx', oldest: 'haproxy', mixed: 'caddy' } as const;
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
        new IngressProxy(random, schedule, plan.proxy, this.#backendOf(pod), plan.http2.share > 0),
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
    const { share } = plan.http2;
    const dial = { ip, entry, service, isHttp2: share > 0 && random.chance(share) };
    const opened =
      plan.balancer === 'none'
        ? this.#direct(dial)
        : plan.balancer === 'snat'
          ? this.#translated(dial)
          : this.#balanced(dial);
    const times = 1 + random.below(plan.maxRequests);
    if (dial.isHttp2) new StreamClient(this.#parts, this.#wires, opened).converse(times);
    else this.#converse(opened, times);
  }

  #direct({ ip, entry, service, isHttp2 }: Dial): Opened {
    const dialled = { ip: entry.ip, port: service.nodePort };
    const source = this.#parts.ports.take(ip, dialled);
    const { route, pod, release } = this.#throughNode(
      { src: source, dst: dialled },
      entry,
      service,
      'client',
    );
    return {
      ...this.#opened(route, pod, service, isHttp2),
      release: this.#releaser(source, dialled, release),
    };
  }

  #translated({ ip, entry, service, isHttp2 }: Dial): Opened {
    const { ports, cluster } = this.#parts;
    const { vip, balancerIp } = cluster.addresses;
    const client = ports.take(ip, vip);
    const dialled = { ip: entry.ip, port: service.nodePort };
    const source = ports.take(balancerIp, dialled);
    const behind = this.#throughNode({ src: source, dst: dialled }, entry, service, BALANCER);
    const release = this.#releaser(source, dialled, this.#releaser(client, vip, behind.release));
    const route = translated(client, vip, behind.route);
    return { ...this.#opened(route, behind.pod, service, isHttp2), release };
  }

  /** A load balancer that proxies TCP: it accepts, then connects onward, and passes bursts both ways. */
  #balanced(dial: Dial): Opened {
    const { ip, service } = dial;
    const { ports, schedule, cluster, plan, random } = this.#parts;
    const { vip } = cluster.addresses;
    const client = ports.take(ip, vip);
    const front = this.#open(toBalancer(client, vip));
    if (service.targetPort === 80) secure(random, plan.exchanges, front);
    let opened: BehindBalancer | null = null;
    const back = (): BehindBalancer => {
      opened ??= this.#behindBalancer(front, dial);
      return opened;
    };
    // Nobody connects for a client that is not there yet: at the ACK, which is known once the SYN was answered.
    schedule.at(lastOf(front.synNs), () => schedule.at(lastOf(front.ackNs), () => back()));
    const relay = dial.isHttp2 ? relayFrames : relayRequests;
    const serve = relay(this.#parts, this.#wires, front, back);
    const end = (atNs: number) => {
      endConnection(this.#wires, back().connection, atNs);
      this.#releaser(client, vip, back().release)(atNs);
    };
    return { connection: front, serve, release: end };
  }

  #behindBalancer(front: SimConnection, { entry, service, isHttp2 }: Dial): BehindBalancer {
    const { ports, truth, plan, cluster } = this.#parts;
    const dialled = { ip: entry.ip, port: service.nodePort };
    const source = ports.take(cluster.addresses.balancerIp, dialled);
    const behind = this.#throughNode({ src: source, dst: dialled }, entry, service, BALANCER);
    const { connection, serve: answer } = this.#opened(
      fromBalancer(behind.route),
      behind.pod,
      service,
      isHttp2,
    );
    // It passes on what comes as it is, the ClientHello too.
    connection.firstFlightHash = front.firstFlightHash;
    truth.link(front.id, connection.id);
    if (plan.balancer === 'proxyProtocol') announce(this.#parts, connection, front);
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

  #opened(
    route: Route,
    pod: SimPod,
    service: SimService,
    isHttp2: boolean,
  ): Omit<Opened, 'release'> {
    const connection = this.#open(throughMiddlebox(route, this.#parts.plan));
    const { random, plan } = this.#parts;
    if (service.targetPort === 80) secure(random, plan.exchanges, connection);
    const proxy = service.targetPort === 80 ? this.#proxies.get(pod.name) : undefined;
    if (proxy === undefined) return { connection, serve: this.#appServer() };
    const downstream = proxy.accept(connection, isHttp2);
    const serve: Server = (_, request, respond) =>
      proxy.take({ client: downstream, request, respond });
    return { connection, serve };
  }

  #appServer(): Server {
    const { random, schedule, plan } = this.#parts;
    return (atNs, request, respond) => {
      if (answersFrame(request, atNs, respond)) return;
      const doneNs = atNs + random.exponential(APP_WORK_NS);
      const bytes = drawResponseBytes(random, plan.exchanges);
      schedule.at(doneNs, () => respond(doneNs, bytes));
    };
  }

  #open(route: Route): SimConnection {
    const { random, schedule, plan, truth } = this.#parts;
    const id = ++this.#connections;
    return truth.add(newConnection(random, this.#wires, id, route, schedule.nowNs, plan.synLoss));
  }

  /** Requests one after the other, then FIN. */
  #converse({ connection, serve, release }: Opened, requests: number): void {
    const { random, schedule, plan } = this.#parts;
    const next = (atNs: number, left: number): void => {
      if (left === 0) {
        endConnection(this.#wires, connection, atNs);
        release(atNs);
        return;
      }
      const sentNs = atNs + random.exponential(THINK_NS);
      const request = drawRequest(random, plan.exchanges);
      const readNs = sendRequest(this.#wires, connection, sentNs, request);
      schedule.at(readNs, () =>
        serve(readNs, request, (answeredNs, bytes) => {
          const doneNs = sendResponse(this.#wires, connection, answeredNs, bytes);
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
        const road = plan.http2.hasUpstreams ? new FrameRoad(this.#wires, connection) : null;
        const socket = new ProxySocket(connection.pairHash);
        const upstream: Upstream = { connection, socket, road, streams: 0 };
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
      send: ({ client, request }, { connection, road }, atNs, answered) => {
        truth.link(client.connection.id, connection.id);
        const readNs =
          road?.send(atNs) ?? sendRequest(this.#wires, connection, atNs, forwarded(request));
        if (road === null && !client.isMultiplexed)
          truth.linkBursts(
            [client.connection.id, client.connection.exchanges.length],
            [connection.id, connection.exchanges.length],
          );
        const doneNs = readNs + random.exponential(APP_WORK_NS);
        const bytes = drawResponseBytes(random, plan.exchanges);
        schedule.at(doneNs, () => {
          const backNs =
            road?.answer(doneNs) ?? sendResponse(this.#wires, connection, doneNs, bytes);
          answered(backNs, bytes);
        });
      },
      greet: ({ road }, atNs, came) => {
        if (road !== null) schedule.at(road.answer(road.send(atNs)), came);
      },
      close: ({ connection }, atNs) => {
        endConnection(this.#wires, connection, atNs);
        const [source, target] = connection.route.stops;
        if (source !== undefined && target !== undefined) ports.release(source, target, atNs);
      },
      link: (link, _, atNs) =>
        tellLink(this.#parts, pod.node, pod.netns, PROCESS_NAMES[plan.proxy.model], link, atNs),
    };
  }
}
