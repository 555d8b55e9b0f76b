/** Who connects to whom, and why: clients, load balancers, kube-proxy's choice, ingress proxies, refusals, floods. */
import type { Endpoint, Tuple } from '@hoptrace/domain/model/tuple.ts';
import {
  BALANCER,
  BALANCER_IP,
  BALANCER_VIP,
  type SimNode,
  type SimPod,
  type SimService,
} from './cluster.ts';
import {
  endConnection,
  establish,
  lastOf,
  newConnection,
  type SimConnection,
  sendRequest,
  sendResponse,
} from './connection.ts';
import { drawRequest, drawResponseBytes, forwarded, type SimRequest, secure } from './exchange.ts';
import { type Link, ProxySocket } from './kernelLinks.ts';
import type { TrafficParts } from './parts.ts';
import { type Backend, IngressProxy, type Upstream } from './proxy.ts';
import { fromBalancer, podToPod, type Route, toBalancer, toNodePort, translated } from './route.ts';
import { Trouble } from './trouble.ts';
import { Wires } from './wires.ts';

type Respond = (atNs: number, bytes: number) => void;
/** The server's end: called when a request can be read, answers by calling `respond`. */
type Server = (atNs: number, request: SimRequest, respond: Respond) => void;

interface Opened {
  readonly connection: SimConnection;
  readonly serve: Server;
  readonly release: (atNs: number) => void;
}

const PROCESS_NAMES = { lastRead: 'nginx', oldest: 'haproxy', mixed: 'caddy' } as const;
const APP_WORK_NS = 4_000_000;
const THINK_NS = 2_000_000;
/** Of two IPv4 endpoints. */
const PROXY_V2_BYTES = 28;

