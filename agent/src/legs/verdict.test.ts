import { expect, test } from '@jest/globals';
import { POD_ETH, POD_VETH, packetsOf, UPLINK } from '../testPackets.ts';
import {
  inPod,
  NETFILTER_DROP,
  NO_SOCKET,
  nodePort,
  play,
  toPod,
  toRemote,
} from './testAttempts.ts';

test('closed port on the node: reset, with the reason of the freed SYN, once', () => {
  const { refusals, ends } = play([
    nodePort.syn(1),
    nodePort.refusal(1.1),
    nodePort.drop(1.2, NO_SOCKET),
  ]);
  expect(refusals).toMatchObject([
    {
      refusal: 'reset',
      evidence: 'rst',
      reason: 'NO_SOCKET',
      afterNs: 100_000,
      synCount: 1,
      tuple: { dst: { port: 30080 } },
      tap: { role: 'uplink', synDirection: 'rx' },
    },
  ]);
  expect(ends).toEqual(['reset']);
});

test('closed port in the Pod: the refusal is the Pod tap’s, each leg is told as reset', () => {
  const { refusals, ends } = play([
    nodePort.syn(1),
    toPod.syn(1.01),
    inPod.syn(1.02),
    inPod.refusal(1.03),
    toPod.refusal(1.04),
    nodePort.refusal(1.05),
    inPod.drop(1.06, NO_SOCKET),
  ]);
  expect(refusals).toMatchObject([
    { refusal: 'reset', reason: 'NO_SOCKET', tap: { netns: 200, role: 'pod' }, afterNs: 10_000 },
  ]);
  expect(ends).toEqual(['reset', 'reset', 'reset']);
});

test('closed port in a Pod whose namespace is not watched: the host’s end of its cable says so', () => {
  const { refusals } = play([
    nodePort.syn(1),
    toPod.syn(1.01),
    toPod.refusal(1.04),
    nodePort.refusal(1.05),
  ]);
  expect(refusals).toMatchObject([
    { refusal: 'reset', tap: { role: 'podVeth', synDirection: 'tx' } },
  ]);
});

test('reset by another machine: only legs here', () => {
  const { refusals, ends } = play([
    nodePort.syn(1),
    toRemote.syn(1.01),
    toRemote.refusal(2),
    nodePort.refusal(2.01),
  ]);
  expect(refusals).toEqual([]);
  expect(ends).toEqual(['reset', 'reset']);
});

test('REJECT: rejected although the SYN is freed by NETFILTER_DROP too', () => {
  const { refusals, ends } = play([
    nodePort.syn(1),
    nodePort.icmp(1.1),
    nodePort.drop(1.2, NETFILTER_DROP),
  ]);
  expect(refusals).toMatchObject([
    {
      refusal: 'rejected',
      evidence: 'icmp',
      icmpType: 3,
      icmpCode: 3,
      reason: 'NETFILTER_DROP',
      afterNs: 100_000,
    },
  ]);
  expect(ends).toEqual(['unanswered']);
});

test('rate-limited ICMP: dropped first, rejected at the repetition: one refusal, rejected', () => {
  const { refusals } = play([
    nodePort.syn(1),
    nodePort.drop(1.2, NETFILTER_DROP),
    nodePort.syn(1001),
    nodePort.icmp(1001.1),
    nodePort.drop(1001.2, NETFILTER_DROP),
  ]);
  expect(refusals).toMatchObject([{ refusal: 'rejected', synCount: 2, afterNs: 1_000_100_000 }]);
});

test('an ICMP error from another machine leaves only legs here', () => {
  const { refusals, ends } = play([
    nodePort.syn(1),
    toRemote.syn(1.01),
    toRemote.icmp(2),
    nodePort.icmp(2.01),
  ]);
  expect(refusals).toEqual([]);
  expect(ends).toEqual(['unanswered', 'unanswered']);
});

test('fragmentation needed is no refusal', () => {
  const { refusals } = play([
    nodePort.syn(1),
    nodePort.icmp(1.1, 3, 4),
    nodePort.synAck(2),
    nodePort.ack(3),
  ]);
  expect(refusals).toEqual([]);
});

