/** Scenarios in which boxes on the way change addresses, sequence numbers or the order of things. */
import {
  appAt,
  intoLb,
  intoPod,
  nodeIp,
  outOfLb,
  podToPod,
  throughNode,
  translatedByLb,
  VIP,
} from './cluster.ts';
import type { TapSpec } from './connection.ts';
import type { Scenario } from './scenario.ts';
import { newScene, type Scene } from './scene.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
const client = (n: number) => `203.0.113.10:${40_000 + n}`;

/** Two translations in a row, each with a port that it draws. */
function dnatSnat(): Scene {
  const scene = newScene();
  for (const n of numbers(6)) {
    const inner = `192.168.50.5:${[51_234, 1_999, 33_001, 60_400, 1_025, 44_044][n]}`;
    const taps = [
      ...translatedByLb(client(n), Number(inner.split(':')[1])),
      ...throughNode(inner, {
        snat: [19_716, 64_000, 1_100, 42_424, 7_777, 50_505][n] ?? 1,
        node: (n % 2) + 1,
      }),
    ];
    scene.happened(`c${n}`, scene.connect({ id: `c${n}`, atUs: n * 150, taps }));
  }
  return scene;
}

/** The same four-tuple every 50 ms, and masquerade draws the same port each time. */
function tupleReuse(): Scene {
  const scene = newScene();
  for (const n of numbers(12)) {
    const taps = throughNode(client(0), { node: (n % 2) + 1 });
    scene.happened(`c${n}`, scene.connect({ id: `c${n}`, atUs: n * 50_000, taps, lifeUs: 40_000 }));
  }
  return scene;
}

/** node3 answers the client itself and then opens the connection to the Pod with the client's number. */
function synproxy(): Scene {
  const scene = newScene();
  for (const n of numbers(3)) {
    const [arrival, departure, ...rest] = throughNode(client(n), { snat: 19_716 + n });
    if (arrival === undefined || departure === undefined) continue;
    const isn = { clientIsn: `c${n}` };
    const atUs = n * 20_000;
    const front = scene.connect({
      id: `front${n}`,
      ...isn,
      serverIsn: `cookie${n}`,
      atUs,
      taps: [arrival],
    });
    const back = [{ ...departure, ttl: 64 }, ...rest];
    scene.connect({ id: `back${n}`, ...isn, serverIsn: `pod${n}`, atUs: atUs + 90, taps: back });
    scene.happened(`c${n}`, { ...front, taps: [arrival, ...back] });
  }
  return scene;
}

/** A firewall between load balancer and node draws new numbers both ways and changes nothing else. */
function isnFirewall(): Scene {
  const scene = newScene();
  for (const n of numbers(2)) {
    const outside = translatedByLb(client(n), 33_000 + n);
    const inside = throughNode(`192.168.50.5:${33_000 + n}`, { snat: 19_716 + n }).map((tap) => ({
      ...tap,
      ttl: ttlBehindFirewall(tap),
    }));
    const atUs = n * 1000;
    scene.connect({ id: `outside${n}`, atUs, taps: [...outside, ...inside.map(unseen)] });
    const far = scene.connect({
      id: `inside${n}`,
      atUs,
      taps: [...outside.map(unseen), ...inside],
    });
    scene.happened(`c${n}`, { ...far, taps: [...outside, ...inside] });
  }
  // The same behind a load balancer that ends connections and announces the client.
  const inbound = scene.connect({ id: 'announced-in', atUs: 5_000, taps: intoLb(client(9)) });
  const front = outOfLb(34_000, `${nodeIp(3)}:30090`);
  const taps = throughNode('192.168.50.5:34000', { snat: 19_750 }).map((tap) => ({
    ...tap,
    ttl: ttlBehindFirewall(tap),
  }));
  const atUs = 5_300;
  scene.connect({ id: 'announced-lb', atUs, taps: [...front, ...taps.map(unseen)] });
  const outbound = scene.connect({
    id: 'announced-out',
    atUs,
    taps: [...front.map(unseen), ...taps],
  });
  scene.header(outbound, `${client(9)} > ${VIP}`);
  scene.happened('announced', inbound, outbound);
  return scene;
}

/** One connection, whose other half has other numbers: packets pass here, and this half says nothing of it. */
function unseen(tap: TapSpec): TapSpec {
  return { ...tap, sees: 'nothing' };
}