export class Traffic {
  readonly #parts: TrafficParts;
  readonly #wires: Wires;
  readonly #proxies: ReadonlyMap<string, IngressProxy>;
  /** What a proxy is about to answer, by the id of the client's connection. */
  readonly #requests = new Map<number, SimRequest>();
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
    const ip = `203.0.113.${10 + random.below(plan.clientAddresses)}`;
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
    const { ports } = this.#parts;
    const client = ports.take(ip, BALANCER_VIP);
    const dialled = { ip: entry.ip, port: service.nodePort };
    const source = ports.take(BALANCER_IP, dialled);
    const behind = this.#throughNode({ src: source, dst: dialled }, entry, service, BALANCER);
    const release = this.#releaser(
      source,
      dialled,
      this.#releaser(client, BALANCER_VIP, behind.release),
    );
    return { ...this.#opened(translated(client, behind.route), behind.pod, service), release };
  }

  /** A load balancer that proxies TCP: it accepts, connects onward, and passes bursts both ways. */
  #balanced(ip: string, entry: SimNode, service: SimService): Opened {
    const { ports, truth, schedule, plan, random } = this.#parts;
    const client = ports.take(ip, BALANCER_VIP);
    const front = this.#open(toBalancer(client));
    if (service.targetPort === 80) secure(random, plan.exchanges, front);
    const dialled = { ip: entry.ip, port: service.nodePort };
    const source = ports.take(BALANCER_IP, dialled);
    const behind = this.#throughNode({ src: source, dst: dialled }, entry, service, BALANCER);
    // It connects onward when it knows of the client.
    const route = fromBalancer(behind.route);
    const back = this.#opened(route, behind.pod, service, lastOf(front.synNs));
    back.connection.firstFlightHash = front.firstFlightHash;
    truth.link(front.id, back.connection.id);
    if (plan.balancer === 'proxyProtocol') this.#announce(back.connection, front);
    const readyNs = establish(this.#wires, back.connection);
    let burst = 0;
    const serve: Server = (atNs, request, respond) => {
      burst++;
      this.#balancerLinks(front, back.connection, burst, atNs);
      truth.linkBursts([front.id, burst], [back.connection.id, burst]);
      const sentNs = Math.max(atNs, readyNs);
      const readNs = sendRequest(this.#wires, back.connection, sentNs, request);
      schedule.at(readNs, () =>
        back.serve(readNs, request, (answeredNs, bytes) => {
          const backNs = sendResponse(this.#wires, back.connection, answeredNs, bytes);
          schedule.at(backNs, () => respond(backNs, bytes));
        }),
      );
    };
    const release = this.#releaser(
      source,
      dialled,
      this.#releaser(client, BALANCER_VIP, behind.release),
    );
    const end = (atNs: number) => {
      endConnection(this.#wires, back.connection, atNs);
      release(atNs);
    };
    return { connection: front, serve, release: end };
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
    atNs = this.#parts.schedule.nowNs,
  ): Omit<Opened, 'release'> {
    const connection = this.#open(route, atNs);
    const { random, plan } = this.#parts;
    if (service.targetPort === 80) secure(random, plan.exchanges, connection);
    const proxy = service.targetPort === 80 ? this.#proxies.get(pod.name) : undefined;
    if (proxy === undefined) return { connection, serve: this.#appServer() };
    let respond: Respond = () => {};
    const downstream = proxy.accept(connection, (atNs, bytes) => respond(atNs, bytes));
    return {
      connection,
      serve: (_, request, answer) => {
        respond = answer;
        this.#requests.set(connection.id, request);
        proxy.request(downstream);
      },
    };
  }

  #appServer(): Server {
    const { random, schedule, plan } = this.#parts;
    return (atNs, _, respond) => {
      const doneNs = atNs + random.exponential(APP_WORK_NS);
      const bytes = drawResponseBytes(random, plan.exchanges);
      schedule.at(doneNs, () => respond(doneNs, bytes));
    };
  }

  #open(route: Route, atNs = this.#parts.schedule.nowNs): SimConnection {
    const { random, plan, truth } = this.#parts;
    const id = ++this.#connections;
    return truth.add(newConnection(random, this.#wires, id, route, atNs, plan.synLoss));
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
      open: (atNs, ready) => {
        const app = random.pick(cluster.appPods);
        const target = { ip: app.ip, port: 8080 };
        const connection = this.#open(
          podToPod({ src: ports.take(pod.ip, target), dst: target }, pod, app),
        );
        const readyNs = establish(this.#wires, connection);
        const upstream: Upstream = { connection, socket: new ProxySocket(connection.pairHash) };
        schedule.at(Math.max(atNs, readyNs), () => ready(upstream));
        return upstream;
      },
      send: (client, { connection }, atNs, answered) => {
        truth.link(client.id, connection.id);
        const request = this.#requests.get(client.id) ?? drawRequest(random, plan.exchanges);
        const readNs = sendRequest(this.#wires, connection, atNs, forwarded(request));
        truth.linkBursts(
          [client.id, client.exchanges.length],
          [connection.id, connection.exchanges.length],
        );
        const doneNs = readNs + random.exponential(APP_WORK_NS);
        const bytes = drawResponseBytes(random, plan.exchanges);
        schedule.at(doneNs, () =>
          answered(sendResponse(this.#wires, connection, doneNs, bytes), bytes),
        );
      },
      close: ({ connection }, atNs) => {
        endConnection(this.#wires, connection, atNs);
        const [source, target] = connection.route.stops;
        if (source !== undefined && target !== undefined) ports.release(source, target, atNs);
      },
      link: (link, _, atNs) =>
        this.#tellLink(pod.node, pod.netns, PROCESS_NAMES[plan.proxy.model], link, atNs),
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
    const outbound = { isnPairHash: back.pairHash, burst };
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
    connection.prefaceBytes = PROXY_V2_BYTES;
    const claimed = {
      src: { ip: client.ip, port: client.port },
      dst: { ip: vip.ip, port: vip.port },
    };
    const { pairHash: isnPairHash } = connection;
    for (const machine of new Set(connection.route.sites.map((site) => site.machine))) {
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
