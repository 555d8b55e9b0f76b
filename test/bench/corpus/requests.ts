/**
 * Requests as five taps see them, with all that differs between real ones drawn at random:
 *
 *   client ─► entry node (uplink; NodePort, SNAT) ─► veth and Pod of the ingress ─► Pod of the ingress ─► veth of the app
 *
 * Every packet takes a time of its own from tap to tap, in nanoseconds, so that most of what a request tells is times.
 */
import { createHash } from 'node:crypto';
import { clusterOf } from '@hoptrace/domain/reconstruct/builders.ts';
import type { Leg, ProxyLink } from '@hoptrace/domain/reconstruct/evidence.ts';
import { Draws } from './draws.ts';

export const LEGS_PER_REQUEST = 5;
export const CLUSTER = 'test';
export const NODES = ['node1', 'node2', 'node3'] as const;
const SERVICES = 20;
const CLIENTS = 20_000;
const FIRST_NODE_PORT = 30_080;
const EPHEMERAL = { from: 32_768, count: 28_232 };

const ingressIp = (index: number) => `10.244.${index + 1}.10`;
const appIp = (index: number) => `10.244.${index + 1}.20`;
const nodeIp = (index: number) => `192.168.50.${11 + index}`;

export const corpusContext = clusterOf([
  ...Array.from({ length: SERVICES }, (_, index) => ({
    name: `web-${index}`,
    nodePort: FIRST_NODE_PORT + index,
    endpoints: [0, 1].map((at) => `${ingressIp(at)}:80@node${at + 1}`),
  })),
  {
    name: 'app',
    nodePort: FIRST_NODE_PORT + 1000,
    endpoints: [0, 1, 2].map((at) => `${appIp(at)}:8080@node${at + 1}`),
  },
]);

export interface CorpusRequest {
  readonly legs: readonly Leg[];
  readonly links: readonly ProxyLink[];
}

interface Packets {
  synNs: number;
  synAckNs: number;
  ackNs: number;
  requestNs: number;
  responseNs: number;
  endNs: number;
}

export class Corpus {
  readonly draws: Draws;
  readonly #meanGapUs: number;
  #timeNs: number;
  #made: number;

  /** A request every `meanGapUs` on average, from `startUs` on; `first` is the number of the first. */
  constructor(options: { seed: number; startUs: number; meanGapUs: number; first?: number }) {
    this.draws = new Draws(options.seed);
    this.#meanGapUs = options.meanGapUs;
    this.#timeNs = 0;
    this.#made = options.first ?? 0;
    this.startUs = options.startUs;
  }

  readonly startUs: number;

  next(): CorpusRequest {
    const { draws } = this;
    this.#timeNs += 1 + draws.exponential(this.#meanGapUs * 1000);
    const n = this.#made++;
    const entry = draws.uniform(NODES.length);
    const ingress = draws.uniform(2);
    const app = draws.uniform(3);
    const client = draws.zipf(CLIENTS);
    const port = () => EPHEMERAL.from + draws.uniform(EPHEMERAL.count);
    const front = {
      src: {
        ip: `198.${18 + (client >> 16)}.${(client >> 8) & 255}.${client & 255}`,
        port: port(),
      },
      dst: { ip: nodeIp(entry), port: FIRST_NODE_PORT + draws.zipf(SERVICES) },
    };
    const middle = {
      src: { ip: nodeIp(entry), port: port() },
      dst: { ip: ingressIp(ingress), port: 80 },
    };
    const back = {
      src: { ip: ingressIp(ingress), port: port() },
      dst: { ip: appIp(app), port: 8080 },
    };
    const nat = { original: front, reply: { src: middle.dst, dst: middle.src } };
    const none = { original: null, reply: null };
    const outer = this.#packets(this.#timeNs);
    const atVeth = this.#later(outer, entry === ingress ? 8_000 : 60_000);
    const atPod = this.#later(atVeth, 4_000);
    const proxied = this.#proxied(atPod);
    const atApp = this.#later(proxied, app === ingress ? 8_000 : 60_000);
    const [f, b] = [this.#hashes(n, 0), this.#hashes(n, 1)];
    const leg = (index: number, node: number, tap: Leg['tap'], rest: Partial<Leg> & LegCore) =>
      this.#leg({ n, index, node, tap, rest });
    return {
      legs: [
        leg(0, entry, TAPS.uplink, { tuple: front, ...nat, ...f, packets: outer, ttl: 57 }),
        leg(1, ingress, TAPS.veth, { tuple: middle, ...none, ...f, packets: atVeth, ttl: 55 }),
        leg(2, ingress, TAPS.podIn, { tuple: middle, ...none, ...f, packets: atPod, ttl: 55 }),
        leg(3, ingress, TAPS.podOut, { tuple: back, ...none, ...b, packets: proxied, ttl: 64 }),
        leg(4, app, TAPS.veth, { tuple: back, ...none, ...b, packets: atApp, ttl: 62 }),
      ],
      links: [
        this.#link(n, ingress, { side: 'request', from: f, to: b, atNs: proxied.requestNs }),
        this.#link(n, ingress, { side: 'response', from: b, to: f, atNs: atPod.responseNs }),
      ],
    };
  }

  /** At the first tap. */
  #packets(startNs: number): Packets {
    const { draws } = this;
    const synAckNs = startNs + 500_000 + draws.exponential(60_000);
    const ackNs = synAckNs + 5_000_000 + draws.exponential(15_000_000);
    const requestNs = ackNs + 20_000 + draws.exponential(200_000);
    const responseNs = requestNs + 800_000 + draws.exponential(5_000_000);
    const endNs = responseNs + 100_000 + draws.exponential(2_000_000);
    return { synNs: startNs, synAckNs, ackNs, requestNs, responseNs, endNs };
  }

