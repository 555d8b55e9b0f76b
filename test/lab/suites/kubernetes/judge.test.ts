import { type Path, pathSchema } from '@hoptrace/domain/rest/path.ts';
import { expect, test } from '@jest/globals';
import { judge } from './judge.ts';
import type { Truth } from './truth.ts';

const party = (role: string, name: string | null, ip: string) => ({
  ...{ role, name, node: 'node1', ip, port: 80, observed: true },
});
const hop = (index: number, to: object) => ({
  ...{ index, from: party('client', null, '203.0.113.10'), to, kind: 'network' },
  ...{ crossesNode: index === 0, extra: false, extraReason: null, rtt: null, rewrite: null },
  class: 'A',
  times: {
    ...{ synNs: 0, establishedNs: 1, firstRequestNs: 2, firstResponseNs: 3, endNs: 4 },
    clock: 'node1',
  },
});
const path = (part: object): Path =>
  pathSchema.parse({
    ...{ pathId: 'p', version: 1, cluster: 'lab', startedAtUs: 1, outcome: 'served' },
    service: { namespace: 'shop', name: 'web', port: 'http' },
    client: { ip: '203.0.113.10', port: 10_001, source: 'socket' },
    hops: [
      hop(0, party('node', 'node1', '192.168.50.11')),
      hop(1, party('app', 'shop/web1', '10.244.1.9')),
    ],
    ...{ crossings: 1, extraHops: 0, class: 'A', confidence: 1, completeness: 1 },
    ...{ refusal: null, warnings: [] },
    ...part,
  });
const truth = (part: Partial<Truth> = {}): Truth => ({
  report: {
    ...{ id: 'k-1', ip: '192.168.50.11', port: 31001, localPort: 10_001, startedAtUs: 1 },
    ...{ connectUs: 1, totalUs: 2, pod: 'web1', errorCode: null },
  },
  ...{ key: '203.0.113.10:10001', service: 'web', node: 'node1' },
  ...{ pod: 'shop/web1', podNode: 'node1', causes: [], isLost: false, isCut: false, when: 'away' },
  ...part,
});
const refusal = (part: object) =>
  path({
    outcome: 'dropped',
    refusal: {
      ...{ kind: 'dropped', node: 'node1', evidence: 'kfreeSkb', reason: 'NETFILTER_DROP' },
      ...{ cause: 'noLocalEndpoints', text: 't', remedy: 'r', synCount: 1, afterNs: 0 },
      ...part,
    },
  });
const refused = (when: Truth['when']) =>
  truth({
    ...{ pod: null, podNode: null, causes: ['noLocalEndpoints'], when },
    report: { ...truth().report, pod: null, errorCode: 'ETIMEDOUT' },
  });

test('a path that is as it was has no problems', () => {
  expect(judge(truth(), [path({})])).toMatchObject({ podProblems: [], pathProblems: [] });
});

test('a Pod that did not answer is a problem, and so is a missing or second path', () => {
  const wrong = judge(truth({ pod: 'shop/web2' }), [path({})]);
  expect(wrong.podProblems).toEqual(['named shop/web1, shop/web2 answered']);
  expect(judge(truth(), []).pathProblems).toEqual(['no path']);
  expect(judge(truth(), [path({}), path({})]).pathProblems).toEqual(['2 paths for one request']);
});

test('a Pod that is not named is right only where it is said that two may have had the address', () => {
  const unnamed = (warnings: object[]) =>
    path({
      hops: [hop(0, party('app', null, '10.244.1.9'))],
      warnings,
    });
  const warning = { code: 'podAmbiguous', text: 't', subject: '10.244.1.9' };
  expect(judge(truth(), [unnamed([warning])])).toMatchObject({
    isAmbiguous: true,
    pathProblems: [],
  });
  expect(judge(truth(), [unnamed([])]).pathProblems).toEqual([
    'last hop: said null, truth shop/web1',
  ]);
});

test('near a change a node may answer RST between two sets of rules; away from one it may not', () => {
  const outcomeOf = (when: Truth['when']) => {
    const met = { ...truth().report, pod: null, errorCode: 'ECONNREFUSED' };
    const said = refusal({ kind: 'reset', cause: 'closedPort' });
    return judge({ ...refused(when), report: met }, [{ ...said, outcome: 'reset' }]).pathProblems;
  };
  expect(outcomeOf('near')).toEqual([]);
  expect(outcomeOf('away')).toEqual(['outcome: said reset, the client met ECONNREFUSED']);
});

test('verdicts: transitional near a change, certain away from it, either in between; the cause always', () => {
  const certain = refusal({});
  const transitional = refusal({ transitional: true });
  expect(judge(refused('near'), [transitional]).verdictProblems).toEqual([]);
  expect(judge(refused('near'), [certain]).verdictProblems).toHaveLength(1);
  expect(judge(refused('away'), [certain]).verdictProblems).toEqual([]);
  expect(judge(refused('away'), [transitional]).verdictProblems).toHaveLength(1);
  expect(judge(refused('between'), [transitional]).verdictProblems).toEqual([]);
  expect(judge(refused('between'), [refusal({ cause: 'unknown' })]).verdictProblems[0]).toContain(
    'cause: said unknown',
  );
});
