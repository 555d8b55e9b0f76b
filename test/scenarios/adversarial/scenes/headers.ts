/** Scenarios with the PROXY protocol: present, absent, stale, forged. */
import { ingressAt, intoLb, nodeIp, outOfLb, throughNode, VIP } from './cluster.ts';
import type { ConnectionSpec, TapSpec } from './connection.ts';
import type { Scenario } from './scenario.ts';
import { newScene, type Scene } from './scene.ts';

const client = (n: number) => `203.0.113.10:${40_000 + n}`;

/** What lb1 opened, from its own tap (or without) to the ingress Pod on node2. */
function behindLb(
  scene: Scene,
  id: string,
  port: number,
  atUs: number,
  isSeenAtLb: boolean,
): ConnectionSpec {
  const taps: TapSpec[] = throughNode(`192.168.50.5:${port}`, {
    port: 30_080,
    snat: port - 10_000,
    pod: ingressAt(2),
  });
  return scene.connect({ id, atUs, taps: isSeenAtLb ? [...outOfLb(port), ...taps] : taps });
}

function observedLb(): Scene {
  const scene = newScene();
  // With a header of each version.
  for (const [n, version] of [
    [1, 1],
    [2, 2],
  ] as const) {
    const from = scene.connect({ id: `in${n}`, atUs: n * 1_000, taps: intoLb(client(n)) });
    const to = behindLb(scene, `out${n}`, 33_000 + n, n * 1_000 + 300, true);
    scene.header(to, `${client(n)} > ${VIP}`, { version });
    scene.happened(`v${version}`, from, to);
  }
  // Without: the first bytes would tell, and no record carries them.
  const from = scene.connect({ id: 'in3', atUs: 9_000, taps: intoLb(client(3)) });
  const to = behindLb(scene, 'out3', 33_003, 9_300, true);
  scene.happened('absent', from, to);
  // The client's port came back: the header belongs to the connection that is alive, not to the one of ten minutes ago.
  const old = scene.connect({ id: 'old', atUs: 20_000, taps: intoLb(client(4)) });
  scene.happened('old', old);
  const young = scene.connect({ id: 'young', atUs: 600_020_000, taps: intoLb(client(4)) });
  const youngOut = behindLb(scene, 'young-out', 33_004, 600_020_300, true);
  scene.header(youngOut, `${client(4)} > ${VIP}`);
  scene.happened('young', young, youngOut);
  // The same, and the connection that is alive was not seen: the dead one must not take its place.
  const dead = scene.connect({ id: 'dead', atUs: 30_000, taps: intoLb(client(5)) });
  scene.happened('dead', dead);
  const orphan = behindLb(scene, 'orphan', 33_005, 600_030_300, true);
  scene.header(orphan, `${client(5)} > ${VIP}`);
  scene.happened('orphan', { id: 'unseen', atUs: 600_030_000, taps: intoLb(client(5)) }, orphan);
  return scene;
}

function unobservedLb(): Scene {
  const scene = newScene();
  const unseen = (n: number): ConnectionSpec => ({
    id: `unseen${n}`,
    atUs: 0,
    taps: intoLb(client(n)),
  });
  for (const [n, version] of [
    [1, 1],
    [2, 2],
  ] as const) {
    const to = behindLb(scene, `out${n}`, 33_000 + n, n * 1_000, false);
    scene.header(to, `${client(n)} > ${VIP}`, { version });
    scene.happened(`v${version}`, unseen(n), to);
  }
  scene.happened('absent', unseen(3), behindLb(scene, 'out3', 33_003, 9_000, false));
  // LOCAL: the load balancer speaks for itself (a health check), so there is no client to look for.
  const local = behindLb(scene, 'local', 33_004, 12_000, false);
  scene.header(local, null);
  scene.happened('local', local);
  return scene;
}

function forged(): Scene {
  const scene = newScene();
  const attacker = (n: number) => `203.0.113.66:${45_000 + n}`;
  const straight = (n: number) =>
    throughNode(attacker(n), { port: 30_080, snat: 25_000 + n, pod: ingressAt(2) });
  // Somebody who is no load balancer sends a header that names an address of nobody.
  const lie = scene.connect({ id: 'lie', atUs: 0, taps: straight(0) });
  scene.header(lie, `198.51.100.1:1111 > ${VIP}`);
  scene.happened('lie', lie);
  // … or the live connection of somebody else.
  const victim = scene.connect({ id: 'victim', atUs: 5_000, taps: intoLb(client(1)) });
  const real = behindLb(scene, 'real', 33_001, 5_300, true);
  scene.header(real, `${client(1)} > ${VIP}`);
  scene.happened('victim', victim, real);
  const theft = scene.connect({ id: 'theft', atUs: 5_400, taps: straight(1) });
  scene.header(theft, `${client(1)} > ${VIP}`);
  scene.happened('theft', theft);
  // … or one that ends at a Pod, where no header is owed at all.
  const quiet = scene.connect({
    id: 'quiet',
    atUs: 8_000,
    taps: throughNode(client(2), { snat: 19_800, pod: ingressAt(2), port: 30_080 }),
  });
  scene.happened('quiet', quiet);
  const second = scene.connect({ id: 'second', atUs: 8_200, taps: straight(2) });
  scene.header(second, `${client(2)} > ${nodeIp(3)}:30080`);
  scene.happened('second', second);
  return scene;
}

export const HEADERS: readonly Scenario[] = [
  { folder: '23-tcp-lb-proxy-protocol', scene: observedLb },
  { folder: '23-tcp-lb-unobserved', scene: unobservedLb },
  { folder: '24-forged-client-claim', scene: forged },
];