  /** At the tap behind: forward packets later, answers earlier, each by a time of its own. */
  #later(before: Packets, leastNs: number): Packets {
    const way = () => leastNs + this.draws.exponential(leastNs / 8);
    return {
      synNs: before.synNs + way(),
      synAckNs: before.synAckNs - way(),
      ackNs: before.ackNs + way(),
      requestNs: before.requestNs + way(),
      responseNs: before.responseNs - way(),
      endNs: before.endNs + way(),
    };
  }

  /** The connection that the proxy opens for the request. */
  #proxied({ requestNs, responseNs }: Packets): Packets {
    const { draws } = this;
    const synNs = requestNs + 30_000 + draws.exponential(20_000);
    const synAckNs = synNs + 500_000 + draws.exponential(15_000);
    const ackNs = synAckNs + 5_000 + draws.exponential(3_000);
    const sentNs = ackNs + 8_000 + draws.exponential(5_000);
    const answeredNs = responseNs - 20_000 - draws.exponential(15_000);
    const endNs = answeredNs + 50_000 + draws.exponential(30_000);
    return { synNs, synAckNs, ackNs, requestNs: sentNs, responseNs: answeredNs, endNs };
  }

  /** Two ISNs of 32 bits each, as the agents tell them: hashed with a key. */
  #hashes(n: number, side: number) {
    this.draws.bits += 64;
    const digest = createHash('sha1').update(`${this.startUs}/${n}/${side}`).digest('hex');
    return {
      clientIsnHash: digest.slice(0, 16),
      serverIsnHash: digest.slice(16, 32),
      isnPairHash: createHash('sha1').update(digest).digest('hex').slice(0, 16),
    };
  }

  #leg({ n, index, node, tap, rest }: LegParts): Leg {
    const { packets, ttl, ...fields } = rest;
    const wholeUs = Math.floor(packets.synNs / 1000);
    const after = (ns: number) => ns - wholeUs * 1000;
    return {
      kind: 'leg',
      cluster: CLUSTER,
      node: NODES[node] ?? 'node1',
      bootId: 'boot-0001',
      // Numbers of a request are beside each other, as those of an agent would be.
      seq: n * 8 + index,
      legId: n * 8 + index,
      revision: 0,
      startUs: this.startUs + wholeUs,
      tap,
      synTtl: ttl,
      synCount: 1,
      synNs: after(packets.synNs),
      synAckNs: after(packets.synAckNs),
      ackNs: after(packets.ackNs),
      firstRequestNs: after(packets.requestNs),
      firstResponseNs: after(packets.responseNs),
      endNs: after(packets.endNs),
      end: 'fin',
      ...fields,
    };
  }

  #link(n: number, node: number, { side, from, to, atNs }: LinkParts): ProxyLink {
    const ref = ({ isnPairHash }: { isnPairHash: string }) => ({ isnPairHash, burst: 1 });
    return {
      kind: 'proxyLink',
      cluster: CLUSTER,
      node: NODES[node] ?? 'node1',
      bootId: 'boot-0001',
      seq: n * 8 + (side === 'request' ? 6 : 7),
      startUs: this.startUs + Math.floor(atNs / 1000),
      netns: 2,
      pid: 42,
      side,
      subject: ref(to),
      lastRead: ref(from),
      oldest: ref(from),
      process: 'nginx',
    };
  }
}

interface LinkParts {
  readonly side: ProxyLink['side'];
  readonly from: { readonly isnPairHash: string };
  readonly to: { readonly isnPairHash: string };
  readonly atNs: number;
}

interface LegCore extends Pick<Leg, 'tuple' | 'original' | 'reply'> {
  readonly clientIsnHash: string;
  readonly serverIsnHash: string;
  readonly isnPairHash: string;
  readonly packets: Packets;
  readonly ttl: number;
}

interface LegParts {
  readonly n: number;
  readonly index: number;
  readonly node: number;
  readonly tap: Leg['tap'];
  readonly rest: Partial<Leg> & LegCore;
}

const TAPS = {
  uplink: { netns: 1, ifindex: 2, role: 'uplink', synDirection: 'rx' },
  veth: { netns: 1, ifindex: 9, role: 'podVeth', synDirection: 'tx' },
  podIn: { netns: 2, ifindex: 3, role: 'pod', synDirection: 'rx' },
  podOut: { netns: 2, ifindex: 3, role: 'pod', synDirection: 'tx' },
} as const;
