/** Scenarios in which clocks, losses, restarts and delays thin out or distort what the agents report. */
import { appAt, nodeIp, throughNode } from './cluster.ts';
import type { TapSpec } from './connection.ts';
import type { Scenario } from './scenario.ts';
import { newScene, type Scene, type SceneRecord } from './scene.ts';
import type { NodeClock } from './stamps.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
const client = (n: number) => `203.0.113.10:${40_000 + n}`;

/** node1 and node3 five seconds apart each way, 50 ppm, and node2's clock jumps two seconds half-way. */
const SKEWED: Readonly<Record<string, NodeClock>> = {
  node1: { offsetUs: 5_000_000, driftPpm: 50 },
  node2: { offsetUs: -5_000_000, driftPpm: -50, steps: [{ atUs: 30_000_000, byUs: 2_000_000 }] },
  node3: { offsetUs: 1_000_000, driftPpm: 20 },
};

function skew(): Scene {
  const scene = newScene({ clocks: SKEWED });
  for (const n of numbers(12)) {
    const taps = throughNode(client(n), { snat: 20_000 + n, node: (n % 2) + 1 });
    scene.happened(`c${n}`, scene.connect({ id: `c${n}`, atUs: n * 5_000_000, taps }));
  }
  // No answer, so no duration to order by: the TTL has to, not the clocks.
  const silent = throughNode(client(20), { snat: 20_020 });
  scene.happened(
    'silent',
    scene.connect({ id: 'silent', atUs: 61_000_000, taps: silent, isAnswered: false }),
  );
  return scene;
}

/** Taps without packets: tuples from conntrack alone. node3 draws from 1,024 ports and takes one again after 1 s. */
function withoutIsn(): Scene {
  const scene = newScene({ clocks: { node2: { offsetUs: 2_000_000 } } });
  const blind = (taps: readonly TapSpec[]) =>
    taps.map((tap): TapSpec => ({ ...tap, sees: 'conntrack' }));
  for (const n of numbers(8)) {
    // Two ports in turn: every tuple on the inner side comes back after 1 s with another client.
    const taps = throughNode(client(n), { snat: 20_000 + (n % 2) });
    const kept = [taps[0], taps[2]] as TapSpec[];
    scene.happened(
      `c${n}`,
      scene.connect({ id: `c${n}`, atUs: n * 500_000, taps: blind(kept), lifeUs: 300_000 }),
    );
  }
  return scene;
}

/** One record in ten is lost, one in twenty comes twice, and they arrive in any order. */
function lossy(): Scene {
  const whole = newScene({ clocks: SKEWED });
  for (const n of numbers(60)) {
    const taps = throughNode(client(n), { snat: 20_000 + n, node: (n % 2) + 1 });
    whole.happened(`c${n}`, whole.connect({ id: `c${n}`, atUs: n * 20_000, taps }));
  }
  const kept = whole.records.filter((_, index) => dice(index) % 10 !== 0);
  const twice = kept.filter((_, index) => dice(index + 7_919) % 20 === 0);
  const shuffled = [...kept, ...twice]
    .map((record, index): [number, SceneRecord] => [dice(index + 104_729), record])
    .sort(([a], [b]) => a - b)
    .map(([, record]) => record);
  return { ...whole, records: shuffled };
}

