import type { NodeFacts } from '@hoptrace/domain/wire/nodeFacts.ts';
import type { Envelope, Losses } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import { Heartbeat } from './heartbeat.ts';

const LOSSES: Losses = { ringEvents: 3, badFrames: 0, evictedLegs: 0, unsentRecords: 0 };
const FACTS: NodeFacts = {
  kernel: '6.1.0',
  kubeProxy: { mode: 'nftables', note: 'kube-proxy answers nftables' },
  sysctls: [],
  workloads: [],
  workloadsLeftOut: 0,
};

function envelope(facts: NodeFacts | null): Envelope {
  return {
    schemaVersion: 1,
    cluster: 'lab',
    node: 'node1',
    bootId: 'boot-of-this-test',
    firstSeq: 1,
    count: 0,
    sentAtUs: 1_000,
    losses: LOSSES,
    addresses: [],
    ...(facts === null ? {} : { facts }),
  };
}

test('facts are for collectors that say that they know them', () => {
  const heartbeat = new Heartbeat();
  expect(heartbeat.newsOf(FACTS)).toBeNull();
  heartbeat.learn(['facts']);
  heartbeat.learn([]);
  expect(heartbeat.newsOf(FACTS)).toBe(FACTS);
  expect(heartbeat.newsOf(null)).toBeNull();
});

test('facts are news until a heartbeat with them was answered, and again when they change', () => {
  const heartbeat = new Heartbeat();
  heartbeat.learn(['facts']);
  heartbeat.sent(envelope(FACTS));
  expect(heartbeat.newsOf(FACTS)).toBe(FACTS);
  heartbeat.answered();
  expect(heartbeat.newsOf(FACTS)).toBeNull();
  heartbeat.sent(envelope(null));
  heartbeat.answered();
  expect(heartbeat.newsOf(FACTS)).toBeNull();
  const other = { ...FACTS, kernel: '6.2.0' };
  expect(heartbeat.newsOf(other)).toBe(other);
});

test('a connection that is gone gives its losses back once, and the next collector hears all anew', () => {
  const heartbeat = new Heartbeat();
  heartbeat.learn(['facts']);
  heartbeat.sent(envelope(FACTS));
  heartbeat.answered();
  heartbeat.sent(envelope(null));
  expect(heartbeat.lost()).toBe(LOSSES);
  expect(heartbeat.lost()).toBeNull();
  expect(heartbeat.isPending).toBe(false);
  expect(heartbeat.newsOf(FACTS)).toBeNull();
  heartbeat.learn(['facts']);
  expect(heartbeat.newsOf(FACTS)).toBe(FACTS);
});