test('DROP on every repetition: one refusal, after the second drop, by name of the reason', () => {
  const packets = [0, 1000, 2000, 4000].flatMap((ms) => [
    nodePort.syn(ms + 1),
    nodePort.drop(ms + 1.1, NETFILTER_DROP),
  ]);
  const { refusals, verdictsAtMs, ends } = play(packets);
  expect(refusals).toMatchObject([
    {
      refusal: 'dropped',
      evidence: 'kfreeSkb',
      reason: 'NETFILTER_DROP',
      synCount: 2,
      afterNs: 100_000,
    },
  ]);
  expect(verdictsAtMs).toEqual([1250]);
  expect(ends).toEqual(['unanswered']);
});

test('one SYN freed in two places is no repetition: the verdict waits until one would have come', () => {
  const { refusals, verdictsAtMs } = play([
    nodePort.syn(1),
    nodePort.drop(1.1, NETFILTER_DROP),
    nodePort.drop(1.3, NO_SOCKET),
  ]);
  expect(refusals).toMatchObject([{ reason: 'NETFILTER_DROP', synCount: 1 }]);
  expect(verdictsAtMs).toEqual([1550]);
});

test('a repetition that was not dropped may be answered: the verdict waits', () => {
  const packets = [nodePort.syn(1), nodePort.drop(1.1, NETFILTER_DROP), nodePort.syn(1001)];
  expect(play(packets).verdictsAtMs).toEqual([2350]);
  expect(play([...packets, nodePort.synAck(2100)]).refusals).toEqual([]);
});

test('twice dropped, then rejected after all: the further record says so, once', () => {
  const dropped = [1, 1001].flatMap((ms) => [
    nodePort.syn(ms),
    nodePort.drop(ms + 0.1, NETFILTER_DROP),
  ]);
  const rejected = [2001, 3001].flatMap((ms) => [
    ...[nodePort.syn(ms), nodePort.icmp(ms + 0.1), nodePort.drop(ms + 0.2, NETFILTER_DROP)],
  ]);
  const { refusals, verdictsAtMs, counters } = play([...dropped, ...rejected]);
  expect(refusals).toMatchObject([
    { refusal: 'dropped', evidence: 'kfreeSkb', synCount: 2 },
    { refusal: 'rejected', evidence: 'icmp', synCount: 3, afterNs: 2_000_100_000 },
  ]);
  expect(verdictsAtMs).toEqual([1250, 2250]);
  expect(counters.unjudgedAttempts).toBe(0);
});

test('twice dropped, then answered: the leg says so, and nothing more is refused', () => {
  const { refusals, ends } = play([
    ...[nodePort.syn(1), nodePort.drop(1.1, NETFILTER_DROP)],
    ...[nodePort.syn(1001), nodePort.drop(1001.1, NETFILTER_DROP)],
    ...[nodePort.syn(2001), nodePort.synAck(2002), nodePort.ack(2003), nodePort.response(2004)],
  ]);
  expect(refusals).toHaveLength(1);
  expect(ends.at(-1)).toBe('open');
});

test('a dropped SYN whose repetition is answered is no refusal', () => {
  const { refusals } = play([
    nodePort.syn(1),
    nodePort.drop(1.1, NETFILTER_DROP),
    nodePort.syn(1001),
    nodePort.synAck(1002),
    nodePort.ack(1003),
  ]);
  expect(refusals).toEqual([]);
});

test('a freed copy (the SYN itself went on) is no drop', () => {
  const { refusals } = play([
    nodePort.syn(1),
    nodePort.drop(1.005, NETFILTER_DROP),
    toRemote.syn(1.01),
    toRemote.refusal(2),
    nodePort.refusal(2.01),
  ]);
  expect(refusals).toEqual([]);
});

test('an unknown drop reason is empty, never its number', () => {
  const { refusals } = play([nodePort.syn(1), nodePort.drop(1.1, 99)]);
  expect(refusals).toMatchObject([{ refusal: 'dropped', evidence: 'kfreeSkb', reason: '' }]);
});

