import { expect, test } from '@jest/globals';
import { evidenceOf, headerOf, legsOf } from '../reconstruct/builders.ts';
import {
  atBalancer,
  C,
  claim,
  context,
  crossNode,
  judge,
  LB,
  linked,
  sameNode,
  seenBy,
  toApp,
  unlisted,
  watched,
} from './builders.ts';
import { parseForwarded, parseXForwardedFor } from './forwarded.ts';

test('a PROXY header from somebody who is no load balancer of ours is forged', () => {
  const legs = legsOf(sameNode(1, '198.51.100.66:666', 30081, '198.51.100.66:666'));
  const verdict = judge(evidenceOf(...legs, headerOf(1, '6.6.6.6:1 > 203.0.113.2:8041')));
  expect(verdict).toMatchObject({ scenario: 'forged', believable: false });
  expect(verdict.text).toContain('names 6.6.6.6 as the client, which cannot be believed');
  expect(verdict.text).toContain('The connection came from 198.51.100.66.');
  expect(seenBy(verdict).at(-1)?.[1]).toBe(true);
});

test('the same where nobody was ever named a load balancer: neither believed nor refuted', () => {
  const legs = legsOf(sameNode(1, '198.51.100.66:666', 30081, '198.51.100.66:666'));
  const verdict = judge(evidenceOf(...legs, headerOf(1, claim)), unlisted);
  expect(verdict).toMatchObject({ scenario: 'proxyProtocol', believable: null });
  expect(verdict.text).toContain('cannot be told');
  expect(verdict.remedy).toContain('hoptrace/load-balancer-addresses');
  expect(seenBy(verdict).at(-1)?.slice(1)).toEqual([null, null]);
  const ranges = { trustedRanges: ['198.51.100.0/24'] };
  expect(judge(evidenceOf(...legs, headerOf(1, claim)), unlisted, ranges)).toMatchObject({
    scenario: 'proxyProtocol',
    believable: true,
  });
});

test.each([
  ['0.0.0.0', 'forged', false],
  ['224.0.0.1', 'forged', false],
  ['239.255.0.1', 'forged', false],
  ['255.255.255.255', 'forged', false],
  ['::', 'forged', false],
  ['ff02::1', 'forged', false],
  ['127.0.0.1', 'proxyProtocol', null],
  ['::1', 'proxyProtocol', null],
  ['223.255.255.254', 'proxyProtocol', true],
  ['240.0.0.1', 'proxyProtocol', true],
  ['fd00::1', 'proxyProtocol', true],
])('a trusted load balancer names %s: %s', (ip, scenario, believable) => {
  const legs = legsOf(sameNode(1, `${LB}:33000`, 30081, `${LB}:33000`));
  const dst = { ip: '203.0.113.2', port: 8041 };
  const header = { ...headerOf(1, claim), claimed: { src: { ip, port: 1 }, dst } };
  expect(judge(evidenceOf(...legs, header))).toMatchObject({ scenario, believable });
});

test('a header that contradicts what an agent saw at the load balancer is not believed', () => {
  const verdict = judge(
    evidenceOf(
      ...atBalancer(1),
      ...legsOf(sameNode(2, `${LB}:33000`, 30081, `${LB}:33000`)),
      headerOf(2, '6.6.6.6:1 > 203.0.113.2:8041'),
      ...linked(2, 1),
    ),
    watched,
  );
  expect(verdict).toMatchObject({ scenario: 'forged', believable: false });
  expect(verdict.text).toContain(`was seen to come from ${C}`);
});

const told = (hop: number, ...lines: string[]) => ({
  forwarded: [{ hop, chain: parseXForwardedFor(lines) }],
});

test('T47: an HTTP load balancer that is trusted: known by header only', () => {
  const legs = legsOf(sameNode(1, `${LB}:33000`, 30081, `${LB}:33000`));
  const verdict = judge(evidenceOf(...legs), context, told(2, `6.6.6.6, ${C}`));
  expect(verdict).toMatchObject({ scenario: 'headerOnly', believable: true });
  expect(verdict.text).toContain(`X-Forwarded-For header, which names ${C}`);
  expect(seenBy(verdict).at(-1)).toEqual([`default/ingress-2 ${LB}:33000`, false, true]);
});

test('what the app Pod reads two proxies later is traced to who wrote it', () => {
  const behind = evidenceOf(
    ...legsOf(sameNode(1, `${LB}:33000`, 30081, `${LB}:33000`)),
    ...legsOf(toApp(2)),
    ...linked(2, 1),
  );
  const forwarded = [{ hop: 3, chain: parseForwarded([`for=${C}, for="${LB}:33000"`]) }];
  const verdict = judge(behind, context, { forwarded });
  expect(verdict).toMatchObject({ scenario: 'headerOnly', believable: true });
  expect(seenBy(verdict).at(-1)).toEqual(['default/app-3 10.244.2.10:51000', false, true]);
});

/** client → (node) → ingress Pod → app Pod; the app reads the header. The rows of forged headers in 4.3. */
const direct = (isLocal: boolean) =>
  evidenceOf(
    ...legsOf(isLocal ? sameNode(1, `${C}:4`, 30081, `${C}:4`) : crossNode(1, `${C}:4`)),
    ...legsOf(toApp(2)),
    ...linked(2, 1),
  );

test('direct NodePort, Cluster: the header names the node, which is nobody; not forged, but of no use', () => {
  const verdict = judge(direct(false), context, told(2, '192.168.50.13'));
  expect(verdict).toMatchObject({ scenario: 'rewrittenByCluster', believable: true });
  expect(seenBy(verdict).at(-1)?.slice(1)).toEqual([false, null]);
});

test('direct NodePort, Local: the header names the client', () => {
  const verdict = judge(direct(true), context, told(2, C));
  expect(verdict.scenario).toBe('preservedByLocal');
  expect(seenBy(verdict).at(-1)?.slice(1)).toEqual([false, true]);
});

test('everybody is trusted and the client forges: the app reads 6.6.6.6, and the socket says otherwise', () => {
  for (const isLocal of [true, false]) {
    const verdict = judge(direct(isLocal), context, told(2, '6.6.6.6'));
    expect(verdict).toMatchObject({ scenario: 'forged', believable: false });
    expect(verdict.text).toContain(`The connection came from ${C}.`);
  }
});

test('nodes are trusted and SNAT makes every outsider one of them: forged, and the remedy says why', () => {
  const ranges = { trustedRanges: ['192.168.50.0/24', '10.244.0.0/16'] };
  const verdict = judge(direct(false), context, {
    ...ranges,
    ...told(2, '6.6.6.6, 192.168.50.13'),
  });
  expect(verdict).toMatchObject({ scenario: 'forged', believable: false });
  expect(verdict.remedy).toContain('ranges that include the nodes trust everybody');
});

test('a client that sends X-Forwarded-For itself is not a proxy', () => {
  const legs = legsOf(sameNode(1, `${C}:4`, 30081, `${C}:4`));
  expect(judge(evidenceOf(...legs), context, told(1, '6.6.6.6'))).toMatchObject({
    scenario: 'forged',
    believable: false,
  });
  expect(judge(evidenceOf(...legs), unlisted, told(1, '6.6.6.6'))).toMatchObject({
    scenario: 'headerOnly',
    believable: null,
  });
  expect(judge(evidenceOf(...legs), context, told(1, C)).scenario).toBe('preservedByLocal');
});
