/** Records for tests of the way out; `startUs` tells them apart. */
import type { ProxyHeaderRecord, RefusalRecord } from '@hoptrace/domain/wire/v1.ts';
import { tupleOf } from './testPackets.ts';

export function proxyHeaderOf(startUs: number): ProxyHeaderRecord {
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

export function refusalOf(startUs: number): RefusalRecord {
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