test('silence: said by the tap that the SYN reached last', () => {
  const swallowed = play([nodePort.syn(1), toPod.syn(1.01), inPod.syn(1.02)]);
  expect(swallowed.refusals).toMatchObject([
    { refusal: 'dropped', evidence: 'silence', tap: { role: 'pod', synDirection: 'rx' } },
  ]);
  // A full backlog: no neighbour is looked for any more, whichever end of the cable is watched.
  expect(swallowed.verdictsAtMs[0]).toBeLessThan(3000);
  const handedOver = play([nodePort.syn(1), toPod.syn(1.01)]);
  expect(handedOver.refusals).toMatchObject([{ evidence: 'silence', tap: { role: 'podVeth' } }]);
  expect(handedOver.verdictsAtMs[0]).toBeLessThan(3000);
  const farEnd = play([nodePort.syn(1), toRemote.syn(1.01)]);
  expect(farEnd.refusals).toMatchObject([
    { evidence: 'silence', tap: { role: 'uplink', synDirection: 'tx' } },
  ]);
  expect(farEnd.ends).toEqual(['unanswered', 'unanswered']);
});

test('a failed neighbour look-up answers after 3.05 s: silence until then, rejected after it', () => {
  const syns = [nodePort.syn(1), nodePort.syn(1001)];
  const { refusals, verdictsAtMs } = play([...syns, nodePort.icmp(3055, 3, 1)]);
  expect(refusals).toMatchObject([
    { refusal: 'dropped', evidence: 'silence', synCount: 2 },
    { refusal: 'rejected', icmpType: 3, icmpCode: 1 },
  ]);
  expect(verdictsAtMs).toEqual([2350, 3300]);
});

test('what left may be answered by the machine that it went to: no silence before its time', () => {
  const away = [1, 1001, 2001].flatMap((ms) => [nodePort.syn(ms), toRemote.syn(ms + 0.1)]);
  expect(play(away).verdictsAtMs).toEqual([3250]);
});

test('silence, then a drop: the further record names the reason', () => {
  const syns = [nodePort.syn(1), nodePort.syn(1001), nodePort.drop(3055, NETFILTER_DROP)];
  expect(play(syns).refusals).toMatchObject([
    { refusal: 'dropped', evidence: 'silence' },
    { refusal: 'dropped', evidence: 'kfreeSkb', reason: 'NETFILTER_DROP' },
  ]);
});

test('silence proves nothing when events were lost meanwhile; other evidence still does', () => {
  const silent = play([nodePort.syn(1)], { lossAtMs: 500 });
  expect([silent.refusals, silent.counters.unjudgedAttempts]).toEqual([[], 1]);
  const reset = play([nodePort.syn(1), nodePort.refusal(2)], { lossAtMs: 500 });
  expect(reset.refusals).toHaveLength(1);
});

test('an answer at any tap means no refusal, whatever another tap did not see', () => {
  const { refusals } = play([nodePort.syn(1), toRemote.syn(1.01), toRemote.synAck(2)]);
  expect(refusals).toEqual([]);
});

test('two connections with the same ISN are kept apart by their tuples', () => {
  const other = packetsOf({
    place: UPLINK,
    syn: 'rx',
    tuple: '203.0.113.99:50000>192.168.50.12:443',
  });
  const { refusals } = play([
    nodePort.syn(1),
    other.syn(1.1),
    other.synAck(1.2),
    nodePort.drop(1.3, NETFILTER_DROP),
  ]);
  expect(refusals).toMatchObject([{ tuple: { src: { ip: '203.0.113.10' } } }]);
});

test('a flood with one ISN for all is not mixed up: each attempt has its own verdict', () => {
  const ports = Array.from({ length: 40 }, (_, index) => 50_000 + index);
  const flood = ports.map((port) =>
    packetsOf({ place: UPLINK, syn: 'rx', tuple: `203.0.113.66:${port}>192.168.50.11:30080` }),
  );
  const { refusals } = play(
    flood.flatMap((each, index) => [
      each.syn(1 + index),
      index % 2 === 0 ? each.drop(1.1 + index, NETFILTER_DROP) : each.refusal(1.1 + index),
    ]),
  );
  expect(refusals.filter((each) => each.refusal === 'dropped')).toHaveLength(20);
  expect(refusals.filter((each) => each.refusal === 'reset')).toHaveLength(20);
  expect(new Set(refusals.map((each) => each.tuple.src.port)).size).toBe(40);
});

