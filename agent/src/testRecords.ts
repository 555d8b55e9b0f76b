/** Records for tests of the way out; `startUs` tells them apart. */
import type { LegRecord, ProxyHeaderRecord, RefusalRecord } from '@hoptrace/domain/wire/v1.ts';
import { tupleOf } from './testPackets.ts';

export function proxyHeaderOf(startUs = 0): ProxyHeaderRecord {
  return {
    kind: 'proxyHeader',
    seq: 0,
    startUs,
    isnPairHash: '1111111111111111',
    version: 2,
    command: 'local',
    claimed: null,
  };
}

export function refusalOf(startUs = 0): RefusalRecord {
  return {
    kind: 'refusal',
    seq: 0,
    startUs,
    tap: { netns: 1, ifindex: 2, role: 'uplink', synDirection: 'rx' },
    tuple: tupleOf('203.0.113.10:40000>192.168.50.11:30080'),
    clientIsnHash: '2222222222222222',
    refusal: 'dropped',
    evidence: 'silence',
    afterNs: 0,
    synCount: 1,
    icmpType: 0,
    icmpCode: 0,
    reason: '',
  };
}

/** One of many connections: `n` tells them apart. */
export function legOf(n = 1): LegRecord {
  const hash = (kind: string) => `${kind}${Math.imul(n, 0x9e37_79b1) >>> 0}`.padStart(16, '0');
  return {
    kind: 'leg',
    seq: 0,
    startUs: n,
    tap: { netns: 1, ifindex: 2, role: 'uplink', synDirection: 'rx' },
    tuple: tupleOf('203.0.113.10:40000>192.168.50.11:30080'),
    original: null,
    reply: null,
    clientIsnHash: hash('1'),
    serverIsnHash: hash('2'),
    isnPairHash: hash('3'),
    synTtl: 63,
    synCount: 1,
    synNs: 0,
    synAckNs: 400_000,
    ackNs: 500_000,
    firstRequestNs: null,
    firstResponseNs: null,
    endNs: null,
    end: 'open',
    revision: 0,
    legId: n,
  };
}