/** lb1 sends 63, the firewall and node3 take one each, node2 one more. */
function ttlBehindFirewall({ node, direction, role }: TapSpec): number {
  if (node === 'node3') return direction === 'rx' ? 62 : 61;
  return role === 'uplink' ? 61 : 60;
}

/** Two clients that drew the same initial sequence number; once with, once without the server's. */
function isnCollision(): Scene {
  const scene = newScene();
  const isn = { clientIsn: 'same' };
  for (const n of [0, 1]) {
    const taps = throughNode(client(n), { snat: 19_716 + n, node: n + 1 });
    scene.happened(
      `full${n}`,
      scene.connect({ id: `full${n}`, ...isn, serverIsn: `s${n}`, atUs: n * 300, taps }),
    );
  }
  // Half seen behind node3: the tuple tells whose it is.
  for (const n of [2, 3]) {
    const taps = throughNode(client(n), { snat: 19_716 + n, node: n - 1 });
    const half = taps.map((tap): TapSpec => (tap.node === 'node3' ? tap : { ...tap, sees: 'syn' }));
    scene.happened(
      `half${n}`,
      scene.connect({ id: `half${n}`, ...isn, serverIsn: `s${n}`, atUs: n * 300, taps: half }),
    );
  }
  return scene;
}

/** As above, and the tuple is the same too: what node2 half saw may belong to either. */
function isnCollisionAmbiguous(scene: Scene): Scene {
  for (const n of [4, 5]) {
    const taps = throughNode('203.0.113.20:41000', { snat: 20_000 });
    const half = taps.map(
      (tap): TapSpec =>
        tap.node === 'node3' ? tap : { ...tap, sees: n === 4 ? 'syn' : 'nothing' },
    );
    const spec = {
      id: `either${n}`,
      clientIsn: 'either',
      serverIsn: `s${n}`,
      atUs: n * 50_000,
      taps: half,
    };
    scene.happened(`either${n}`, scene.connect(spec));
  }
  return scene;
}

/** A leg of another connection carries the hashes of this one: in front, behind and with times that cannot be. */
function crossedJoin(): Scene {
  const scene = newScene();
  const stranger = (tuple: string, ttl: number): TapSpec => ({
    node: 'node1',
    role: 'uplink',
    direction: 'rx',
    tuple,
    ttl,
  });
  const injected: readonly TapSpec[][] = [
    // A TTL that no packet of this connection can have at that point of the handshake.
    [
      ...throughNode(client(0), { snat: 19_716 }).slice(0, 2),
      stranger(`203.0.113.99:9 > ${nodeIp(1)}:30090`, 70),
      ...throughNode(client(0), { snat: 19_716 }).slice(2),
    ],
    // Behind the Pod: nothing comes after the socket that answers.
    [
      ...throughNode(client(1), { snat: 19_717 }),
      stranger(`203.0.113.99:9 > ${nodeIp(1)}:30090`, 61),
    ],
    // In the middle, with a tuple that node3 did not send.
    [
      ...throughNode(client(2), { snat: 19_718 }).slice(0, 2),
      { ...stranger(`203.0.113.99:9 > ${appAt(1)}`, 63), node: 'node1' },
      ...throughNode(client(2), { snat: 19_718 }).slice(2),
    ],
    // Times: its way back to the client is shorter than at the tap before.
    [
      ...throughNode(client(3), { snat: 19_719 }).slice(0, 4),
      {
        ...stranger(`${nodeIp(3)}:19719 > ${appAt(2)}`, 62),
        fields: { synAckNs: 12_000, ackNs: 12_500 },
      },
    ],
  ];
  for (const [n, taps] of injected.entries()) {
    scene.connect({ id: `c${n}`, atUs: n * 1000, taps });
    const own = throughNode(client(n), { snat: 19_716 + n });
    scene.happened(`c${n}`, { id: `c${n}`, atUs: n * 1000, taps: n === 3 ? own.slice(0, 4) : own });
  }
  return scene;
}