test('without readable conntrack a rewritten SYN is followed by its ISN and one endpoint', () => {
  const blind = packetsOf({
    place: POD_VETH,
    syn: 'tx',
    tuple: '203.0.113.10:40000>10.244.1.10:80',
  });
  const { refusals } = play([nodePort.syn(1), blind.syn(1.01), blind.refusal(1.1)]);
  expect(refusals).toMatchObject([{ refusal: 'reset', tap: { role: 'podVeth' } }]);
});

test('a SYN dropped behind the uplink’s queue was dropped here', () => {
  const { refusals } = play([
    nodePort.syn(1),
    toRemote.syn(1.01),
    toRemote.drop(1.02, NETFILTER_DROP),
  ]);
  expect(refusals).toMatchObject([
    { refusal: 'dropped', evidence: 'kfreeSkb', tap: { role: 'uplink', synDirection: 'tx' } },
  ]);
});

test('a SYN last seen leaving its Pod proves nothing: the host’s side was not seen', () => {
  const fromPod = packetsOf({ place: POD_ETH, syn: 'tx', tuple: '10.244.1.10:1>10.244.2.20:8080' });
  const { refusals, ends } = play([fromPod.syn(1)]);
  expect([refusals, ends]).toEqual([[], ['unanswered']]);
});

test('a client that speaks on was answered, if not by this way', () => {
  const { refusals } = play([nodePort.syn(1), nodePort.clientRst(5)]);
  expect(refusals).toEqual([]);
});

test('the reason may come some time after the RST, but not after the verdict', () => {
  const late = play([nodePort.syn(1), nodePort.refusal(1.1), nodePort.drop(120, NO_SOCKET)]);
  expect(late.refusals).toMatchObject([{ refusal: 'reset', reason: 'NO_SOCKET' }]);
  const tooLate = play([nodePort.syn(1), nodePort.refusal(1.1), nodePort.drop(900, NO_SOCKET)]);
  expect(tooLate.refusals).toMatchObject([{ refusal: 'reset', reason: '' }]);
});

test('a freed copy is no evidence against a SYN that went on and met silence', () => {
  const { refusals } = play([
    nodePort.syn(1),
    nodePort.drop(1.005, NETFILTER_DROP),
    toRemote.syn(1.01),
  ]);
  expect(refusals).toMatchObject([{ evidence: 'silence', tap: { synDirection: 'tx' } }]);
});

test('in a flood whose legs are left out, a drop or an ICMP error is a refusal by itself', () => {
  const flood = [nodePort.drop(1, NETFILTER_DROP), toRemote.icmp(2), nodePort.drop(3, 20)];
  const { refusals, counters } = play(flood, { shedAtMs: 50 });
  expect(refusals).toMatchObject([
    { refusal: 'dropped', evidence: 'kfreeSkb', reason: 'NETFILTER_DROP', synCount: 1 },
    { refusal: 'rejected', evidence: 'icmp', icmpType: 3, icmpCode: 3, reason: '' },
  ]);
  expect(counters.strayPackets).toBe(1);
});

test('a drop of a connection that nobody heard of proves nothing while no legs are left out', () => {
  const { refusals, counters } = play([nodePort.drop(1, NETFILTER_DROP)]);
  expect([refusals, counters.strayPackets]).toEqual([[], 1]);
});

test('drops and ICMP errors before their leg is known are kept for it', () => {
  const { refusals } = play([nodePort.syn(1), nodePort.drop(1.1, NETFILTER_DROP)], {
    shedAtMs: 50,
  });
  expect(refusals).toMatchObject([{ refusal: 'dropped', afterNs: 100_000 }]);
});
