import { expect, test } from '@jest/globals';
import { agree } from './agree.ts';
import { clusterOf, evidenceOf, legsOf, pairHashOf, type TapSpec } from './builders.ts';
import type { Connection } from './connection.ts';
import type { Leg } from './evidence.ts';
import { group } from './group.ts';
import { order } from './order.ts';

const context = clusterOf([
  { name: 'ingress', nodePort: 30080, endpoints: ['10.244.1.10:80@node1', '10.244.2.10:80@node2'] },
]);
const DIALLED = '203.0.113.10:1024 > 203.0.113.1:443';
const SENT_ON = '192.168.50.5:1025 > 192.168.50.13:30080';
const TO_POD = '192.168.50.13:1026 > 10.244.1.10:80';
const BEHIND = 3;

/** client → lb (NAT) → node3 (SYNPROXY, NAT) → node1 → Pod. */
function synproxyLegs(clientTtl: number): Leg[] {
  const tap = (
    node: string,
    role: TapSpec['role'],
    direction: TapSpec['direction'],
    tuple: string,
    ...nat: [string, string] | []
  ): TapSpec => ({ node, role, direction, tuple, ...(nat.length === 2 ? { nat } : {}) });
  const outer = legsOf({
    id: 1,
    ttl: clientTtl,
    taps: [
      tap('lb', 'uplink', 'rx', DIALLED, DIALLED, SENT_ON),
      tap('lb', 'uplink', 'tx', SENT_ON, DIALLED, SENT_ON),
      tap('node3', 'uplink', 'rx', SENT_ON, SENT_ON, TO_POD),
    ],
  });
  const inner = legsOf({
    id: 1,
    taps: [
      tap('node3', 'uplink', 'tx', TO_POD, SENT_ON, TO_POD),
      tap('node1', 'uplink', 'rx', TO_POD, TO_POD, TO_POD),
      tap('node1', 'podVeth', 'tx', TO_POD, TO_POD, TO_POD),
      tap('node1', 'pod', 'rx', TO_POD),
    ],
  });
  // The clocks of node1 and lb are seconds off.
  const offsetUs = (leg: Leg) => (leg.node === 'node1' ? -4_000_000 : leg.node === 'lb' ? 3e6 : 0);
  return [
    ...outer.map((leg) => ({ ...leg, startUs: leg.startUs + offsetUs(leg) })),
    ...inner.map((leg, index) => ({
      ...leg,
      ...{ isnPairHash: pairHashOf(99), serverIsnHash: pairHashOf(98) },
      ...{ legId: leg.legId + 50, seq: leg.seq + 50 },
      tap: { ...leg.tap, ifindex: index + 20 },
      startUs: leg.startUs + 2_000 + offsetUs(leg),
    })),
  ];
}

type Fate = 'seen' | 'unanswered' | 'lost';
const FATES: readonly Fate[] = ['seen', 'unanswered', 'lost'];

function unanswered(leg: Leg): Leg {
  const never = { synAckNs: null, ackNs: null, firstRequestNs: null, firstResponseNs: null };
  return { ...leg, ...never, serverIsnHash: null, isnPairHash: null, end: 'unanswered' };
}

/** Every way in which records and answers of so many taps may get lost. */
function fatesOf(count: number): Fate[][] {
  if (count === 0) return [[]];
  return fatesOf(count - 1).flatMap((rest) => FATES.map((fate) => [...rest, fate]));
}

test.each([
  ['fewer routers before the load balancer than behind the SYNPROXY', 64],
  ['more', 51],
])(
  'SYNPROXY, %s: whatever is lost, those of one ISN pair stay together, in the order of the way',
  (_, ttl) => {
    const whole = synproxyLegs(ttl);
    const wrong = fatesOf(whole.length).flatMap((fates) => {
      const legs = whole.flatMap((leg, index) =>
        fates[index] === 'lost' ? [] : [fates[index] === 'seen' ? leg : unanswered(leg)],
      );
      const connections = agree(order(group(evidenceOf(...legs))), context);
      const problems = [...separated(legs, connections), ...misordered(whole, connections)];
      return problems.map((problem) => `${fates.join()}: ${problem}`);
    });
    expect(wrong).toEqual([]);
  },
);

function separated(legs: readonly Leg[], connections: readonly Connection[]): string[] {
  const homeOf = (leg: Leg) => connections.find((each) => each.legs.includes(leg));
  const paired = legs.filter((leg) => leg.isnPairHash !== null);
  return paired.flatMap((a) =>
    paired
      .filter((b) => b.isnPairHash === a.isnPairHash && b.node > a.node)
      .filter((b) => homeOf(a) !== homeOf(b) || homeOf(a)?.joinClass === 'D')
      .map((b) => `${a.legId} and ${b.legId} are not joined`),
  );
}

function misordered(whole: readonly Leg[], connections: readonly Connection[]): string[] {
  return connections.flatMap(({ legs }) => {
    const ids = legs.map((leg) => whole.findIndex(({ legId }) => legId === leg.legId));
    return ids.every((id, index) => id > (ids[index - 1] ?? -1)) ? [] : [`order ${ids.join()}`];
  });
}

test('where only the second handshake was seen answered, the path says that something opened it anew', () => {
  const legs = synproxyLegs(51).map((leg, index) => (index < BEHIND ? unanswered(leg) : leg));
  const [connection, ...others] = agree(order(group(evidenceOf(...legs))), context);
  expect(others).toEqual([]);
  expect(connection?.joinClass).toBe('B');
  expect(connection?.warnings.map(({ code }) => code)).toEqual(['synproxy']);
});

test('a TTL that rises although no NAT lies between is a contradiction', () => {
  const legs = synproxyLegs(64).slice(BEHIND);
  const raised = legs.map((leg, index) => (index === 2 ? { ...leg, synTtl: 80 } : leg));
  const [connection] = order(group(evidenceOf(...raised)));
  expect(connection?.joinClass).toBe('D');
  expect(connection?.warnings.map(({ code }) => code)).toEqual(['orderDisagrees']);
});
