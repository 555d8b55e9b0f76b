import { expect, test } from '@jest/globals';
import { NETFILTER_DROP, NOT_SPECIFIED, nodePort, play, toRemote } from './testAttempts.ts';

test('a SYN freed without a reason, which came in and went no further, is dropped within 3 s', () => {
  const packets = [0, 1000].flatMap((ms) => [
    nodePort.syn(ms + 1),
    nodePort.drop(ms + 1.1, NOT_SPECIFIED),
  ]);
  const { refusals, verdictsAtMs } = play(packets);
  expect(refusals).toMatchObject([
    { refusal: 'dropped', evidence: 'kfreeSkb', reason: 'NOT_SPECIFIED', afterNs: 100_000 },
  ]);
  expect(verdictsAtMs[0]).toBeLessThan(3000);
});

test.each([
  ['went on', [toRemote.syn(1.3)], [{ evidence: 'silence', tap: { synDirection: 'tx' } }]],
  ['was answered', [nodePort.synAck(2), nodePort.ack(3)], []],
  [
    'was dropped for a reason',
    [nodePort.drop(1.3, NETFILTER_DROP)],
    [{ reason: 'NETFILTER_DROP' }],
  ],
  ['was rejected', [nodePort.icmp(1.3)], [{ refusal: 'rejected', reason: '' }]],
])('freed without a reason is only a copy where the SYN %s', (_, more, refusals) => {
  const packets = [nodePort.syn(1), nodePort.drop(1.2, NOT_SPECIFIED), ...more];
  expect(play(packets).refusals).toMatchObject(refusals);
});

test('a SYN that left is not dropped here because something was freed without a reason', () => {
  const { refusals } = play([
    nodePort.syn(1),
    toRemote.syn(1.01),
    toRemote.drop(1.1, NOT_SPECIFIED),
  ]);
  expect(refusals).toMatchObject([{ evidence: 'silence', tap: { synDirection: 'tx' } }]);
});
