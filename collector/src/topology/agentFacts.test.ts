import { expect, test } from '@jest/globals';
import { envelope } from '../testing/builders.ts';
import { AgentFacts } from './agentFacts.ts';
import type { StoredTopology } from './topologyStore.ts';

const T = 1_790_000_000_000_000;
const MINUTE = 60_000_000;
const facts = (mode: 'iptables' | 'nftables') => ({
  ...{ kernel: '6.1.0', sysctls: [], workloads: [], workloadsLeftOut: 0 },
  kubeProxy: { mode, note: '' },
});
const address = (ip: string) => [{ ip, ifname: 'eth0' }];

function factsBook() {
  const rows = new Map<object, () => StoredTopology>();
  const book = new AgentFacts((version, row) => rows.set(version, row));
  return { book, stored: () => [...rows.values()].map((row) => row()) };
}
const ipsAt = (book: AgentFacts, atUs: number) =>
  book
    .addressesByNode('lab', atUs)
    .get('node1')
    ?.map(({ ip }) => ip);

test('addresses are those of the time that is asked for', () => {
  const { book, stored } = factsBook();
  book.note(envelope({ facts: facts('iptables'), addresses: address('192.0.2.1') }), T);
  book.note(envelope({ addresses: address('192.0.2.1') }), T + MINUTE);
  book.note(envelope({ addresses: address('192.0.2.2') }), T + 2 * MINUTE);
  expect([T - MINUTE, T + MINUTE, T + 2 * MINUTE].map((us) => ipsAt(book, us))).toEqual([
    ['192.0.2.1'],
    ['192.0.2.1'],
    ['192.0.2.2'],
  ]);
  const none = Number.POSITIVE_INFINITY;
  expect(stored().map(({ fromUs, toUs }) => [fromUs, toUs])).toEqual([
    [Number.NEGATIVE_INFINITY, T + 2 * MINUTE],
    [T + 2 * MINUTE, none],
  ]);
});

test('an agent that has not looked at everything yet tells no change when it has', () => {
  const { book, stored } = factsBook();
  book.note(envelope({ addresses: [] }), T);
  book.note(envelope({ addresses: address('192.0.2.1') }), T + 1);
  book.note(envelope({ addresses: address('192.0.2.1'), facts: facts('nftables') }), T + 2);
  expect(ipsAt(book, T - MINUTE)).toEqual(['192.0.2.1']);
  expect(stored()).toHaveLength(1);
});

test('what was stored is known again, and goes on from there', () => {
  const before = factsBook();
  before.book.note(envelope({ facts: facts('iptables'), addresses: address('192.0.2.1') }), T);
  before.book.note(envelope({ addresses: address('192.0.2.2') }), T + MINUTE);
  const { book, stored } = factsBook();
  for (const row of before.stored()) expect(book.restore(row)).not.toBeNull();
  expect(ipsAt(book, T)).toEqual(['192.0.2.1']);
  book.note(envelope({ addresses: address('192.0.2.2') }), T + 2 * MINUTE);
  expect(stored()).toEqual([]);
  book.note(
    envelope({ facts: facts('nftables'), addresses: address('192.0.2.2') }),
    T + 3 * MINUTE,
  );
  expect(stored()).toHaveLength(2);
  const [row] = before.stored();
  if (row === undefined) throw new Error('nothing was stored');
  expect(book.restore({ ...row, object: '{' })).toBeNull();
});

test('nodes that are made up push out those that were heard of first, not the newest', () => {
  const { book } = factsBook();
  for (let n = 0; n <= 10_000; n += 1)
    book.note(envelope({ node: `n${n}`, addresses: address('192.0.2.1') }), T + n);
  const known = book.addressesByNode('lab', T + MINUTE);
  expect(known.size).toBe(10_000);
  expect([known.has('n0'), known.has('n10000')]).toEqual([false, true]);
});