/** Fixed noise: the same index, the same number. */
function dice(index: number): number {
  let value = (index + 1) * 0x9e3779b1;
  value = Math.imul(value ^ (value >>> 15), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

function deadAgent(): Scene {
  const scene = newScene();
  const blindOn = (node: string, taps: readonly TapSpec[]) =>
    taps.map((tap): TapSpec => (tap.node === node ? { ...tap, sees: 'nothing' } : tap));
  // node2 is down: once as the last machine, once as the one that forwards.
  const last = blindOn('node2', throughNode(client(0)));
  scene.happened('last', scene.connect({ id: 'last', atUs: 0, taps: last }));
  const middle = blindOn('node2', throughNode(client(1), { entry: 2, snat: 20_001, node: 1 }));
  scene.happened('middle', scene.connect({ id: 'middle', atUs: 3_000, taps: middle }));
  return scene;
}

/** node2's agent restarts in mid-connection: the new one finds the connection in conntrack, without ISN. */
function restart(): Scene {
  const scene = newScene();
  const taps = throughNode(client(0));
  const spec = scene.connect({ id: 'c0', atUs: 0, taps, lifeUs: null });
  scene.happened('c0', spec);
  const wire = taps[2]?.tuple ?? '';
  const dump: TapSpec = {
    node: 'node2',
    role: 'uplink',
    direction: 'rx',
    tuple: wire,
    nat: [wire, wire],
    bootId: 'boot-0002',
    sees: 'conntrack',
    fields: { synCount: 0, end: 'open', synTtl: 0 },
  };
  scene.connect({ id: 'dump', atUs: 20_000_000, taps: [dump] });
  return scene;
}

function lostSyn(): Scene {
  const scene = newScene();
  const taps = throughNode(client(0));
  scene.happened('between', scene.connect({ id: 'between', atUs: 0, taps, lostBefore: 2 }));
  const straight = throughNode(client(1), { snat: 19_717 });
  scene.happened('straight', scene.connect({ id: 'straight', atUs: 3_000_000, taps: straight }));
  return scene;
}

/** Two clusters with the same node names, the same Pod addresses and, by chance, the same client hash. */
function twoClusters(): Scene {
  const east = newScene();
  const west = newScene({ cluster: 'west' });
  for (const scene of [east, west]) {
    const taps = throughNode(client(0));
    const spec = { id: scene === east ? 'east' : 'west', atUs: 0, taps };
    const seen = scene.connect(spec);
    if (scene === east) scene.happened('served', seen);
    // Unanswered, seen at node3 in the one and at node2 in the other cluster: together they would chain.
    const [a, b, c] = throughNode(client(1), { snat: 19_800 }) as [TapSpec, TapSpec, TapSpec];
    const half = scene === east ? [a, b] : [c];
    const open = scene.connect({ id: 'half', atUs: 5_000, taps: half, isAnswered: false });
    if (scene === east) scene.happened('half', open);
  }
  return { ...east, records: [...east.records, ...west.records] };
}

/** The largest numbers that the contract allows: ports, TTL, counters, a connection of 100 days, the year 2255. */
function largeNumbers(): Scene {
  const scene = newScene();
  const src = '203.0.113.10:65535';
  const edge: TapSpec['fields'] = {
    revision: 255,
    synCount: 65_535,
    endNs: 8_640_000_000_000_000,
    end: 'fin',
  };
  const taps = throughNode(src, { snat: 65_535 }).map((tap) => ({
    ...tap,
    fields: edge,
    ifindex: 0xffff_ffff,
    netns: 0xffff_ffff,
  }));
  const inbound = scene.connect({ id: 'long', atUs: 0, taps });
  scene.happened('long', inbound);
  const late = throughNode(client(2), { snat: 1 }).map((tap) => ({
    ...tap,
    fields: { startUs: Number.MAX_SAFE_INTEGER - 1000, synNs: 999 },
  }));
  scene.happened('year2255', scene.connect({ id: 'year2255', atUs: 0, taps: late }));
  // The last burst number and the first after the counter wrapped: two requests, not one.
  const outbound = scene.connect({
    id: 'up',
    atUs: 900,
    taps: [
      { node: 'node2', role: 'pod', direction: 'tx', tuple: `10.244.2.10:51000 > ${appAt(2)}` },
    ],
  });
  const proxied = scene.connect({
    id: 'down',
    atUs: 500,
    taps: [
      { node: 'node2', role: 'pod', direction: 'rx', tuple: '10.244.1.20:50000 > 10.244.2.10:80' },
    ],
  });
  scene.happened('proxied', proxied, outbound);
  scene.agree(['down', 4_294_967_295], ['up', 4_294_967_295], 1_000);
  scene.agree(['down', 0], ['up', 0], 2_000);
  return scene;
}

/** Everything from node2 comes eight minutes late, and its clock is behind: the path starts earlier than was thought. */
function lateLegs(): Scene {
  const scene = newScene({ clocks: { node2: { offsetUs: -700_000 } } });
  const inbound = scene.connect({
    id: 'in',
    atUs: 0,
    taps: throughNode(client(0), { port: 30080, pod: '10.244.2.10:80' }),
  });
  const outbound = scene.connect({
    id: 'out',
    atUs: 900,
    taps: [
      { node: 'node2', role: 'pod', direction: 'tx', tuple: `10.244.2.10:51000 > ${appAt(3)}` },
      { node: 'node3', role: 'pod', direction: 'rx', tuple: `10.244.2.10:51000 > ${appAt(3)}` },
    ],
  });
  scene.agree('in', 'out', 1_000);
  scene.happened('proxied', inbound, outbound);
  const plain = throughNode(client(1), { snat: 19_717 });
  scene.happened('plain', scene.connect({ id: 'plain', atUs: 4_000, taps: plain }));
  return scene;
}

function refusals(): Scene {
  const scene = newScene();
  const arrival = (n: number, node: number, port: number): TapSpec => ({
    node: `node${node}`,
    role: 'uplink',
    direction: 'rx',
    tuple: `${client(n)} > ${nodeIp(node)}:${port}`,
  });
  const drop = arrival(0, 3, 30_091);
  const dropped = scene.connect({ id: 'drop', atUs: 0, taps: [drop], isAnswered: false });
  scene.refuse(dropped, drop, { reason: 'NETFILTER_DROP', synCount: 2, afterNs: 18_000 });
  scene.happened('drop', dropped);
  // The leg's record was lost; the refusal arrived.
  const alone = arrival(1, 3, 30_091);
  const lost = { id: 'alone', atUs: 9_000, taps: [alone] };
  scene.refuse(lost, alone, { reason: 'NETFILTER_DROP', synCount: 3, afterNs: 17_000 });
  scene.happened('alone', lost);
  return scene;
}

function rejectedAndReset(): Scene {
  const scene = newScene();
  const tap = (n: number, port: number): TapSpec => ({
    node: 'node1',
    role: 'uplink',
    direction: 'rx',
    tuple: `${client(n)} > ${nodeIp(1)}:${port}`,
  });
  const rejected = scene.connect({
    id: 'reject',
    atUs: 0,
    taps: [tap(0, 30_085)],
    isAnswered: false,
  });
  scene.refuse(rejected, tap(0, 30_085), {
    refusal: 'rejected',
    evidence: 'icmp',
    icmpType: 3,
    icmpCode: 3,
    afterNs: 31_000,
  });
  const reset = scene.connect({
    id: 'reset',
    atUs: 4_000,
    taps: [tap(1, 30_099)],
    isAnswered: false,
  });
  scene.refuse(reset, tap(1, 30_099), { refusal: 'reset', evidence: 'rst', afterNs: 12_000 });
  // The same client port at once again, to a port that works: the refusal is not this connection's.
  const again = throughNode(client(1), { entry: 1, node: 2, snat: 19_900 });
  const served = scene.connect({ id: 'again', atUs: 60_000, taps: again });
  scene.happened('reject', rejected);
  scene.happened('reset', reset);
  scene.happened('again', served);
  return scene;
}

/** Half-open connections of a flood, one real refusal and one real request among them. */
function flood(count: number): Scene {
  const scene = newScene();
  for (const n of numbers(count)) {
    const src = `198.51.${100 + Math.floor(n / 50_000)}.${(n % 250) + 1}:${1_024 + Math.floor(n / 250)}`;
    const blind = { ackNs: null, firstRequestNs: null, firstResponseNs: null, endNs: null };
    const taps = throughNode(src, { snat: 2_000 + (n % 60_000) }).map(
      (tap, index): TapSpec => ({
        ...tap,
        // One leg of each: the others were sampled out.
        sees: index === 0 ? 'all' : 'nothing',
        fields: { ...blind, end: 'unanswered' },
      }),
    );
    scene.happened(`flood${n}`, scene.connect({ id: `flood${n}`, atUs: n * 20, taps }));
  }
  const drop: TapSpec = {
    node: 'node3',
    role: 'uplink',
    direction: 'rx',
    tuple: `${client(0)} > ${nodeIp(3)}:30091`,
  };
  const dropped = scene.connect({ id: 'drop', atUs: 1_000, taps: [drop], isAnswered: false });
  scene.refuse(dropped, drop, { reason: 'NETFILTER_DROP', synCount: 2 });
  scene.happened('drop', dropped);
  scene.happened(
    'served',
    scene.connect({ id: 'served', atUs: 2_000, taps: throughNode(client(1)) }),
  );
  return scene;
}

export const EVIDENCE: readonly Scenario[] = [
  { folder: '02-clock-skew', scene: skew },
  { folder: '04-snat-pool-without-isn', scene: withoutIsn },
  { folder: '07-loss-duplicates-reordering', scene: lossy },
  { folder: '08-agent-down', scene: deadAgent },
  { folder: '09-agent-restart', scene: restart },
  { folder: '11-syn-lost-between-nodes', scene: lostSyn },
  { folder: '13-local-drop', scene: refusals },
  { folder: '14-reject-and-closed-port', scene: rejectedAndReset },
  { folder: '26-overlapping-pod-cidrs', scene: twoClusters },
  { folder: '28-half-open-flood', scene: () => flood(200), full: () => flood(50_000) },
  { folder: '29-wrapped-counters', scene: largeNumbers },
  { folder: '30-late-legs', scene: lateLegs },
];
