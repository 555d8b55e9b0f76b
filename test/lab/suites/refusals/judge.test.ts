import type { LegRecord, RefusalRecord, Sourced } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import { CLIENT_IP } from '../../plan.ts';
import type { Attempt } from './attempts.ts';
import { judgeRefusals, type Said } from './judge.ts';
import { ATTEMPT_KINDS } from './kinds.ts';

const PORT = 15_000;
const STARTED_US = 1_760_000_000_000_000;
const sender = { cluster: 'lab', node: 'node1', bootId: 'boot-one', seq: 1 };
const tap = { netns: 1, ifindex: 2, role: 'uplink', synDirection: 'rx' } as const;
const NODE = { ip: '192.168.50.11', port: 30_201 };

function attemptOf(id: string, fields: Partial<Attempt> = {}): Attempt {
  const kind = ATTEMPT_KINDS.find((each) => each.id === id);
  if (kind === undefined) throw new Error(`no kind ${id}`);
  const errorCode = kind.outcomes[0]?.errorCode ?? null;
  const times = { startedAtUs: STARTED_US, endedAtUs: STARTED_US + 2_200_000 };
  return { kind, clientPort: PORT, ...times, isConnected: false, errorCode, ...fields };
}

function saidOf(fields: Partial<Sourced<RefusalRecord>>, arrivedAfterMs = 2_500): Said {
  const refusal: Sourced<RefusalRecord> = {
    ...{ kind: 'refusal', ...sender, startUs: STARTED_US, tap, clientIsnHash: null },
    ...{ tuple: { src: { ip: CLIENT_IP, port: PORT }, dst: NODE }, afterNs: 1000, synCount: 1 },
    ...{ refusal: 'dropped', evidence: 'kfreeSkb', icmpType: 0, icmpCode: 0 },
    ...{ reason: 'NETFILTER_DROP', ...fields },
  };
  return { refusal, arrivedAtUs: STARTED_US + arrivedAfterMs * 1000 };
}

const judged = (attempt: Attempt, said: readonly Said[], legs: Sourced<LegRecord>[] = []) => {
  const { kinds, falseAlarms } = judgeRefusals([attempt], said, legs);
  const own = kinds.find(({ kind }) => kind === attempt.kind);
  const { right, inTime, revised, wrong } = own ?? {};
  return { right, inTime, revised, wrong, falseAlarms };
};

test('said once, with the right kind, in time', () => {
  expect(judged(attemptOf('dropped-by-rule'), [saidOf({})])).toEqual({
    ...{ right: 1, inTime: 1, revised: 0, wrong: [], falseAlarms: 0 },
  });
});

test('said right but late counts as late', () => {
  expect(judged(attemptOf('dropped-by-rule'), [saidOf({}, 3_001)])).toMatchObject({
    ...{ right: 1, inTime: 0 },
  });
});

test.each([
  ['nothing was said', []],
  ['said reset', [saidOf({ refusal: 'reset', evidence: 'rst' })]],
  ['said twice', [saidOf({}), saidOf({})]],
])('%s is wrong', (problem, said) => {
  const { right, wrong } = judged(attemptOf('dropped-by-rule'), said);
  expect([right, wrong]).toEqual([0, [expect.stringContaining(problem)]]);
});

test('silence that the same node takes back later is not a second word; that of another node is', () => {
  const icmp = { refusal: 'rejected', evidence: 'icmp', icmpType: 3, icmpCode: 1 } as const;
  const silence = { evidence: 'silence', reason: '' } as const;
  const attempt = attemptOf('lost-pod');
  expect(judged(attempt, [saidOf(silence, 1600), saidOf(icmp, 3100)])).toMatchObject({
    ...{ right: 1, revised: 1 },
  });
  expect(judged(attempt, [saidOf(icmp, 3100), saidOf(silence, 4000)])).toMatchObject({ right: 0 });
  const elsewhere = saidOf({ ...silence, node: 'node2' }, 1600);
  expect(judged(attempt, [elsewhere, saidOf(icmp, 3100)])).toMatchObject({ right: 0 });
});

test('a drop that the same node takes back by an answer is not a second word; the other way about it is', () => {
  const icmp = { refusal: 'rejected', evidence: 'icmp', icmpType: 3, icmpCode: 13 } as const;
  const attempt = attemptOf('prohibited-route');
  expect(judged(attempt, [saidOf({}, 1300), saidOf(icmp, 2100)])).toMatchObject({
    ...{ right: 1, revised: 1 },
  });
  expect(judged(attempt, [saidOf(icmp, 2100), saidOf({}, 2300)])).toMatchObject({ right: 0 });
});

test('the right kind with another ICMP code is wrong', () => {
  const said = saidOf({ refusal: 'rejected', evidence: 'icmp', icmpType: 3, icmpCode: 3 });
  expect(judged(attemptOf('admin-prohibited'), [said]).wrong).toEqual([
    expect.stringContaining('3/13'),
  ]);
});

test('where the kernel decides, the client tells what it was', () => {
  const dropped = attemptOf('prohibited-route', { errorCode: 'ETIMEDOUT' });
  expect(judged(dropped, [saidOf({})]).right).toBe(1);
  expect(judged(attemptOf('prohibited-route'), [saidOf({})]).right).toBe(0);
});

test('an attempt that ended as the lab is not built to end is wrong, whatever was said', () => {
  const connected = attemptOf('dropped-by-rule', { isConnected: true });
  expect(judged(connected, [saidOf({})]).right).toBe(0);
});

test('a half-open connection is right while nothing is said of it', () => {
  expect(judged(attemptOf('half-open'), []).right).toBe(1);
  expect(judged(attemptOf('half-open'), [saidOf({})]).right).toBe(0);
});

test('behind SNAT the refusal is known by its sequence number; of nobody known it is a false alarm', () => {
  const clientIsnHash = '00000000000000aa';
  const tuple = { src: { ip: '10.244.1.1', port: 40_000 }, dst: NODE };
  const leg: Sourced<LegRecord> = {
    ...{ kind: 'leg', ...sender, startUs: STARTED_US, tap, clientIsnHash, serverIsnHash: null },
    ...{ tuple: { src: { ip: CLIENT_IP, port: PORT }, dst: NODE }, original: null, reply: null },
    ...{ isnPairHash: null, synTtl: 64, synCount: 1, synNs: 0, synAckNs: null, ackNs: null },
    ...{ firstRequestNs: null, firstResponseNs: null, endNs: null, end: 'unanswered' },
    ...{ revision: 0, legId: 1 },
  };
  const said = saidOf({ tuple, clientIsnHash });
  expect(judged(attemptOf('dropped-by-rule'), [said], [leg])).toMatchObject({
    ...{ right: 1, falseAlarms: 0 },
  });
  expect(judged(attemptOf('dropped-by-rule'), [said])).toMatchObject({
    ...{ right: 0, falseAlarms: 1 },
  });
});