/** One machine twice in one connection: through another node, to itself, and through two NATs of one node. */
function hairpin(): Scene {
  const scene = newScene();
  const src = '10.244.2.20:52000';
  const [podTx, veth] = podToPod(src, 2, `${nodeIp(3)}:30090`, 3) as [TapSpec, TapSpec];
  const uplink: TapSpec = { ...podTx, role: 'uplink' };
  const round = [podTx, veth, uplink, ...throughNode(src)];
  scene.happened('around', scene.connect({ id: 'around', atUs: 0, taps: round }));

  const self = '10.244.2.20:52001';
  const nat = [`${self} > ${nodeIp(2)}:30090`, `10.244.2.1:20001 > ${appAt(2)}`] as const;
  const own: TapSpec[] = [
    { node: 'node2', role: 'pod', direction: 'tx', tuple: nat[0], ifindex: 2 },
    { node: 'node2', role: 'podVeth', direction: 'rx', tuple: nat[0], nat, ifindex: 9 },
    { node: 'node2', role: 'podVeth', direction: 'tx', tuple: nat[1], nat, ifindex: 9 },
    { node: 'node2', role: 'pod', direction: 'rx', tuple: nat[1], ifindex: 2 },
  ];
  scene.happened('itself', scene.connect({ id: 'itself', atUs: 9_000, taps: own }));
  return scene;
}

/** A Service load balancer that runs as a Pod: node3 translates to it, it translates back, node3 translates again. */
function twiceTranslated(scene: Scene): Scene {
  const outer = [`${client(7)} > ${nodeIp(3)}:80`, `10.244.3.1:30001 > 10.244.3.5:80`] as const;
  const pod = [outer[1], '10.244.3.5:30001 > 10.96.0.10:80'] as const;
  const inner = [pod[1], `${nodeIp(3)}:30002 > ${appAt(1)}`] as const;
  const taps: TapSpec[] = [
    { node: 'node3', role: 'uplink', direction: 'rx', tuple: outer[0], nat: outer },
    { node: 'node3', role: 'podVeth', direction: 'tx', tuple: outer[1], nat: outer },
    { node: 'node3', role: 'pod', direction: 'rx', tuple: pod[0], nat: pod, netns: 7 },
    { node: 'node3', role: 'pod', direction: 'tx', tuple: pod[1], nat: pod, netns: 7 },
    { node: 'node3', role: 'podVeth', direction: 'rx', tuple: inner[0], nat: inner },
    { node: 'node3', role: 'uplink', direction: 'tx', tuple: inner[1], nat: inner },
    ...intoPod(1, inner[1]),
  ];
  scene.happened('twice', scene.connect({ id: 'twice', atUs: 18_000, taps }));
  return scene;
}

/** Cilium: the socket is translated before the packet exists; or XDP forwards below every tap. */
function ciliumDataPaths(): Scene {
  const scene = newScene();
  const direct = podToPod('10.244.1.20:53000', 1, appAt(3), 3).map(({ nat: _, ...tap }) => tap);
  scene.happened('socket', scene.connect({ id: 'socket', atUs: 0, taps: direct }));
  const below = throughNode(client(5)).map(
    (tap): TapSpec => (tap.node === 'node3' ? { ...tap, sees: 'nothing' } : tap),
  );
  scene.happened('xdp', scene.connect({ id: 'xdp', atUs: 4_000, taps: below }));
  // At tc, without netfilter: node3 shows both tuples and conntrack knows neither.
  const tc = throughNode(client(6), { snat: 19_800 }).map(({ nat: _, ...tap }) => tap);
  scene.connect({ id: 'tc', atUs: 8_000, taps: tc });
  scene.happened('tc', { id: 'tc', atUs: 8_000, taps: throughNode(client(6), { snat: 19_800 }) });
  return scene;
}

export const TRANSLATION: readonly Scenario[] = [
  { folder: '01-dnat-snat-twice', scene: dnatSnat },
  { folder: '03-tuple-reuse-50ms', scene: tupleReuse },
  { folder: '05-synproxy', scene: synproxy },
  { folder: '06-isn-randomising-firewall', scene: isnFirewall },
  { folder: '10-isn-collision', scene: () => isnCollisionAmbiguous(isnCollision()) },
  { folder: '12-crossed-join', scene: crossedJoin },
  { folder: '25-hairpin', scene: () => twiceTranslated(hairpin()) },
  { folder: '27-cilium-socket-lb-and-xdp', scene: ciliumDataPaths },
];
